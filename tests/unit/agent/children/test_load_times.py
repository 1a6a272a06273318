"""What a device learns of how long its models load."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from skerry_edge.agent.children.load_times import FILE, MAX_KEPT, MAX_MODELS, LoadTimes
from skerry_edge.agent.life.state_files import StateFiles

TINY = "tiny on onnx"


def test_the_longest_of_the_last_loads_is_the_usual_one(tmp_path: Path) -> None:
    times = LoadTimes(StateFiles(tmp_path), boot="a")
    assert times.usual_s(TINY) == {}
    times.note(TINY, {"model": 9.0})
    for model_s in (3.0, *[1.0] * (MAX_KEPT - 1)):
        times.note(TINY, {"model": model_s, "first-inference": 0.1})
    assert times.usual_s(TINY) == {"model": 3.0, "first-inference": 0.1}
    times.note(TINY, {"model": 1.0})
    assert times.usual_s(TINY)["model"] == 1.0


def test_the_first_load_after_the_machines_start_is_judged_by_such_loads_alone(tmp_path: Path) -> None:
    """It reads from a slow card what later ones find in memory."""
    before = LoadTimes(StateFiles(tmp_path), boot="a")
    before.note(TINY, {"model": 9.0})
    before.note(TINY, {"model": 1.0})
    assert LoadTimes(StateFiles(tmp_path), boot="a").usual_s(TINY) == {"model": 1.0}
    assert LoadTimes(StateFiles(tmp_path), boot="b").usual_s(TINY) == {"model": 9.0}


def test_a_bet_that_was_made_is_not_made_again_before_a_load_has_succeeded(tmp_path: Path) -> None:
    times = LoadTimes(StateFiles(tmp_path), boot="a")
    times.note(TINY, {"model": 1.0})
    times.note_hung(TINY)
    assert times.usual_s(TINY) == {}
    times.note(TINY, {"model": 7.0})
    assert times.usual_s(TINY) == {"model": 7.0}


def test_only_so_many_models_are_remembered(tmp_path: Path) -> None:
    times = LoadTimes(StateFiles(tmp_path), boot="a")
    for number in range(MAX_MODELS + 1):
        times.note(f"model {number}", {"model": 1.0})
    assert times.usual_s("model 0") == {}
    assert times.usual_s("model 1")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"tiny on onnx": {"boot": "a", "later": [{"model": -1}]}}', b"\xff", b"[" * 100_000]
)
def test_a_damaged_file_is_learned_anew(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_bytes(content)
    times = LoadTimes(StateFiles(tmp_path), boot="a")
    assert times.usual_s(TINY) == {}
    assert "cannot be used" in caplog.text
    times.note(TINY, {"model": 1.0})
    assert LoadTimes(StateFiles(tmp_path), boot="a").usual_s(TINY)


def test_a_disk_that_takes_nothing_costs_the_memory_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    times = LoadTimes(StateFiles(gone), boot="a")
    shutil.rmtree(gone)
    times.note(TINY, {"model": 1.0})
    assert times.usual_s(TINY) == {"model": 1.0}
    assert "not kept" in caplog.text


def test_what_was_learned_and_cannot_be_read_now_is_added_to_later(tmp_path: Path) -> None:
    LoadTimes(StateFiles(tmp_path), boot="one").note("first", {"model": 10.0})

    def fails(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", fails)
        again = LoadTimes(StateFiles(tmp_path), boot="one")
        again.note("second", {"model": 20.0})
    again.note("third", {"model": 30.0})
    last = LoadTimes(StateFiles(tmp_path), boot="one")
    assert [last.usual_s(model) for model in ("first", "second", "third")] == [
        {"model": 10.0},
        {"model": 20.0},
        {"model": 30.0},
    ]
