"""The allocator's settings, in a process of their own: they hold for all of it."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

COUNT_ARENAS = """
import ctypes, threading
from skerry_server.allocator import share_one_arena
assert share_one_arena()
waiting = threading.Barrier(9)
def allocate():
    block = ctypes.create_string_buffer(100_000)
    waiting.wait(60)
threads = [threading.Thread(target=allocate) for _ in range(8)]
for one in threads: one.start()
waiting.wait(60)
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas to bound")
def test_all_threads_share_one_arena():
    done = subprocess.run([sys.executable, "-c", COUNT_ARENAS], capture_output=True, text=True, check=True)
    assert done.stderr.count("Arena ") == 1


GIVE_BACK = """
from pathlib import Path
from skerry_server.allocator import give_back, share_one_arena
def resident_pages(): return int(Path("/proc/self/statm").read_text().split()[1])
assert share_one_arena()
blocks = [bytes([1]) * 2_000 for _ in range(30_000)]
last = blocks.pop()
blocks.clear()
before = resident_pages()
assert give_back()
print((before - resident_pages()) * 4_096)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to")
def test_what_is_free_before_a_block_in_use_is_given_back():
    done = subprocess.run([sys.executable, "-c", GIVE_BACK], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 30_000_000
