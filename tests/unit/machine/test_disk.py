"""The disk under a directory, and the wear of an eMMC."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.machine.disk import disk, file_system_errors, life_used_percent

LayOut = Callable[[str], Path]


def test_a_directory_tells_the_room_of_its_file_system(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        found = disk(descriptor, Path("/sys"))
    finally:
        os.close(descriptor)
    assert 0 < found.free_mb <= found.total_mb
    assert found.read_only is False
    assert found.inodes_free_percent is None or 0 < found.inodes_free_percent <= 100


@pytest.mark.parametrize(
    ("text", "percent"),
    [("0x01 0x03", 30.0), ("0x0B 0x01", 110.0), ("0x00 0x00", None), ("0xff 0x00", None), ("junk", None), ("", None)],
)
def test_an_emmc_tells_the_worse_of_its_two_estimates(lay_out: LayOut, text: str, percent: float | None) -> None:
    root = lay_out(f"sys/block/mmcblk0/device/life_time: {text}\nsys/block/mmcblk0/mmcblk0p2/partition: 2")
    links = root / "sys/dev/block"
    links.mkdir(parents=True)
    (links / "179:2").symlink_to("../../block/mmcblk0/mmcblk0p2")
    (links / "179:0").symlink_to("../../block/mmcblk0")
    assert life_used_percent(links / "179:2") == percent
    assert life_used_percent(links / "179:0") == percent


def test_errors_that_ext4_noted_are_counted(lay_out: LayOut) -> None:
    root = lay_out("sys/fs/ext4/mmcblk0p2/errors_count: 7\nsys/block/mmcblk0/mmcblk0p2/partition: 2")
    block = root / "sys/block/mmcblk0/mmcblk0p2"
    assert file_system_errors(block, root / "sys") == 7
    assert file_system_errors(root / "sys/block/mmcblk0", root / "sys") is None
