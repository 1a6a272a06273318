"""Which versions of system, firmware and runtimes are here; they change with an update only."""

from __future__ import annotations

import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from skerry_edge.machine.files import read_text

RUNTIMES = ("ai-edge-litert", "onnxruntime", "onnxruntime-gpu", "openvino", "tensorrt", "tflite-runtime")
_OS_RELEASE = ("etc/os-release", "usr/lib/os-release")
_PRETTY = re.compile(r"^PRETTY_NAME=(?P<quote>[\"']?)(?P<name>.*)(?P=quote)\s*$", re.MULTILINE)
_JETSON = re.compile(r"R(\d+) \(release\), REVISION: ([\d.]+)")


def versions(root: Path) -> dict[str, str]:
    """Return the versions by what they are of: kernel, os, python, firmware, and each runtime that is installed."""
    found = {
        "kernel": read_text(root / "proc/sys/kernel/osrelease"),
        "os": _system(root),
        "python": platform.python_version(),
        "firmware": _firmware(root),
        **{name: _installed(name) for name in RUNTIMES},
    }
    return {name: text for name, text in found.items() if text}


def _system(root: Path) -> str | None:
    for name in _OS_RELEASE:
        match = _PRETTY.search(read_text(root / name) or "")
        if match and match["name"]:
            return match["name"]
    return None


def _firmware(root: Path) -> str | None:
    """Return a Jetson's L4T release, Raspberry Pi's bootloader or a PC's BIOS."""
    jetson = _JETSON.search(read_text(root / "etc/nv_tegra_release") or "")
    if jetson:
        return f"L4T {jetson[1]}.{jetson[2]}"
    base = root / "sys/firmware/devicetree/base"
    return read_text(base / "chosen/bootloader/version") or read_text(root / "sys/class/dmi/id/bios_version")


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
