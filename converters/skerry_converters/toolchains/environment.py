"""A Python environment of its own for a pinned tool: made on first use, kept in the user's cache, never half made."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from skerry_edge.foundation.cache import cache_folder, take_lock
from skerry_edge.foundation.errors import MissingError

Progress = Callable[[str], None]
"""Called with what begins now."""
MAKING_TIMEOUT_S = 1800.0
ASKING_TIMEOUT_S = 20.0
_COMPLETE = "complete"


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolchain:
    """A tool's ``requirements`` (`name==version`, with all that they need) and the Pythons that its wheels are for."""

    name: str
    requirements: tuple[str, ...]
    oldest_python: tuple[int, int]
    newest_python: tuple[int, int]
    size: str

    @property
    def folder(self) -> Path:
        """Where the environment lies once it is made: other requirements give another folder."""
        digest = hashlib.sha256("\n".join(self.requirements).encode()).hexdigest()[:12]
        return cache_folder() / "toolchains" / f"{self.name}-{digest}"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / "bin" / "python"

    def missing_reason(self) -> str | None:
        """Tell why the tool can neither be used nor made here, or None. Whether a registry answers is not tried."""
        if self._is_complete() or find_python(self.oldest_python, self.newest_python):
            return None
        oldest, newest = (".".join(map(str, one)) for one in (self.oldest_python, self.newest_python))
        return f"{self.name} needs Python {oldest} to {newest}, and there is none on the PATH, of pyenv or of uv"

    def ensure(self, progress: Progress = lambda _what: None) -> Path:
        """Return the environment's interpreter, making it where it is not there yet.

        Raises MissingError where it cannot be made, with pip's own words.
        """
        if self._is_complete():
            return self.python
        base = find_python(self.oldest_python, self.newest_python)
        if base is None:
            raise MissingError(
                f"{self.name} cannot be set up",
                found=self.missing_reason(),
                todo="install such a Python beside this one (Debian: python3.12-venv), or convert from another source",
            )
        with _lock(self.folder):
            if not self._is_complete():
                progress(f"setting up {self.name} in {self.folder} (once, about {self.size})")
                self._make(base)
        return self.python

    def _is_complete(self) -> bool:
        # The interpreter is a link, which leads nowhere once the Python that made it is gone.
        return (self.folder / _COMPLETE).is_file() and self.python.exists()

    def _make(self, base: Path) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            _run([str(base), "-I", "-m", "venv", str(self.folder)], self.name)
            pip = [str(self.python), "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
            # Every package is pinned, so pip must not choose any by itself.
            _run([*pip, "--quiet", "--no-deps", *self.requirements], self.name)
            (self.folder / _COMPLETE).write_text("\n".join(self.requirements), encoding="utf-8")
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise


@functools.lru_cache(maxsize=8)
def find_python(oldest: tuple[int, int], newest: tuple[int, int]) -> Path | None:
    """Return this interpreter, or the first of `other_pythons` whose version lies in the range: names prove nothing."""
    if oldest <= sys.version_info[:2] <= newest:
        return Path(sys.executable)
    return next((path for path in other_pythons(oldest, newest) if oldest <= _version(path) <= newest), None)


def other_pythons(oldest: tuple[int, int], newest: tuple[int, int]) -> Iterator[Path]:
    """Yield interpreters whose names fit, the newest first: from the PATH, then those that pyenv and uv installed.

    pyenv puts a program of every version's name on the PATH, which answers only for versions that are switched on.
    """
    names = [f"python{newest[0]}.{minor}" for minor in range(newest[1], oldest[1] - 1, -1)]
    for name in (*names, "python3"):
        found = shutil.which(name)
        if found:
            yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv" / "python")
    for name in names:
        yield from (path for root in (pyenv, uv) for path in sorted(root.glob(f"*/bin/{name}")))


def _version(python: Path) -> tuple[int, int]:
    """Ask an interpreter for its version; (0, 0) where it does not answer, as a shim without a version does not."""
    try:
        answer = subprocess.run(
            [str(python), "-I", "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=ASKING_TIMEOUT_S,
            check=True,
        ).stdout
        major, minor = answer.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.SubprocessError):
        return (0, 0)


def _run(line: Sequence[str], name: str) -> None:
    try:
        done = subprocess.run(
            line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=MAKING_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(f"{name} cannot be set up", found=f"{error}"[:300]) from error
    if done.returncode != 0:
        words = [one.strip() for one in (done.stderr or done.stdout).splitlines() if one.strip()]
        errors = [one for one in words if one.upper().startswith("ERROR")] or words
        raise MissingError(
            f"{name} cannot be set up",
            found="; ".join(errors[-2:])[:400] or f"exit code {done.returncode}",
            todo="check the network and pip's settings, and try again",
        )


def _lock(folder: Path) -> TextIO:
    """Let one process at a time make an environment; the others wait and find it made."""
    try:
        return take_lock(folder.with_name(f"{folder.name}.lock"))
    except OSError as error:
        raise MissingError(
            "there is no place for a tool's environment",
            where=str(folder.parent),
            found=error.strerror,
            todo="set XDG_CACHE_HOME",
        ) from error
