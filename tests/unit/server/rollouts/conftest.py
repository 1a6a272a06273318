"""Rollouts as values, and a fleet that answers orders in simulated time."""

from __future__ import annotations

import pytest

from skerry_server.rollouts.planner import Compare, Enter, Move, Order, Return, Settle, TimeOut, decide
from skerry_server.rollouts.progress import Comparison, Figures, Member, Progress
from skerry_server.rollouts.spec import read_spec
from skerry_server.rollouts.stages import divide

STEP_MS = 60_000
WORDS = {"commit": "committed", "roll back": "rolled-back", "refuse": "refused", "fail": "failed"}


def make_spec(**changes):
    gates = changes.pop("gates", {})
    values = {
        "kind": "model",
        "name": "signs",
        "version": "2.0.0",
        "counter": 2,
        "canary": "2",
        "steps": ["3", "100%"],
        "probation_s": 60,
        "deadline_s": 600,
        "gates": {"success_percent": 95.0, "soak_s": 0, **gates},
    }
    return read_spec(values | changes)


def make_member(device="cam-1", **changes):
    values = {"device": device, "stage": 0, "state": "waiting", "from_version": "1.0.0"}
    return Member(**(values | changes))


def make_progress(*, spec=None, **changes):
    values = {"spec": spec or make_spec(), "state": "running", "stage": 0, "stages": 3}
    return Progress(**(values | changes))


class World:
    """Carries the planner's actions out on values, as the job does on rows; devices behave as they are told.

    A behaviour is (outcome, minutes after the order); the outcome "silent" never answers.
    """

    def __init__(self, spec, behaviours, *, way_back="commit", canaries=()):
        names = sorted(behaviours)
        stages = divide(spec, names, canaries=canaries, present=names, salt="world")
        self.progress = make_progress(spec=spec, stages=len(stages))
        self.members = {name: make_member(name, stage=number) for number, stage in enumerate(stages) for name in stage}
        self.sizes = [len(stage) for stage in stages]
        self.behaviours, self.way_back = behaviours, way_back
        self.ordered_ms, self.touched, self.comparison = {}, set(), None
        self.failure, self.now_ms, self.log = None, 1_000_000, []

    def change(self, device, **changes):
        values = {name: getattr(self.members[device], name) for name in Member.__struct_fields__}
        self.members[device] = Member(**(values | changes))

    def move(self, **changes):
        values = {name: getattr(self.progress, name) for name in Progress.__struct_fields__}
        self.progress = Progress(**(values | changes))

    def minute(self):
        """Let a minute pass: devices answer, then the planner has its turns."""
        self.now_ms += STEP_MS
        for device, then_ms in list(self.ordered_ms.items()):
            member = self.members[device]
            outcome, after = self.behaviours[device]
            if member.state == "returning":
                outcome = self.way_back
            if outcome == "silent" or self.now_ms < then_ms + after * STEP_MS:
                continue
            del self.ordered_ms[device]
            is_back = member.state == "returning"
            word = ("returned" if outcome == "commit" else "not-returned") if is_back else WORDS[outcome]
            self.change(device, state=word, ended_ms=self.now_ms, deadline_ms=None, has_begun=True)
        for _ in range(100):
            actions = decide(self.progress, list(self.members.values()), now_ms=self.now_ms, comparison=self.comparison)
            if not actions or actions == [Compare()]:
                return
            for action in actions:
                self.log.append(action)
                self.carry_out(action)
        raise AssertionError("the planner does not come to rest")

    def carry_out(self, action):
        deadline_ms = self.now_ms + self.progress.spec.wait_ms
        if isinstance(action, Order | Return):
            state = "ordered" if isinstance(action, Order) else "returning"
            for device in action.devices:
                self.change(device, state=state, has_begun=False, deadline_ms=deadline_ms, ended_ms=None)
                self.ordered_ms[device] = self.now_ms
                self.touched.add(device)
        elif isinstance(action, TimeOut):
            for device in action.devices:
                state = "timed-out" if self.members[device].state == "ordered" else "not-returned"
                self.change(device, state=state, ended_ms=self.now_ms, deadline_ms=None)
                self.ordered_ms.pop(device, None)
        elif isinstance(action, Settle):
            for device in action.devices:
                self.change(device, state=action.state, deadline_ms=None, ended_ms=self.now_ms)
                self.ordered_ms.pop(device, None)
        elif isinstance(action, Enter):
            self.move(stage=action.stage)
        elif isinstance(action, Move):
            self.failure = action.failure or self.failure
            self.move(state=action.state)

    def run(self, minutes):
        for _ in range(minutes):
            self.minute()
        return self

    def states(self):
        return {device: one.state for device, one in self.members.items()}


@pytest.fixture(scope="session")
def spec():
    """Return a function that makes a spec with changes."""
    return make_spec


@pytest.fixture(scope="session")
def member():
    """Return a function that makes a device of a rollout with changes."""
    return make_member


@pytest.fixture(scope="session")
def progress():
    """Return a function that makes a running rollout with changes."""
    return make_progress


@pytest.fixture(scope="session")
def world():
    """Return a function that makes a fleet which answers orders."""
    return World


@pytest.fixture(scope="session")
def figures():
    """Return a function that makes a comparison: (p95 ms, score, events) of the release and of the version before."""

    def make(new, old):
        return Comparison(
            **{
                name: Figures(inference_p95_ms=one[0], confidence=one[1], events=one[2])
                for name, one in (("new", new), ("old", old))
            }
        )

    return make
