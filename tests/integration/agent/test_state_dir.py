"""The state directory under a running agent: removed, and moved away and put back."""

from __future__ import annotations

import shutil
from pathlib import Path

from skerry_edge.agent.life import state_watch

KEPT = {"starts", "lives.json", "mutes.json", "commands.json", "home-assistant.json", "agent.lock", "outbox.sqlite3"}
"""What the next start must find; a desired configuration is kept where there is one."""
GHOST = {"kind": "synthetic", "name": "ghost", "events_per_s": 5.0}


def test_what_must_outlive_a_restart_is_written_down_again_where_the_directory_is_lost(
    mosquitto, recorder, start_agent, eventually, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    agent = start_agent(mosquitto.port, [GHOST], state_dir=str(state), mqtt={"home_assistant": True})
    eventually(lambda: recorder.events and (state / "home-assistant.json").exists(), what="an event")
    starts = (state / "starts").read_text()
    state.rename(tmp_path / "away")
    eventually(lambda: state.is_dir() and {one.name for one in state.iterdir()} >= KEPT, what="the files anew")
    assert (state / "starts").read_text() == starts
    shutil.rmtree(state)
    (tmp_path / "away").rename(state)
    eventually(lambda: [one.label for one in recorder.events].count(state_watch.LOST) == 2, what="both losses told")
    assert agent.stop() == 0
    last = [one.message for one in recorder.events if one.label == state_watch.LOST]
    assert all("held anew" in (one or "") for one in last)
