"""Patches from what devices have to what is published now, where they are much shorter than the full file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import IO

import msgspec
import zstandard
from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import TargetFile, Targets

from skerry_edge.contracts.release import (
    MAX_PATCH_SHARE,
    MAX_PATCHED_BYTES,
    Patch,
    Release,
    decode_release,
)
from skerry_edge.foundation.errors import DataError, ReachError
from skerry_server.releases.making import Made, Workshop
from skerry_server.releases.repository import Repository

Patching = Callable[[int, int], object]
"""Hears how many of how many files have been compared with earlier ones."""
PATCHED_RELEASES = 3
"""From how many earlier releases a patch is made; who is further behind takes the full file."""
_MIN_LOG, _MAX_HASH_LOG, _MAX_WINDOW_LOG = 10, 26, 31


def patches_for(
    repository: Repository, current: Targets, full: Sequence[Made], shop: Workshop, patching: Patching
) -> list[Made]:
    """Return the patches to new ``full`` files that are worth having. Raises ReachError and DataError."""
    found = []
    for number, new in enumerate(full):
        patching(number, len(full))
        if new.target.path in current.targets or new.target.length > MAX_PATCHED_BYTES:
            continue
        release = decode_release(new.target.path, new.target.custom)
        for old in _earlier(current, release):
            data = make_patch(_read(repository.target_file(old), old), _read(new.file, new.target))
            if len(data) < MAX_PATCH_SHARE * new.target.length:
                patched = msgspec.structs.replace(release, patch=_patch(old, new.target))
                found.append(shop.make(patched, partial(_write, data)))
    return found


def _write(data: bytes, file: IO[bytes]) -> None:
    file.write(data)


def make_patch(old: bytes, new: bytes) -> bytes:
    """Return a zstd frame that makes ``new`` with ``old`` as its raw-content dictionary.

    The tables are as large as the old file asks for, so that every place in it is found again: those of zstd's levels
    cover the last megabytes of it. They take up to six bytes for each of its bytes. See docs/decisions/0081.
    """
    positions = max((len(old) - 1).bit_length(), _MIN_LOG)
    parameters = zstandard.ZstdCompressionParameters(
        strategy=zstandard.STRATEGY_LAZY2,
        window_log=min(max((len(old) + len(new)).bit_length(), _MIN_LOG), _MAX_WINDOW_LOG),
        hash_log=min(positions, _MAX_HASH_LOG),
        chain_log=positions,
        search_log=3,
        min_match=6,
        target_length=64,
        write_content_size=True,
        write_checksum=True,
    )
    dictionary = zstandard.ZstdCompressionDict(old, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return zstandard.ZstdCompressor(dict_data=dictionary, compression_params=parameters).compress(new)


def apply_patch(old: bytes, patch: bytes, length: int) -> bytes:
    """Return the file of ``length`` bytes that ``patch`` makes from ``old``. Raises DataError where it makes none."""
    dictionary = zstandard.ZstdCompressionDict(old, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    decompressor = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=1 << _MAX_WINDOW_LOG)
    try:
        stated = zstandard.frame_content_size(patch)
        if stated != length:
            raise DataError("the patch makes a file of another length", found=f"{stated} bytes instead of {length}")
        return decompressor.decompress(patch, max_output_size=length)
    except zstandard.ZstdError as error:
        raise DataError("the patch cannot be applied", found=str(error)) from error


def _earlier(current: Targets, release: Release) -> list[TargetFile]:
    """Return the full files of the newest earlier releases that a device of this one may have."""
    found = []
    for path, target in current.targets.items():
        one = decode_release(path, target.custom)
        same = (one.subject, one.variant, one.python, one.abi) == (
            release.subject,
            release.variant,
            release.python,
            release.abi,
        )
        shares_board = not set(one.boards).isdisjoint(release.boards)
        is_earlier = one.patch is None and one.counter < release.counter
        if same and shares_board and is_earlier and target.length <= MAX_PATCHED_BYTES:
            found.append((one.counter, path, target))
    return [target for _, _, target in sorted(found, key=lambda one: one[:2], reverse=True)[:PATCHED_RELEASES]]


def _read(path: Path, target: TargetFile) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReachError("cannot read a release", where=str(path), found=error.strerror) from error
    try:
        target.verify_length_and_hashes(data)
    except LengthOrHashMismatchError as error:
        raise DataError("a release is damaged", where=str(path), found=str(error)) from error
    return data


def _patch(old: TargetFile, new: TargetFile) -> Patch:
    return Patch(
        from_sha256=old.hashes["sha256"],
        from_length=old.length,
        to_sha256=new.hashes["sha256"],
        to_length=new.length,
    )
