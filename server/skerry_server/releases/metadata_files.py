"""Metadata in files: what they are called, how they are written, and reading them within bounds."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError
from tuf.api.serialization.json import JSONSerializer

from skerry_edge.foundation.errors import DataError, ReachError
from skerry_edge.foundation.small_file import read_small

Payload = TypeVar("Payload", Root, Targets, Snapshot, Timestamp)
"""The metadata of any role."""
MAX_METADATA_BYTES = 16 << 20


def file_name(role: str, version: int | None) -> str:
    """Return the name of a role's metadata file; only a timestamp's has no version."""
    return f"{role}.json" if role == "timestamp" else f"{version}.{role}.json"


def encode_metadata(metadata: Metadata[Payload]) -> bytes:
    """Return metadata as it is served: JSON for machines and, indented, for whoever looks into it."""
    return metadata.to_bytes(JSONSerializer(compact=False))


def read_metadata(path: Path, kind: type[Payload]) -> Metadata[Payload]:
    """Return the metadata in a file, not verified. Raises ReachError, and DataError where it is no such metadata."""
    try:
        metadata: Metadata[Payload] = Metadata.from_bytes(read_bounded(path))
    except DeserializationError as error:
        raise DataError("this is no TUF metadata", where=str(path), found=str(error.__cause__ or error)) from error
    if not isinstance(metadata.signed, kind):
        raise DataError("this is the metadata of another role", where=str(path), found=metadata.signed.type)
    return metadata


def read_bounded(path: Path) -> bytes:
    """Return a metadata file's bytes. Raises ReachError."""
    try:
        return read_small(path, MAX_METADATA_BYTES)
    except OSError as error:
        raise ReachError("cannot read the repository's metadata", where=str(path), found=error.strerror) from error
