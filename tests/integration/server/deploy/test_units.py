"""The systemd units that are shipped: what they start exists, and systemd understands them."""

import re
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[4] / "server" / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_what_a_unit_starts_is_a_command_with_these_options(unit, skerry):
    words = re.search(r"^ExecStart=/opt/skerry/bin/skerry (.+)$", unit.read_text(), re.MULTILINE)[1].split()
    done = skerry(*words[:2], "--help")
    assert done.code == 0
    assert all(word in done.out for word in words if word.startswith("--"))


def test_systemd_finds_nothing_wrong_but_the_missing_program(need_program):
    analyze = need_program("systemd-analyze")
    done = subprocess.run([analyze, "verify", "--man=no", *UNITS], capture_output=True, text=True, timeout=60)
    faults = [line for line in done.stderr.splitlines() if str(FOLDER) in line or "skerry" in line]
    assert [line for line in faults if "/opt/skerry/bin/skerry is not executable" not in line] == []
