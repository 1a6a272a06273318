"""The C library's allocator, told to give memory back: batches come and go, and what they leave is not to pile up."""

from __future__ import annotations

import asyncio
import ctypes

M_TRIM_THRESHOLD, M_ARENA_MAX = -1, -8
"""Numbers of glibc's malloc.h, see mallopt(3)."""
GIVE_BACK_S = 5.0
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


async def give_back_often() -> None:
    """Give memory back again and again, until cancelled."""
    while True:
        await asyncio.sleep(GIVE_BACK_S)
        await asyncio.to_thread(give_back)


def give_back() -> bool:
    """Give back what is free between blocks in use as well; False where this is not glibc, or nothing was.

    By itself glibc gives back only what is free at the end. This takes a millisecond or two (malloc_trim(3)).
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return trim is not None and trim(0) == 1
