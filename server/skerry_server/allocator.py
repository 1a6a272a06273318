"""The C library's allocator, told to give memory back: batches come and go, and what they leave is not to pile up."""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_ARENA_MAX = -1, -8
"""Numbers of glibc's malloc.h, see mallopt(3)."""
TRIM_BYTES = 128 * 1024
"""glibc's own default, which it otherwise raises with each large block that is freed, up to 64 MiB."""


def share_one_arena() -> bool:
    """Let all threads allocate from one arena, and free memory leave the process; False where this is not glibc.

    Each thread keeps an arena of its own otherwise. A payload that one thread takes and another drops then leaves holes
    in all of them. To be called before there are threads.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all(mallopt(option, value) == 1 for option, value in ((M_ARENA_MAX, 1), (M_TRIM_THRESHOLD, TRIM_BYTES)))
