"""What the dashboard makes of rollouts, and of what is entered for a new one."""

from __future__ import annotations

import json

import msgspec
import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_server.registry.models import AuditRow, RolloutRow
from skerry_server.rollouts.spec import read_spec
from skerry_server.rollouts.states import ROLLOUT_STATES
from skerry_server.ui.rollout_form import wish_of
from skerry_server.ui.views.rollouts import acts_of, events, rollout_line, terms

GIVEN = {
    "release": "model/signs 2.0.0",
    "counter": "2",
    "group": "cameras",
    "canary": " 5 ",
    "steps": "10%, 100%",
    "success_percent": "97.5",
    "soak_s": "60",
    "on_failure": "back",
    "approval": "yes",
}


def row(**changes):
    spec = msgspec.to_builtins(read_spec(wish_of(GIVEN)))
    values = {"id": 7, "kind": "model", "name": "signs", "version": "2.0.0", "counter": 2, "spec": spec}
    values |= {"state": "draft", "stage": 0, "stages": 0, "author": "ann", "created_ms": 0}
    return RolloutRow(**(values | changes))


def names(*arguments):
    return [one.name for one in acts_of(*arguments)]


def test_what_is_entered_is_what_is_rolled_out():
    spec = read_spec(wish_of(GIVEN))
    assert (spec.subject, spec.version, spec.counter, spec.target.groups) == ("model/signs", "2.0.0", 2, ("cameras",))
    assert (spec.canary, spec.steps, spec.gates.success_percent, spec.gates.soak_s) == ("5", ("10%", "100%"), 97.5, 60)
    assert (spec.rolls_back, spec.needs_approval) == (True, True)
    assert read_spec(wish_of(GIVEN | {"group": "*"})).target.groups == ()


@pytest.mark.parametrize(
    "change",
    [
        {"success_percent": "many"},
        {"soak_s": "inf"},
        {"soak_s": "nan"},
        {"counter": "two"},
        {"canary": "0"},
        {"steps": ""},
        {"release": "signs"},
        {"release": ""},
        {"group": "../x"},
    ],
)
def test_what_cannot_be_read_is_told(change):
    with pytest.raises(ConfigError):
        read_spec(wish_of(GIVEN | change))


def test_a_second_person_sees_approve_the_author_does_not_and_nobody_starts_before():
    assert names(row(), {}, "ann") == ["abort"]
    assert names(row(), {}, "bob") == ["approve", "abort"]
    assert names(row(approved_by="bob"), {}, "ann") == ["start", "abort"]


@pytest.mark.parametrize("state", ROLLOUT_STATES)
def test_every_state_has_its_buttons(state):
    shown = names(row(state=state, approved_by="bob", started_ms=1), {"failed": 1, "committed": 2}, "ann")
    assert ("roll-back" in shown) == (state in ("running", "paused", "done", "aborted"))
    assert ("retry" in shown) == (state in ("running", "paused", "done"))
    assert ("resume" in shown) == (state == "paused")


def test_progress_counts_who_needs_nothing_more():
    line = rollout_line(row(state="running", stages=2), {"waiting": 5, "ordered": 1, "committed": 3, "failed": 1})
    assert (line.ended, line.devices, line.failed, line.stage) == (4, 10, 1, "1 of 2")
    assert [(one.tone, one.percent) for one in line.marks] == [("good", 30.0), ("bad", 10.0)]


def test_what_was_never_touched_has_not_ended_and_failures_after_the_gate_are_counted():
    told = {"reason": "success-share", "detail": "1 of 3 devices failed; 95 % are to succeed"}
    counts = {"rolled-back": 3, "left-out": 10}
    line = rollout_line(row(state="rolled-back", stages=2, **told), counts)
    assert (line.ended, line.devices) == (3, 13)
    assert [(one.tone, one.percent) for one in line.marks] == [("bad", 23.1)]
    assert line.why == "1 of 3 devices failed; 95 % are to succeed; 3 failed in all"


def test_terms_are_in_words():
    told = dict(terms(row().spec))
    assert told["For"] == "groups cameras"
    assert told["On failure"] == "pause, and order devices back"


def test_what_happened_is_told_oldest_first_with_who_and_why():
    told = [
        ("rollout 7", "rollout.paused", {"reason": "success-share", "detail": "2 of 2 devices failed"}),
        ("bob", "rollout.pause", {"release": "model/signs 2.0.0"}),
        ("rollout 7", "rollout.order", {"number": 2, "devices": ["cam-1", "cam-2"]}),
        ("ann", "rollout.start", {"devices": 8, "stages": 2}),
    ]
    rows = [
        AuditRow(id=4 - place, ts_ms=0, actor=actor, action=action, subject="rollout 7", detail=json.dumps(detail))
        for place, (actor, action, detail) in enumerate(told)
    ]
    assert [(one.what, one.who, one.why) for one in events(rows)] == [
        ("started: 8 devices", "by ann", ""),
        ("ordered: 2 devices", "", ""),
        ("paused", "by bob", ""),
        ("paused", "", "success-share: 2 of 2 devices failed"),
    ]
