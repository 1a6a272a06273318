"""The heartbeat of a running agent: its machine, its children, and how its earlier lives ended."""

from __future__ import annotations

from typing import Any

GHOST = {"kind": "synthetic", "name": "ghost", "events_per_s": 20.0}


def newest_heartbeat(recorder: Any) -> Any:
    beats = [message for kind, message in recorder.messages if kind == "heartbeat"]
    return beats[-1] if beats else None


def test_a_heartbeat_tells_of_machine_children_sensors_and_outbox(
    mosquitto: Any, recorder: Any, start_agent: Any, eventually: Any, tmp_path: Any
) -> None:
    sensor = tmp_path / "temp1_input"
    sensor.write_text("21500\n")
    start_agent(mosquitto.port, [GHOST], sensors=[{"name": "greenhouse_c", "path": str(sensor)}])

    def is_complete() -> bool:
        beat = newest_heartbeat(recorder)
        return beat is not None and beat.pipelines[0].cpu_percent is not None and bool(beat.versions)

    eventually(is_complete, what="a heartbeat with the child's costs")
    beat = newest_heartbeat(recorder)
    assert beat.sensors == {"greenhouse_c": 21.5}
    assert beat.stuck_sensors == []
    assert beat.pipelines[0].memory_mb > 5
    assert beat.disk_total_mb > beat.disk_free_mb > 0
    assert (beat.agent_crashes, beat.reboots_unexpected) == (0, 0)
    assert 0 <= beat.agent_uptime_s <= beat.crash_free_s
    assert beat.outbox_bytes is not None


def test_a_killed_agent_is_counted_by_the_next_and_a_stopped_one_is_not(
    mosquitto: Any, recorder: Any, start_agent: Any, eventually: Any, tmp_path: Any
) -> None:
    state_dir = str(tmp_path / "state")

    def run() -> tuple[Any, Any]:
        before = len(recorder.messages)
        agent = start_agent(mosquitto.port, [GHOST], state_dir=state_dir)
        eventually(
            lambda: any(kind == "heartbeat" for kind, _ in recorder.messages[before:]), what="the agent's heartbeat"
        )
        return agent, newest_heartbeat(recorder)

    agent, beat = run()
    assert beat.agent_crashes == 0
    assert agent.stop() == 0
    agent, beat = run()
    assert beat.agent_crashes == 0
    lived_s = beat.crash_free_s
    assert lived_s > beat.agent_uptime_s
    agent.kill()
    _, beat = run()
    assert (beat.agent_crashes, beat.reboots_unexpected) == (1, 0)
    assert beat.crash_free_s == beat.agent_uptime_s
