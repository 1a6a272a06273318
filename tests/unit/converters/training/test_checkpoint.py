"""Checkpoints: whole or refused."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from skerry_converters.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from skerry_converters.training.schedule import Position
from skerry_edge.foundation.errors import DataError, ReachError


def checkpoint(step: int) -> Checkpoint:
    return Checkpoint(
        fingerprint="f00",
        position=Position(step=step, images=16 * step, trained_s=12.5),
        anchors=((1.0, 2.5), (3.25, 4.0)),
        state=[np.arange(6, dtype=np.float32).reshape(2, 3) + step, np.float32(7.5).reshape(())],
    )


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.npz"
    write_checkpoint(path, checkpoint(5))
    read = read_checkpoint(path)
    assert read is not None
    assert (read.fingerprint, read.position, read.anchors) == ("f00", checkpoint(5).position, checkpoint(5).anchors)
    assert [one.tolist() for one in read.state] == [[[5, 6, 7], [8, 9, 10]], 7.5]


def test_where_there_is_none_yet_there_is_none(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path / "checkpoint.npz") is None


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_one_is_refused_by_name(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "checkpoint.npz"
    write_checkpoint(path, checkpoint(5))
    raw = bytearray(path.read_bytes())
    match damage:
        case "cut":
            raw = raw[: len(raw) // 2]
        case "flipped":
            raw[raw.index(b"\x00\x00\xa0\x40")] ^= 0xFF
        case "empty":
            raw = bytearray()
        case "foreign":
            np.savez(path.open("wb"), weights=np.zeros(3))
            raw = bytearray(path.read_bytes())
    path.write_bytes(raw)
    with pytest.raises(DataError, match=r"checkpoint\.npz"):
        read_checkpoint(path)


def test_a_full_disk_leaves_the_old_one_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "checkpoint.npz"
    write_checkpoint(path, checkpoint(5))

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReachError, match="No space left"):
        write_checkpoint(path, checkpoint(6))
    read = read_checkpoint(path)
    assert read is not None
    assert read.position.step == 5
    assert list(tmp_path.iterdir()) == [path]
