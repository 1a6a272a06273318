"""What a backup says of itself: when and of what it was made, and the hash of everything in it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

FORMAT = 1
NAME = "manifest.json"
Kind = Literal["bool", "bytes", "float", "int", "json", "text"]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
MemberName = Annotated[str, Meta(pattern=r"^[a-z_./]{1,128}\Z")]


class Member(Struct, frozen=True, kw_only=True):
    """A file in the archive, with its size and hash before it was compressed."""

    name: MemberName
    size_bytes: Annotated[int, Meta(ge=0)]
    sha256: Sha256


class SavedTable(Struct, frozen=True, kw_only=True):
    """A table: its columns in the order of each row's values, and the file with a JSON array a line for each row."""

    name: Annotated[str, Meta(pattern=r"^[a-z_]{1,63}\Z")]
    columns: dict[Annotated[str, Meta(pattern=r"^[a-z_]{1,63}\Z")], Kind]
    rows: Annotated[int, Meta(ge=0)]
    member: Member


class Manifest(Struct, frozen=True, kw_only=True):
    """The whole backup; tables come before those that refer to them. ``telemetry`` is an SQLite file as it is."""

    format: Annotated[int, Meta(ge=1, le=FORMAT)]
    program: str
    revision: str
    database: Literal["sqlite", "postgresql"]
    created_ms: int
    tables: list[SavedTable]
    telemetry: Member | None = None
