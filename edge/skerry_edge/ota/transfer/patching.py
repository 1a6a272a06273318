"""A zstd patch applied to the file that a device holds: never more bytes than signed, and only with memory to spare."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.release import MAX_PATCHED_BYTES
from skerry_edge.foundation.atomic import publish
from skerry_edge.foundation.small_file import read_small
from skerry_edge.ota.choice import Target

_MEMINFO = Path("/proc/meminfo")
_SHARE_OF_MEMORY = 0.5
"""How much of the memory that is available a patch may take."""
_WINDOW_BYTES = 1 << 31


def apply_patch(old: Path, patch: Path, target: Target, into: Path) -> None:
    """Make the file ``into``, which is ``target`` whole, from the files ``old`` and ``patch``.

    A frame that states another length than the signed one is not unpacked, and none is unpacked beyond it (RFC 8878,
    3.1.1.1.4). Raises ReleaseError ``patch``, OSError.
    """
    before = _read(old, target)
    data = _read(patch, target)
    if (needed := 2 * len(before) + len(data) + target.length) > _SHARE_OF_MEMORY * _available_bytes():
        raise _unusable(target, f"{needed} bytes of memory would be needed")
    made = _unpacked(before, data, target)
    if (found := hashlib.sha256(made).hexdigest()) != target.sha256:
        raise _unusable(target, f"it makes sha256 {found} instead of {target.sha256}")
    aside = into.with_name(f"{into.name}.made")
    try:
        aside.write_bytes(made)
        publish(aside, into)
    finally:
        aside.unlink(missing_ok=True)


def _unpacked(before: bytes, data: bytes, target: Target) -> bytes:
    import zstandard  # noqa: PLC0415  # only a device that holds an earlier release needs it

    try:
        stated = zstandard.frame_content_size(data)
        if stated != target.length:
            raise _unusable(target, f"it states {stated} bytes instead of {target.length}")
        dictionary = zstandard.ZstdCompressionDict(before, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        decompressor = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=_WINDOW_BYTES)
        made: bytes = decompressor.decompress(data, max_output_size=target.length, allow_extra_data=False)
    except (zstandard.ZstdError, MemoryError) as error:
        raise _unusable(target, str(error)) from error
    return made


def _read(path: Path, target: Target) -> bytes:
    if not path.is_file() or path.stat().st_size > MAX_PATCHED_BYTES or target.length > MAX_PATCHED_BYTES:
        raise _unusable(target, f"{path} is missing, or one of the files is larger than {MAX_PATCHED_BYTES} bytes")
    return read_small(path, MAX_PATCHED_BYTES)


def _available_bytes() -> int:
    """Return how much memory the kernel can give without swapping (proc(5), MemAvailable)."""
    for line in _MEMINFO.read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _unusable(target: Target, found: str) -> ReleaseError:
    return ReleaseError("patch", "the patch does not make the file", where=target.path, found=found)
