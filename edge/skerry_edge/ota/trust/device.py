"""What decides whether a release is for this device: its board, its agent's version, and what wheels it can take."""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import dataclass

from skerry_edge.contracts.release import Release

_MANYLINUX = re.compile(r"manylinux_(?P<major>[0-9]{1,3})_(?P<minor>[0-9]{1,3})_(?P<machine>[a-z0-9_]+)")
_OLDER_MANYLINUX = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
_VERSION = re.compile(r"(?P<numbers>[0-9]+(?:\.[0-9]+)*)(?P<rest>.*)")
_BEFORE_A_RELEASE = re.compile(r"[.-]?(?P<stage>dev|alpha|beta|a|b|rc)\.?(?P<number>[0-9]*)")
_STAGES = {"dev": 0, "a": 1, "alpha": 1, "b": 2, "beta": 2, "rc": 3}
_FINAL = 4

Glibc = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """The device's Python as wheels name it: ``python`` such as `cp311`, ``machine`` such as `aarch64`, and glibc."""

    python: str
    machine: str
    glibc: Glibc

    @classmethod
    def here(cls) -> Interpreter:
        """Return the one that runs this; (0, 0) for a C library that is not glibc."""
        library, version = platform.libc_ver()
        numbers = [int(one) for one in version.split(".")[:2] if one.isdigit()] if library == "glibc" else []
        return cls(
            python=f"cp{sys.version_info.major}{sys.version_info.minor}",
            machine=platform.machine(),
            glibc=(numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0),
        )

    def takes(self, release: Release) -> bool:
        """Tell whether an agent's wheels run here (PEP 425, PEP 600)."""
        return (
            release.python in ("py3", self.python)
            and release.abi in ("none", "abi3", self.python)
            and (needed := self.glibc_for(release.platform)) is not None
            and needed <= self.glibc
        )

    def glibc_for(self, tag: str | None) -> Glibc | None:
        """Return the oldest glibc that a platform tag runs with; None where it is of another machine."""
        if tag in (None, "any", f"linux_{self.machine}"):
            return (0, 0)
        for name, glibc in _OLDER_MANYLINUX.items():
            if tag == f"{name}_{self.machine}":
                return glibc
        match = _MANYLINUX.fullmatch(tag or "")
        if match is None or match["machine"] != self.machine:
            return None
        return int(match["major"]), int(match["minor"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """The device that updates: its board's id, the version of its agent, and its Python."""

    board: str
    agent_version: str
    interpreter: Interpreter


def version_order(version: str) -> tuple[tuple[int, ...], int, int]:
    """Return what versions sort by: numbers first, then `dev` before `a`, `b`, `rc` and the release itself.

    It covers what both SemVer and PEP 440 write before a release; what follows one (`+local`) is not looked at.
    """
    match = _VERSION.match(version)
    if match is None:
        return (), 0, 0
    numbers = [int(one) for one in match["numbers"].split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    before = _BEFORE_A_RELEASE.match(match["rest"])
    if before is None:
        return tuple(numbers), _FINAL, 0
    return tuple(numbers), _STAGES[before["stage"]], int(before["number"] or 0)
