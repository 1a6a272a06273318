"""The silence of a repository is counted on devices that run only now and then, and lost floors are told."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from chaos.ota_device import WrongClock

from skerry_edge.agent.updates.silence import EVERY_S, LOST, Silence
from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.trust.floors import FloorFile, Floors

KEYS = {role: frozenset({"a"}) for role in ("timestamp", "snapshot", "targets")}
SEEN = Floors().raised({"timestamp": 7, "snapshot": 5, "targets": 3}, KEYS, 1000)


class Scene:
    def __init__(self, folder: Path) -> None:
        self.file = FloorFile(folder / "floors.json")
        self.clock = WrongClock(None, running=0.0)
        self.told: list[tuple[str, str]] = []

    def silence(self) -> Silence:
        return Silence(self.file, self.clock, lambda *told: self.told.append(told))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_device_that_runs_five_hours_a_day_counts_all_of_them(scene: Scene) -> None:
    scene.file.write(SEEN)
    for day in range(30):
        scene.clock.start, scene.clock.running = f"day {day}", 0.0
        silence, due_s = scene.silence(), 0.0
        while due_s < 5 * 3600:
            scene.clock.running = due_s
            due_s = silence.act(due_s)
        # The power is cut: what was not noted is lost.
    hours = scene.file.read().silent_s / 3600
    assert 30 * (5 - EVERY_S / 3600) <= hours <= 30 * 5


def test_a_device_that_ends_in_good_order_loses_nothing(scene: Scene) -> None:
    scene.file.write(SEEN)
    silence = scene.silence()
    scene.clock.running = 10.0
    due_s = silence.act(10.0)
    scene.clock.running = 500.0
    assert silence.act(500.0) == due_s == 10.0 + EVERY_S
    silence.note()
    assert scene.file.read().silent_s == 500.0


def test_where_no_repository_was_ever_seen_nothing_is_noted(scene: Scene) -> None:
    scene.silence().act(0.0)
    assert not scene.file.path.exists()


def test_damaged_floors_are_left_to_the_worker_and_their_loss_is_told_once(scene: Scene) -> None:
    scene.file.path.write_bytes(b"\0" * 9)
    scene.silence().note()
    assert (scene.told, scene.file.path.read_bytes()) == ([], b"\0" * 9)
    scene.file.set_aside()
    for _ in range(2):
        scene.silence().note()
    assert [label for label, _ in scene.told] == [LOST]


def test_a_disk_that_refuses_costs_nothing_but_the_note(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.file.write(SEEN)

    def refuse(*_: object, **__: object) -> None:
        raise ReachError("cannot write a file", found=errno.errorcode[errno.EROFS])

    monkeypatch.setattr("skerry_edge.ota.trust.floors.write_atomic", refuse)
    assert scene.silence().act(0.0) == EVERY_S
    assert scene.file.read() == SEEN
