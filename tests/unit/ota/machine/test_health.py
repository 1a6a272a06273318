"""The verdict on a new version: what speaks against it, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from skerry_edge.ota.machine.figures import Before, Figures
from skerry_edge.ota.machine.happenings import Done
from skerry_edge.ota.machine.health import MUCH_FOUND, After, Trial, verdict, verdict_at_end
from skerry_edge.ota.machine.limits import Limits

OLD = Figures(ran_s=600, frames=6000, drops=60, findings=600, inference_ms=20.0)
BEFORE = Before(pipelines={"gate": OLD}, connected=True, temperature_c=55.0)
GOOD = Figures(frames=600, drops=6, findings=60, inference_ms=22.0)
LIMITS = Limits()


def after(figures: Figures = GOOD, *, device: dict[str, Any] | None = None, **trial: Any) -> After:
    around = {"temperature_c": 56.0, "trip_c": 80.0} | (device or {})
    return After(pipelines={"gate": Trial(figures=figures, **trial)}, **around)


def test_a_version_that_does_as_the_one_before_is_committed() -> None:
    assert verdict(BEFORE, after(), LIMITS) is None
    assert verdict_at_end(BEFORE, after(), LIMITS) == Done()


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (after(crashes=1, why="ended by SIGSEGV"), "crashed"),
        (after(hangs=1), "hung"),
        (after(silent_s=20.0), "starved"),
        (after(replace(GOOD, inference_ms=61.0)), "slow"),
        (after(replace(GOOD, drops=300)), "drops"),
        (after(replace(GOOD, errors=100)), "errors"),
        (after(grew_mb=101.0), "memory"),
        (after(replace(GOOD, findings=5)), "accuracy"),
        (after(replace(GOOD, findings=601)), "accuracy"),
        (after(device={"temperature_c": 80.0}), "hot"),
        (after(device={"offline_s": 60.0}), "offline"),
    ],
)
def test_what_is_worse_than_before_is_undone_with_its_reason(seen: After, reason: str) -> None:
    found = verdict(BEFORE, seen, LIMITS)
    assert found is not None
    assert found.reason == reason


@pytest.mark.parametrize(
    ("before", "seen"),
    [
        (replace(BEFORE, connected=False), after(device={"offline_s": 9000.0})),
        (replace(BEFORE, temperature_c=81.0), after(device={"temperature_c": 81.0})),
        (replace(BEFORE, pipelines={"gate": replace(OLD, inference_ms=1.0)}), after(replace(GOOD, inference_ms=14.0))),
        (replace(BEFORE, pipelines={"gate": replace(OLD, findings=3)}), after(replace(GOOD, findings=0))),
        (replace(BEFORE, pipelines={"gate": replace(OLD, drops=6000)}), after(replace(GOOD, drops=600))),
        (replace(BEFORE, pipelines={}), after(replace(GOOD, inference_ms=500.0))),
    ],
    ids=["was offline", "was hot", "times of the scheduler", "too little was found before", "dropped before", "new"],
)
def test_what_was_no_better_before_does_not_speak_against_it(before: Before, seen: After) -> None:
    assert verdict(before, seen, LIMITS) is None


BUSY = Before(pipelines={"gate": replace(OLD, findings=500)}, connected=True)


@pytest.mark.parametrize(
    ("before", "seen"),
    [
        (replace(BEFORE, pipelines={}), after(Figures())),
        (BUSY, after(Figures(frames=1, inference_ms=900.0))),
        (BUSY, after(replace(GOOD, frames=100, findings=0))),
        (BEFORE, after(device={"offline_s": 1.0})),
    ],
    ids=["no picture came", "one slow inference", "a busy scene, too short a time to miss it", "away from its broker"],
)
def test_who_has_not_done_enough_to_be_judged_is_watched_on(before: Before, seen: After) -> None:
    assert verdict(before, seen, LIMITS) is None
    assert verdict_at_end(before, seen, LIMITS) is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (replace(OLD, findings=500), replace(GOOD, frames=120, findings=10), Done()),
        (replace(OLD, frames=3, findings=0), Figures(frames=1, inference_ms=22.0), Done()),
        (replace(OLD, frames=0, findings=0, inference_ms=None), Figures(frames=1, inference_ms=22.0), Done()),
        (replace(OLD, findings=9), replace(GOOD, findings=0), Done()),
    ],
    ids=[
        "what was found before is found",
        "pictures were rare before",
        "nothing ran before",
        "little was found before",
    ],
)
def test_who_has_done_enough_is_committed(old: Figures, new: Figures, expected: Done) -> None:
    assert verdict_at_end(replace(BEFORE, pipelines={"gate": old}), after(new), LIMITS) == expected


@given(
    findings=st.integers(MUCH_FOUND, 6000),
    frames=st.integers(0, 6000),
)
def test_a_model_that_sees_nothing_where_much_was_seen_is_never_committed(findings: int, frames: int) -> None:
    before = Before(pipelines={"gate": replace(OLD, findings=findings)})
    assert verdict_at_end(before, after(replace(GOOD, frames=frames, findings=0, drops=0)), LIMITS) != Done()
