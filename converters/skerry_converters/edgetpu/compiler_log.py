"""What the Edge TPU compiler prints, read into figures.

Format: as `edgetpu_compiler -s` prints it and as it stands in the operation log that it writes; examples of versions
14 to 16 in google-coral/edgetpu issues 60, 427, 572 and 671 and WongKinYiu/yolov7 pull request 1672.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from skerry_edge.foundation.errors import DataError

MAPPED_STATUS = "Mapped to Edge TPU"
_VERSION = re.compile(r"^Edge TPU Compiler version (\S+)$", re.MULTILINE)
_HEADER = re.compile(r"^Operator +Count +Status *$", re.MULTILINE)
_ROW = re.compile(r"^(?P<name>[A-Za-z][\w-]*) +(?P<count>\d{1,9}) +(?P<status>\S.*?) *$")
_SIZE = re.compile(
    r"^(?P<what>O(?:n|ff)-chip memory [a-z ]+): (?P<number>\d{1,9}(?:\.\d{1,9})?)(?P<unit>B|KiB|MiB|GiB)$"
)
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


class CompilerLogError(DataError):
    """Output of the compiler that this version cannot read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogRow:
    """``count`` operators of one kind that share a status."""

    name: str
    count: int
    status: str

    @property
    def mapped(self) -> bool:
        """Whether they run on the Edge TPU."""
        return self.status == MAPPED_STATUS


@dataclass(frozen=True, kw_only=True, slots=True)
class CompilerLog:
    """One compilation; sizes in bytes, None where the log does not state them."""

    version: str
    rows: tuple[LogRow, ...]
    subgraphs: int | None = None
    on_chip_bytes: int | None = None
    on_chip_free_bytes: int | None = None
    streamed_bytes: int | None = None

    def mapped_count(self, name: str) -> int:
        """Return how many operators of a kind are mapped."""
        return sum(row.count for row in self.rows if row.name == name and row.mapped)

    def statuses(self, name: str) -> tuple[str, ...]:
        """Return why operators of a kind are not mapped, in the compiler's words."""
        return tuple(row.status for row in self.rows if row.name == name and not row.mapped)


def parse_log(text: str, *, where: str) -> CompilerLog:
    """Read the compiler's output. Raises CompilerLogError where it is not such output, or does not add up."""
    version = _VERSION.search(text)
    header = _HEADER.search(text)
    if version is None or header is None:
        missing = "the compiler's version" if version is None else "the table of operators"
        raise CompilerLogError(f"the compiler's output lacks {missing}", where=where, found=_beginning(text))
    rows = _rows(text[header.end() :])
    total = _count(text, "Total number of operations")
    counted = sum(row.count for row in rows)
    if not rows or (total is not None and total != counted):
        found = f"{counted} operators in the table, {total} in all"
        raise CompilerLogError("the compiler's table of operators does not add up", where=where, found=found)
    sizes = _sizes(text)
    return CompilerLog(
        version=version[1],
        rows=tuple(rows),
        subgraphs=_count(text, "Number of Edge TPU subgraphs"),
        on_chip_bytes=sizes.get("On-chip memory used for caching model parameters"),
        on_chip_free_bytes=sizes.get("On-chip memory remaining for caching model parameters"),
        streamed_bytes=sizes.get("Off-chip memory used for streaming uncached model parameters"),
    )


def _rows(text: str) -> list[LogRow]:
    """Return the rows after the header, up to the first line of something else."""
    rows: list[LogRow] = []
    for line in text.splitlines():
        match = _ROW.match(line)
        if match:
            rows.append(LogRow(name=match["name"], count=int(match["count"]), status=match["status"]))
        elif line.strip():
            break
    return rows


def _count(text: str, what: str) -> int | None:
    match = re.search(rf"^{what}: (\d{{1,9}})$", text, re.MULTILINE)
    return int(match[1]) if match else None


def _sizes(text: str) -> dict[str, int]:
    found = (_SIZE.match(line) for line in text.splitlines())
    return {one["what"]: round(float(one["number"]) * _UNITS[one["unit"]]) for one in found if one}


def _beginning(text: str) -> str:
    stripped = text.strip()
    return f"{stripped[:200]!r}" if stripped else "nothing"
