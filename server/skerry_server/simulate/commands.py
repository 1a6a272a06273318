"""How a simulated device answers a command. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from skerry_edge.contracts.messages import Command
from skerry_server.simulate.clock import Reading
from skerry_server.simulate.networks import CAMERA, EAR


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """How a command ends: what is answered."""

    ok: bool
    message: str
    output: dict[str, str] = field(default_factory=dict)


def answer(command: Command, *, reading: Reading, pipelines: Collection[str], agent_version: str) -> Answer:
    """Return the answer of a device with ``pipelines`` whose clock reads ``reading``."""
    if reading.state == "synced" and command.expires_ts <= reading.ts_ms:
        late_s = (reading.ts_ms - command.expires_ts) / 1000
        return Answer(ok=False, message=f"the command has expired {late_s:.0f} s ago")
    wanted = command.args.get("pipeline")
    if wanted is not None and wanted not in pipelines:
        return Answer(
            ok=False, message=f"there is no pipeline '{wanted[:64]}'; this device runs {', '.join(pipelines)}"
        )
    if command.name == "snapshot" and wanted not in (None, CAMERA):
        return Answer(ok=False, message="a wake-word pipeline has no picture")
    if command.name in ("mute", "unmute") and EAR not in pipelines:
        return Answer(ok=False, message="no pipeline of this device listens")
    return _done(command, wanted, reading, agent_version)


def _done(command: Command, pipeline: str | None, reading: Reading, agent_version: str) -> Answer:
    log = f"{reading.ts_ms} INFO simulated agent {agent_version}\n{reading.ts_ms} INFO clock is {reading.state}"
    started = "the agent starts anew" if pipeline is None else f"'{pipeline}' starts anew"
    answers = {
        "ping": Answer(ok=True, message="pong", output={"agent_version": agent_version}),
        "rebirth": Answer(ok=True, message="every retained message is published again"),
        "logs": Answer(ok=True, message="the last 2 lines", output={"log": log}),
        "snapshot": Answer(ok=True, message=f"the picture is under snapshot/{command.id}", output={"pipeline": CAMERA}),
        "restart": Answer(ok=True, message=started),
        "mute": Answer(ok=True, message=f"muted until told otherwise: {EAR}"),
        "unmute": Answer(ok=True, message=f"listening: {EAR}"),
    }
    return answers[command.name]
