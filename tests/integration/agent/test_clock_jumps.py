"""A wall clock that jumps by years in both directions, in the agent and in its children: only stamps may show it."""

from __future__ import annotations

import os
from pathlib import Path

GHOST = {"kind": "synthetic", "name": "ghost", "events_per_s": 50.0, "progress_deadline_s": 5.0}
YEAR_MS = 365 * 86400 * 1000
JUMPY = """
import time
_time_ns, _monotonic = time.time_ns, time.monotonic
_YEARS = (0, 12, -12, 3, -60)

def time_ns():
    years = _YEARS[int(_monotonic() * 2) % len(_YEARS)]
    return _time_ns() + years * 365 * 86400 * 10**9

time.time_ns, time.time = time_ns, lambda: time_ns() / 1e9
"""


def test_a_clock_that_jumps_changes_stamps_and_nothing_else(
    mosquitto, recorder, start_agent, eventually, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(JUMPY)
    path = os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", "")))
    agent = start_agent(mosquitto.port, [GHOST], environment={"PYTHONPATH": path})
    eventually(lambda: len(recorder.events) >= 250, what="five seconds of events, a jump in each half of one")
    (child,) = agent.children()
    stamps = [event.ts for event in recorder.events]
    assert max(stamps) - min(stamps) > 40 * YEAR_MS
    before_1970 = [event for event in recorder.events if event.ts == 0]
    assert before_1970, "what no message can say is 0"
    # A child's capture and the parent's stamp may lie on both sides of a jump.
    assert "unsynced" in {event.clock for event in before_1970}
    serials = [int(event.message) for event in recorder.events]
    assert serials == list(range(1, len(serials) + 1)), "no child was started anew, and nothing was lost"
    assert recorder.states == ["online"]
    assert len(recorder.heartbeats) >= 5
    assert agent.stop() == 0
    assert not child.is_running()
    eventually(lambda: recorder.states == ["online", "offline"], what="the goodbye")
