"""What a child's process costs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skerry_edge.agent.children.usage import Usage, UsageMeter

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Clock:
    """Seconds that pass when the test says so."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def write(procfs: Path, pid: int, *, used_s: float, started: int = 77, pages: int = 1000) -> None:
    folder = procfs / str(pid)
    folder.mkdir(exist_ok=True)
    ticks = int(used_s * TICKS)
    head = f"{pid} (a (bad) name) S 1 1 1 0 -1 4194304 102 0 0 0 {ticks // 2} {ticks - ticks // 2} 0 0 20 0 1 0"
    (folder / "stat").write_text(f"{head} {started} 3133440 {pages} 18446744073709551615 1 1\n")


def test_usage_is_the_share_of_a_core_since_the_last_look(tmp_path: Path) -> None:
    clock = Clock()
    meter = UsageMeter(tmp_path, clock)
    write(tmp_path, 7, used_s=1.0)
    assert meter.look(7) == Usage(memory_mb=round(1000 * PAGE / 1e6, 1))
    clock.now_s = 10.0
    write(tmp_path, 7, used_s=6.0)
    assert meter.look(7).cpu_percent == pytest.approx(50.0)


@pytest.mark.parametrize("change", [{"pid": 8}, {"pid": 7, "started": 99}])
def test_a_new_process_begins_anew_even_with_the_same_number(tmp_path: Path, change: dict[str, int]) -> None:
    clock = Clock()
    meter = UsageMeter(tmp_path, clock)
    write(tmp_path, 7, used_s=9.0)
    meter.look(7)
    clock.now_s = 10.0
    write(tmp_path, used_s=0.1, **change)  # type: ignore[arg-type]
    assert meter.look(change["pid"]).cpu_percent is None


def test_no_process_and_one_that_is_gone_use_nothing_that_could_be_told(tmp_path: Path) -> None:
    meter = UsageMeter(tmp_path)
    assert meter.look(None) == meter.look(12345) == Usage()


def test_this_process_uses_something() -> None:
    memory_mb = UsageMeter().look(os.getpid()).memory_mb
    assert memory_mb is not None
    assert memory_mb > 5
