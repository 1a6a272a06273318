"""Which Debian packages of a board's profile are missing, and where one comes from that Debian does not have."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

_INSTEAD = {"rpicam-apps-lite": ("rpicam-apps", "libcamera-apps-lite", "libcamera-apps")}
"""What brings the same programs; the desktop's rpicam-apps and the one without windows exclude each other."""
_FOREIGN = {"libedgetpu1-std": "Coral's package source (https://coral.ai/docs/accelerator/get-started/)"}


def installed_packages(names: Sequence[str], root: Path = Path("/")) -> set[str] | None:
    """Return which of these, or of what may stand for them, are installed; None where Debian's dpkg cannot tell."""
    if not names or shutil.which("dpkg-query") is None:
        return None
    asked = [*names, *(one for name in names for one in _INSTEAD.get(name, ()))]
    form = "--showformat=${binary:Package} ${db:Status-Status}\n"
    done = subprocess.run(
        ["dpkg-query", f"--admindir={root / 'var/lib/dpkg'}", "--show", form, *asked],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    return {line.split(":")[0].split(" ")[0] for line in done.stdout.splitlines() if line.endswith(" installed")}


def missing_packages(wanted: Sequence[str], here: Collection[str]) -> list[str]:
    """Return the wanted packages that are neither here nor stood for by another."""
    return [one for one in wanted if not {one, *_INSTEAD.get(one, ())} & set(here)]


def how_to_install(missing: Sequence[str]) -> str:
    """Return the command, and before it where a package source is to be added first."""
    sources = [f"{one} is in {_FOREIGN[one]}, to be added first" for one in missing if one in _FOREIGN]
    return "; ".join([*sources, f"sudo apt install {' '.join(missing)}"])
