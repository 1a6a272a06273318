"""The embedded telemetry in a backup: copied by SQLite itself, page by page, while the server writes."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from skerry_server.errors import StoreError

PAGES = 4096
"""Pages that are copied in one go; in between, whoever writes has their turn."""
BLOCK = 1 << 20
BUSY_TIMEOUT_S = 30.0


@contextmanager
def copied(path: Path, *, beside: Path) -> Iterator[Path]:
    """Give a copy of the file ``path`` as it was at one moment, in the folder ``beside``. Raises StoreError."""
    with tempfile.TemporaryDirectory(dir=beside, prefix=".telemetry-") as folder:
        copy = Path(folder) / "telemetry.sqlite"
        _copy(path, copy, pages=PAGES)
        yield copy


def put_in_place(blocks: Iterable[bytes], path: Path) -> None:
    """Make ``blocks`` the content of the telemetry file ``path``, all or nothing. Raises StoreError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".telemetry-") as folder:
        copy = Path(folder) / "telemetry.sqlite"
        with copy.open("wb") as file:
            for block in blocks:
                file.write(block)
        # Through SQLite rather than by renaming: a log of the former file would be applied to the new one.
        _copy(copy, path, pages=-1)


def file_blocks(path: Path) -> Iterator[bytes]:
    """Yield the content of a file. Raises OSError."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def is_filled(path: Path) -> bool:
    """Tell whether there is a telemetry file with tables in it. Raises StoreError."""
    if not path.exists():
        return False
    with _reported(path), closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)) as connection:
        return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _copy(source: Path, destination: Path, *, pages: int) -> None:
    with (
        _reported(source),
        closing(sqlite3.connect(source, timeout=BUSY_TIMEOUT_S)) as reader,
        closing(sqlite3.connect(destination, timeout=BUSY_TIMEOUT_S)) as writer,
    ):
        reader.backup(writer, pages=pages)


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError("the time-series file cannot be copied", where=str(path), found=str(error)) from error
