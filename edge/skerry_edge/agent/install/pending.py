"""Which files have changed without the commands that follow from that, kept where a restart of the machine ends it."""

from __future__ import annotations

from pathlib import Path

from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError


class Pending:
    """Remembers changed paths in ``file`` over runs that failed; without a file, for this run alone."""

    def __init__(self, file: Path | None) -> None:
        """Take up what an earlier run left undone. Raises ReachError where that cannot be read."""
        self._file = file
        self._paths = _read(file) if file is not None else set()

    def __contains__(self, path: str) -> bool:
        return path in self._paths

    def note(self, path: str) -> None:
        """Remember a path that is about to change. Raises ReachError where the mark cannot be kept."""
        if path in self._paths:
            return
        self._paths.add(path)
        if self._file is not None:
            write_atomic(self._file, "".join(f"{one}\n" for one in sorted(self._paths)).encode(), mode=0o600)

    def clear(self) -> None:
        """Forget all: the commands have run."""
        self._paths = set()
        if self._file is not None:
            self._file.unlink(missing_ok=True)


def _read(file: Path) -> set[str]:
    try:
        return set(file.read_text(encoding="utf-8", errors="replace").splitlines())
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise ReachError(
            "cannot read what an earlier run left undone", where=str(file), found=error.strerror, todo=f"remove {file}"
        ) from error
