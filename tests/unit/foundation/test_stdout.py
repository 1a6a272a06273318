"""Standard output that takes nothing ends no process that can do without it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import sys
from skerry_edge.foundation.stdout import announce

announce("one")
announce("two")
sys.stderr.write("runs on")
"""


def run(stdout: int) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", SCRIPT], stdout=stdout, stderr=subprocess.PIPE, timeout=60)


def test_lines_are_printed_at_once() -> None:
    assert run(subprocess.PIPE).stdout == b"one\ntwo\n"


@pytest.mark.parametrize("kind", ["full disk", "reader gone"])
def test_a_process_runs_on_where_nobody_takes_its_lines(kind: str) -> None:
    if kind == "full disk":
        out = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, out = os.pipe()
        os.close(reader)
    try:
        done = run(out)
    finally:
        os.close(out)
    assert (done.returncode, done.stderr) == (0, b"runs on")
