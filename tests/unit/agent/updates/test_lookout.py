"""Looks at the repository, ordered or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.agent.updates.lookout import EVERY_S, FIRST_S, GOOD_AGAIN, LOOK_S, REFUSED, RETRY_S, Lookout
from skerry_edge.ota.looked import FILE, Looked, keep_look, last_look


class Worker:
    """A worker that runs until it is told that it has ended."""

    def __init__(self) -> None:
        self.is_running = False
        self.started: list[object] = []
        self.killed = 0
        self.has_room = True

    def start(self, job: object) -> None:
        if not self.has_room:
            raise OSError(11, "no room")
        self.started.append(job)
        self.is_running = True

    def kill(self) -> None:
        self.is_running = False
        self.killed += 1


class Silence:
    """Notes, and says so."""

    def __init__(self) -> None:
        self.noted = 0
        self.due_s = float("inf")

    def act(self, now_s: float) -> float:
        self.noted += 1
        return self.due_s

    def note(self) -> None:
        self.noted += 1


class Scene:
    def __init__(self) -> None:
        self.silence = Silence()
        self.worker = Worker()
        self.looked = Looked()
        self.told: list[tuple[str, str]] = []
        self.lookout = Lookout(
            self.worker, self.silence, lambda: "job", lambda: self.looked, lambda *told: self.told.append(told)
        )

    def look(self, now_s: float, looked: Looked) -> None:
        assert self.lookout.act(now_s) == now_s + LOOK_S
        self.looked, self.worker.is_running = looked, False
        self.lookout.act(now_s + LOOK_S)


@pytest.fixture
def scene() -> Scene:
    return Scene()


FROZEN = Looked(refused="frozen", detail="nothing newer has come")


def test_it_looks_a_while_after_the_start_and_then_every_few_hours(scene: Scene) -> None:
    assert scene.lookout.act(0.0) == FIRST_S
    assert scene.lookout.act(FIRST_S - 1) == FIRST_S
    scene.look(FIRST_S, Looked())
    assert scene.lookout.act(FIRST_S + 5) == FIRST_S + EVERY_S
    assert len(scene.worker.started) == 1
    scene.look(FIRST_S + EVERY_S, Looked())
    assert len(scene.worker.started) == 2
    assert scene.told == []


def test_a_refusal_is_told_once_and_so_is_its_end(scene: Scene) -> None:
    scene.lookout.act(0.0)
    for number, looked in enumerate([FROZEN, FROZEN, Looked(), Looked()]):
        scene.look(FIRST_S + number * EVERY_S, looked)
    assert scene.told == [(REFUSED, "frozen: nothing newer has come"), (REFUSED, GOOD_AGAIN)]


def test_it_makes_room_for_an_order_and_makes_up_for_it(scene: Scene) -> None:
    scene.lookout.act(0.0)
    scene.lookout.act(FIRST_S)
    scene.lookout.rest()
    scene.lookout.rest()
    assert scene.worker.killed == 1
    assert scene.lookout.act(FIRST_S + 10) == FIRST_S + 10 + FIRST_S
    assert scene.told == []


def test_where_nothing_can_be_started_it_is_tried_again(scene: Scene) -> None:
    scene.worker.has_room = False
    scene.lookout.act(0.0)
    assert scene.lookout.act(FIRST_S) == FIRST_S + RETRY_S


def test_a_look_survives_its_file_and_damage_is_no_refusal(tmp_path: Path) -> None:
    assert last_look(tmp_path) == Looked()
    keep_look(tmp_path, FROZEN)
    assert last_look(tmp_path) == FROZEN
    (tmp_path / FILE).write_bytes(b"{")
    assert last_look(tmp_path) == Looked()


def test_silence_is_noted_while_nobody_looks_and_at_the_end_once_nobody_does(scene: Scene) -> None:
    scene.silence.due_s = 10.0
    assert scene.lookout.act(0.0) == 10.0
    scene.lookout.act(FIRST_S)
    noted = scene.silence.noted
    scene.lookout.act(FIRST_S + LOOK_S)
    assert (scene.worker.is_running, scene.silence.noted) == (True, noted), "two must not write the floors at once"
    scene.lookout.close()
    assert (scene.worker.is_running, scene.silence.noted) == (False, noted + 1)
