"""Silences: who may not listen, for how long, and what a restart, a wrong clock or a damaged file changes of it."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from skerry_edge.agent.children.mutes import FILE, KeptMute, Mutes, remaining_s
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.foundation.errors import ReachError

EARS = ("ear", "hall")
MINUTE_S = 60.0


def test_a_pipeline_is_muted_until_it_is_unmuted(tmp_path: Path) -> None:
    mutes = Mutes(StateFiles(tmp_path), EARS)
    assert not mutes.is_muted("ear")
    mutes.mute(["ear"], None)
    assert mutes.act(time.monotonic() + 1e9) == NEVER_S
    assert (mutes.is_muted("ear"), mutes.is_muted("hall")) == (True, False)
    mutes.unmute(["ear"])
    assert not mutes.is_muted("ear")


def test_a_silence_ends_when_its_minutes_are_over(tmp_path: Path) -> None:
    mutes = Mutes(StateFiles(tmp_path), EARS)
    mutes.mute(["ear"], 5)
    began_s = time.monotonic()
    assert mutes.act(began_s) == pytest.approx(began_s + 5 * MINUTE_S, abs=1.0)
    mutes.act(began_s + 4.9 * MINUTE_S)
    assert mutes.is_muted("ear")
    assert mutes.act(began_s + 5 * MINUTE_S) == NEVER_S
    assert not mutes.is_muted("ear")


def test_the_last_order_counts(tmp_path: Path) -> None:
    mutes = Mutes(StateFiles(tmp_path), EARS)
    mutes.mute(["ear"], 1)
    mutes.mute(["ear"], None)
    assert mutes.act(time.monotonic() + 1e9) == NEVER_S
    assert mutes.is_muted("ear")


def test_a_restart_opens_no_ear(tmp_path: Path) -> None:
    mutes = Mutes(StateFiles(tmp_path), EARS)
    mutes.mute(["ear"], None)
    mutes.mute(["hall"], 5)
    again = Mutes(StateFiles(tmp_path), EARS)
    assert again.is_muted("ear")
    assert again.is_muted("hall")
    again.act(time.monotonic() + 5 * MINUTE_S)
    assert again.is_muted("ear")
    assert not again.is_muted("hall")


def test_what_ended_stays_ended_after_a_restart(tmp_path: Path) -> None:
    mutes = Mutes(StateFiles(tmp_path), EARS)
    mutes.mute(["ear"], 5)
    mutes.act(time.monotonic() + 5 * MINUTE_S)
    mutes.mute(["hall"], None)
    mutes.unmute(["hall"])
    again = Mutes(StateFiles(tmp_path), EARS)
    assert not any(again.is_muted(name) for name in EARS)


@pytest.mark.parametrize(
    ("now_ms", "left_s"),
    [(1_000_000, 300.0), (1_200_000, 100.0), (1_300_000, 0.0), (10**13, 0.0), (0, 300.0)],
    ids=["at once", "a while later", "over", "a clock years ahead", "a clock years behind"],
)
def test_no_silence_lasts_longer_than_it_was_ordered_for(now_ms: int, left_s: float) -> None:
    assert remaining_s(KeptMute(minutes=5, until_ms=1_300_000), now_ms) == left_s


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[]", b'{"ear": 5}', b'{"ear": {"minutes": 0}}'])
def test_where_the_orders_cannot_be_read_every_ear_is_closed(
    tmp_path: Path, raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / FILE).write_bytes(raw)
    mutes = Mutes(StateFiles(tmp_path), EARS)
    assert all(mutes.is_muted(name) for name in EARS)
    assert "every wake-word pipeline is muted" in caplog.text
    assert all(Mutes(StateFiles(tmp_path), EARS).is_muted(name) for name in EARS)
    mutes.unmute(["ear"])
    again = Mutes(StateFiles(tmp_path), EARS)
    assert (again.is_muted("ear"), again.is_muted("hall")) == (False, True)


def test_a_disk_that_takes_nothing_does_not_open_the_ear(tmp_path: Path) -> None:
    mutes = Mutes(StateFiles(tmp_path / "gone"), EARS)
    with pytest.raises(ReachError):
        mutes.mute(["ear"], None)
    assert mutes.is_muted("ear")


def test_orders_that_cannot_be_read_now_stay_until_there_is_another_one(tmp_path: Path) -> None:
    Mutes(StateFiles(tmp_path), EARS).mute(["hall"], None)
    before = (tmp_path / FILE).read_bytes()

    def fails(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", fails)
        mutes = Mutes(StateFiles(tmp_path), EARS)
    assert all(mutes.is_muted(name) for name in EARS)
    mutes.keep()
    assert (tmp_path / FILE).read_bytes() == before
    (tmp_path / FILE).unlink()
    mutes.keep()
    assert all(Mutes(StateFiles(tmp_path), EARS).is_muted(name) for name in EARS)
    mutes.unmute(["hall"])
    again = Mutes(StateFiles(tmp_path), EARS)
    assert (again.is_muted("ear"), again.is_muted("hall")) == (True, False)
