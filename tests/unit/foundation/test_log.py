"""Process-wide logging: on stderr, at the level asked for, with secrets masked."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import logging, sys
from skerry_edge.foundation.log import configure_logging

configure_logging("debug")
configure_logging(sys.argv[1])
logging.getLogger("skerry.x").info("reaching rtsp://admin:hunter2@cam/1")
logging.getLogger("skerry.x").warning("password=%s", "hunter2")
"""


def run(level: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", SCRIPT, level], capture_output=True, text=True, timeout=60, check=True)


def test_records_go_to_stderr_once_with_their_secrets_masked() -> None:
    done = run("info")
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first.endswith("INFO    skerry.x: reaching rtsp://***@cam/1")
    assert second.endswith("WARNING skerry.x: password=***")


def test_records_below_the_level_are_not_written() -> None:
    assert len(run("warning").stderr.splitlines()) == 1


def test_requests_of_http_libraries_are_written_for_debugging_alone() -> None:
    script = """
import logging, sys
from skerry_edge.foundation.log import configure_logging

configure_logging(sys.argv[1])
logging.getLogger("httpx").info("HTTP Request: GET http://store/query?q=SELECT")
logging.getLogger("httpcore.connection").warning("what is wrong is said")
"""
    lines = {
        level: subprocess.run(
            [sys.executable, "-c", script, level], capture_output=True, text=True, timeout=60, check=True
        ).stderr.splitlines()
        for level in ("info", "debug")
    }
    assert [len(lines["info"]), len(lines["debug"])] == [1, 2]
    assert lines["info"][0].endswith("what is wrong is said")
