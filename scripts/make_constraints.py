"""Resolve all extras for each supported Python and write constraints.txt: names, versions and markers only."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
HEADER = """\
# Versions that development and `make test` use, resolved for Python 3.10 to 3.13: names, versions and markers only.
# Made by `make constraints`.
"""


def main() -> None:
    """Resolve with every interpreter on the PATH; a missing one stops the run, since the file must cover all."""
    missing = [version for version in VERSIONS if not shutil.which(f"python{version}")]
    if missing:
        sys.exit(f"these interpreters are not on the PATH: {', '.join('python' + one for one in missing)}")
    pins: dict[str, dict[str, str]] = defaultdict(dict)
    for version in VERSIONS:
        for name, pin in resolve(version).items():
            pins[name][version] = pin
    lines = [line for name in sorted(pins) for line in requirement_lines(name, pins[name])]
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(lines) + "\n")


def resolve(version: str) -> dict[str, str]:
    """Return name -> version as a fresh pip of Python ``version`` resolves `skerry[dev]`."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([f"python{version}", "-m", "venv", folder], check=True)
        pip = f"{folder}/bin/pip"
        subprocess.run([pip, "install", "--quiet", "--upgrade", "pip"], check=True)
        report = Path(folder, "report.json")
        command = [pip, "install", "--dry-run", "--quiet", "--report", str(report), f"{ROOT}[dev]"]
        subprocess.run(command, check=True)
        installed = [entry["metadata"] for entry in json.loads(report.read_text())["install"]]
    return {one["name"].lower().replace("_", "-"): one["version"] for one in installed if one["name"] != "skerry"}


def requirement_lines(name: str, pins: dict[str, str]) -> list[str]:
    """Return one line for each distinct version, with a marker where not every Python gets the same."""
    groups: dict[str, list[str]] = {}
    for version, pin in pins.items():
        groups.setdefault(pin, []).append(version)
    if len(groups) == 1:
        return [f"{name}=={pin}" for pin in groups]
    return [f"{name}=={pin} ; {marker(versions)}" for pin, versions in groups.items()]


def marker(versions: list[str]) -> str:
    """Return the environment marker for a run of neighbouring Python versions."""
    low, high = versions[0], versions[-1]
    if low == high:
        return f"python_version == '{low}'"
    parts = [f"python_version >= '{low}'"] if low != VERSIONS[0] else []
    parts += [f"python_version <= '{high}'"] if high != VERSIONS[-1] else []
    return " and ".join(parts)


if __name__ == "__main__":
    main()
