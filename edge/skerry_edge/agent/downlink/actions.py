"""What commands do on a device, each in one method."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from skerry_edge import __version__
from skerry_edge.agent.children.mutes import Mutes
from skerry_edge.agent.config.pipelines import PipelineConfig
from skerry_edge.agent.downlink.log_tail import LogTail
from skerry_edge.agent.downlink.requests import (
    camera_for,
    check_arguments,
    ears_for,
    lines_wanted,
    minutes_wanted,
    pipeline_named,
)
from skerry_edge.agent.line.protocol import Order, Picture, TakeSnapshot
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import MAX_JSON_BYTES, Command
from skerry_edge.contracts.snapshots import check_snapshot

MAX_LOG_BYTES = 3 * MAX_JSON_BYTES // 4
"""So much of a result may be log; the rest is more than its other fields take."""
LOGS_EVERY_S = 5.0
PICTURE_TIMEOUT_S = 10.0
MAX_PICTURES_AWAITED = 4


class Device(Protocol):
    """What commands act on."""

    @property
    def pipelines(self) -> Sequence[PipelineConfig]:
        """Return what the device runs."""
        ...

    def order(self, pipeline: str, order: Order) -> bool:
        """Pass an order on to a pipeline's child; False where there is none that could take it."""
        ...

    def restart(self, pipeline: str | None) -> None:
        """Start a pipeline's child anew, or the whole agent once it has delivered what waits."""
        ...

    def rebirth(self) -> None:
        """Publish every retained message again."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """How a command ended; ``picture`` is a JPEG to be sent along."""

    ok: bool
    message: str
    output: Mapping[str, str] = field(default_factory=dict)
    picture: bytes | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Awaited:
    pipeline: str
    until_s: float


class Actions:
    """Carries commands out; used by one thread. All times are monotonic seconds."""

    def __init__(self, device: Device, mutes: Mutes, log_tail: LogTail) -> None:
        self._device = device
        self._mutes = mutes
        self._log_tail = log_tail
        self._logs_due_s = float("-inf")
        self._awaited: dict[str, _Awaited] = {}
        self._methods: Mapping[str, Callable[[Command, float], Answer | None]] = {
            "ping": self._ping,
            "rebirth": self._rebirth,
            "logs": self._logs,
            "snapshot": self._snapshot,
            "restart": self._restart,
            "mute": self._mute,
            "unmute": self._unmute,
        }

    @property
    def due_s(self) -> float:
        """When a picture that is waited for is given up."""
        return min((one.until_s for one in self._awaited.values()), default=float("inf"))

    def carry_out(self, command: Command, now_s: float) -> Answer | None:
        """Do what is asked; None means that the answer comes later. Raises ConfigError for wrong arguments."""
        check_arguments(command)
        return self._methods[command.name](command, now_s)

    def take_picture(self, picture: Picture) -> Answer | None:
        """Return the answer that a child's picture is; None where nobody waits for it any more."""
        awaited = self._awaited.pop(picture.order, None)
        if awaited is None:
            return None
        if picture.jpeg is None:
            return Answer(ok=False, message=picture.reason or "the pipeline gave no picture and no reason")
        try:
            check_snapshot(picture.jpeg)
        except WireError as error:
            return Answer(ok=False, message=str(error))
        return Answer(
            ok=True,
            message=f"the picture is under snapshot/{picture.order}",
            output={"pipeline": awaited.pipeline, "bytes": str(len(picture.jpeg))},
            picture=picture.jpeg,
        )

    def give_up(self, now_s: float) -> dict[str, Answer]:
        """Return the answers of the commands whose picture did not come in time."""
        late = {command: one for command, one in self._awaited.items() if now_s >= one.until_s}
        for command in late:
            del self._awaited[command]
        text = f"gave no picture within {PICTURE_TIMEOUT_S:.0f} s"
        return {command: Answer(ok=False, message=f"'{one.pipeline}' {text}") for command, one in late.items()}

    def _ping(self, _command: Command, _now_s: float) -> Answer:
        return Answer(ok=True, message="pong", output={"agent_version": __version__})

    def _rebirth(self, _command: Command, _now_s: float) -> Answer:
        self._device.rebirth()
        return Answer(ok=True, message="every retained message is published again")

    def _logs(self, command: Command, now_s: float) -> Answer:
        count = lines_wanted(command.args)
        if now_s < self._logs_due_s:
            return Answer(
                ok=False, message=f"the log was asked for just now: again in {self._logs_due_s - now_s:.0f} s"
            )
        self._logs_due_s = now_s + LOGS_EVERY_S
        lines = self._log_tail.newest(count, MAX_LOG_BYTES)
        return Answer(ok=True, message=f"the last {len(lines)} lines", output={"log": "\n".join(lines)})

    def _snapshot(self, command: Command, now_s: float) -> Answer | None:
        camera = camera_for(command.args, self._device.pipelines)
        if len(self._awaited) >= MAX_PICTURES_AWAITED:
            return Answer(ok=False, message=f"{MAX_PICTURES_AWAITED} pictures are waited for already")
        if not self._device.order(camera.name, TakeSnapshot(order=command.id)):
            return Answer(ok=False, message=f"'{camera.name}' does not run now")
        self._awaited[command.id] = _Awaited(pipeline=camera.name, until_s=now_s + PICTURE_TIMEOUT_S)
        return None

    def _restart(self, command: Command, _now_s: float) -> Answer:
        named = pipeline_named(command.args, self._device.pipelines)
        self._device.restart(None if named is None else named.name)
        return Answer(ok=True, message="the agent starts anew" if named is None else f"'{named.name}' starts anew")

    def _mute(self, command: Command, _now_s: float) -> Answer:
        ears = [one.name for one in ears_for(command.args, self._device.pipelines)]
        minutes = minutes_wanted(command.args)
        self._mutes.mute(ears, minutes)
        how_long = "until told otherwise" if minutes is None else f"for {minutes} min"
        return Answer(ok=True, message=f"muted {how_long}: {', '.join(ears)}")

    def _unmute(self, command: Command, _now_s: float) -> Answer:
        ears = [one.name for one in ears_for(command.args, self._device.pipelines)]
        self._mutes.unmute(ears)
        return Answer(ok=True, message=f"listening: {', '.join(ears)}")
