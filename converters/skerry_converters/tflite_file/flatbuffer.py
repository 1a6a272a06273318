"""A bounds-checked reader of FlatBuffers: every offset of the file is checked before it is followed.

The generated Python readers trust their file: a damaged one makes them read elsewhere, run for hours or fail with
whatever comes. Format: FlatBuffers' "Internals", https://flatbuffers.dev/internals/.
"""

from __future__ import annotations

import struct
from typing import NoReturn

from skerry_converters.tflite_file.errors import TfliteFileError

_BUDGET_FACTOR = 8
"""How many times over a file may be read. A sound file is read once; one whose tables all point at the same huge
vector would keep the reader busy for hours."""
_BUDGET_FLOOR = 1 << 16
_MAX_TABLES = 1 << 20
"""How many tables a file may have: the largest networks have some ten thousand tensors and operators."""
_UINT16 = struct.Struct("<H")
_UINT32 = struct.Struct("<I")
_INT32 = struct.Struct("<i")


class FlatBuffer:
    """The bytes of a file, and how much of them may still be read."""

    def __init__(self, data: bytes | bytearray, where: str) -> None:
        self.view = memoryview(data)
        self._where = where
        self._budget = _BUDGET_FLOOR + _BUDGET_FACTOR * len(data)
        self._tables = 0

    def root(self, identifier: bytes) -> Table:
        """Return the root table. Raises TfliteFileError where the file does not bear ``identifier``, 4 bytes."""
        if len(self.view) < 8 or bytes(self.view[4:8]) != identifier:
            begins = f"{bytes(self.view[4:8])!r} where {identifier!r} is expected"
            raise TfliteFileError(
                "this is no TFLite model",
                where=self._where,
                found=f"{len(self.view)} bytes" if len(self.view) < 8 else begins,
                todo="give a .tflite file; `skerry convert --to tflite-int8` makes one of other networks",
            )
        return Table(self, self.number(_UINT32, 0))

    def number(self, layout: struct.Struct, position: int) -> int:
        """Return the integer at ``position``. Raises TfliteFileError outside the file."""
        return int(self.value(layout, position))

    def value(self, layout: struct.Struct, position: int) -> int | float:
        """Return the scalar at ``position``. Raises TfliteFileError outside the file."""
        self.check(position, layout.size)
        value: int | float = layout.unpack_from(self.view, position)[0]
        return value

    def follow(self, position: int) -> int:
        """Return the place that the unsigned offset at ``position`` points at."""
        return position + self.number(_UINT32, position)

    def vector(self, position: int, item_size: int) -> tuple[int, int]:
        """Return start and length, in items, of the vector at ``position``, which lies whole inside the file."""
        length = self.number(_UINT32, position)
        self.check(position + 4, length * item_size)
        return position + 4, length

    def check(self, position: int, size: int) -> None:
        """Raise TfliteFileError where ``size`` bytes at ``position`` are not inside the file."""
        if position < 0 or size < 0 or position + size > len(self.view):
            self.damaged(f"{size} bytes at offset {position} of {len(self.view)}")

    def spend(self, size: int) -> None:
        """Count ``size`` bytes as read. Raises TfliteFileError where the file is read far too often."""
        self._budget -= size
        if self._budget < 0:
            self.damaged("parts that refer to each other over and over")

    def count_table(self) -> None:
        """Count a table as opened. Raises TfliteFileError where there are far too many."""
        self._tables += 1
        if self._tables > _MAX_TABLES:
            self.damaged(f"over {_MAX_TABLES} tables")

    def damaged(self, found: str) -> NoReturn:
        """Raise TfliteFileError, saying what was found."""
        raise TfliteFileError("the TFLite model is damaged", where=self._where, found=found)


class Table:
    """One table of the file; its fields are addressed by their number in the schema."""

    __slots__ = ("_buffer", "_position", "_vtable", "_vtable_size")

    def __init__(self, buffer: FlatBuffer, position: int) -> None:
        """Open the table at ``position``. Raises TfliteFileError where there cannot be one."""
        buffer.count_table()
        self._buffer = buffer
        self._position = position
        self._vtable = position - buffer.number(_INT32, position)
        self._vtable_size = buffer.number(_UINT16, self._vtable)
        if self._vtable_size < 4 or self._vtable_size % 2:
            buffer.damaged(f"a table of fields of {self._vtable_size} bytes at offset {self._vtable}")
        buffer.check(self._vtable, self._vtable_size)
        buffer.spend(self._vtable_size)

    def scalar(self, field: int, layout: struct.Struct, default: float) -> int | float:
        """Return a number, or ``default`` where the file leaves it out."""
        place = self._place(field)
        return default if place is None else self._buffer.value(layout, place)

    def integer(self, field: int, layout: struct.Struct, default: int = 0) -> int:
        """Return an integer, or ``default`` where the file leaves it out."""
        return int(self.scalar(field, layout, default))

    def text(self, field: int) -> str:
        """Return a string, empty where the file leaves it out.

        What is not UTF-8 or not printable is escaped, so that a name can go to a terminal as it is.
        """
        place = self._place(field)
        if place is None:
            return ""
        start, length = self._buffer.vector(self._buffer.follow(place), 1)
        self._buffer.spend(length)
        text = bytes(self._buffer.view[start : start + length]).decode("utf-8", "backslashreplace")
        return text if text.isprintable() else "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)

    def table(self, field: int) -> Table | None:
        """Return a table, or None where the file leaves it out."""
        place = self._place(field)
        return None if place is None else Table(self._buffer, self._buffer.follow(place))

    def tables(self, field: int) -> list[Table]:
        """Return a vector of tables, empty where the file leaves it out."""
        place = self._place(field)
        if place is None:
            return []
        start, length = self._buffer.vector(self._buffer.follow(place), 4)
        self._buffer.spend(4 * length)
        return [Table(self._buffer, self._buffer.follow(start + 4 * index)) for index in range(length)]

    def numbers(self, field: int, layout: struct.Struct) -> tuple[int | float, ...] | None:
        """Return a vector of scalars, or None where the file leaves it out."""
        place = self._place(field)
        if place is None:
            return None
        start, length = self._buffer.vector(self._buffer.follow(place), layout.size)
        self._buffer.spend(layout.size * length)
        return tuple(one for (one,) in layout.iter_unpack(self._buffer.view[start : start + layout.size * length]))

    def integers(self, field: int) -> tuple[int, ...]:
        """Return a vector of 32-bit integers, empty where the file leaves it out."""
        return tuple(int(one) for one in self.numbers(field, _INT32) or ())

    def span(self, field: int) -> tuple[int, int]:
        """Return start and length of a vector of bytes, which are not copied; length 0 where it is left out."""
        place = self._place(field)
        return (0, 0) if place is None else self._buffer.vector(self._buffer.follow(place), 1)

    def _place(self, field: int) -> int | None:
        """Return where a field's value stands; None where the file leaves it out."""
        entry = 4 + 2 * field
        if entry >= self._vtable_size:
            return None
        offset = self._buffer.number(_UINT16, self._vtable + entry)
        return self._position + offset if offset else None
