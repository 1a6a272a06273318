"""The cells of the tables of updates: each is one way to be struck, and ends well or is lost."""

from __future__ import annotations

import importlib
import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

MODULES = "ota_*_cells.py"
"""Each has ``cells()``, which returns an iterable of Cell, all of the table ``TABLE``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One cell of a table: ``run`` gets an empty folder and returns how the device ended, or raises LostError."""

    table: str
    row: str
    column: str
    run: Callable[[Path], str]

    @property
    def name(self) -> str:
        """What the cell is called in reports, and chosen by."""
        return f"{self.table}: {self.row}, {self.column}"


class LostError(AssertionError):
    """The device ended where it must not: neither on the old version nor on the new one, or with the wrong reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What came of all cells: ``accepted`` were tried, ``lost`` are the names of those that ended badly, with why."""

    accepted: int
    lost: tuple[str, ...]
    endings: dict[tuple[str, str], Counter[str]]
    """How the cells of each row ended, by table and row."""

    def as_table(self) -> str:
        """Return the rows as Markdown tables."""
        lines: list[str] = []
        for number, ((table, row), endings) in enumerate(self.endings.items()):
            if number == 0 or not lines[-1].startswith(f"| {table} |"):
                lines += ["", "| table | row | cells | ended with |", "|---|---|---|---|"]
            told = ", ".join(f"{ending} ({count})" for ending, count in sorted(endings.items()))
            lines.append(f"| {table} | {row} | {endings.total()} | {told} |")
        return "\n".join([*lines, "", f"accepted {self.accepted}, lost {len(self.lost)}"]).strip()


MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of its own is made in it
"""A file system that needs no disk: nothing is made durable in it, which is what takes the time in a cell."""


@contextmanager
def working_folder() -> Iterator[Path]:
    """Give a folder for cells, in memory where that can be."""
    with TemporaryDirectory(prefix="skerry-chaos-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as folder:
        yield Path(folder)


def chosen_cells(words: Collection[str]) -> Iterator[Cell]:
    """Yield the cells whose name holds every word.

    Of some tables the columns are only found by going through an update, so none is asked that a word as "state:" rules
    out.
    """
    for path in sorted(Path(__file__).parent.glob(MODULES)):
        module = importlib.import_module(f"chaos.{path.stem}")
        if all(word in f"{module.TABLE}:" for word in words if word.endswith(":")):
            yield from (cell for cell in module.cells() if all(word in cell.name for word in words))


def try_cells(cells: Iterable[Cell], folder: Path, say: Callable[[str], object]) -> Report:
    """Run one cell after the other, each in a folder of its own."""
    lost: list[str] = []
    endings: dict[tuple[str, str], Counter[str]] = {}
    number = 0
    for number, cell in enumerate(cells, start=1):
        place = folder / str(number)
        place.mkdir()
        try:
            ending = cell.run(place)
        except LostError as error:
            lost.append(f"{cell.name}: {error}")
            ending = "LOST"
        endings.setdefault((cell.table, cell.row), Counter())[ending] += 1
        say(f"{cell.name}: {ending}")
    return Report(accepted=number, lost=tuple(lost), endings=endings)
