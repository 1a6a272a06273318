"""Commands as they come: each judged, carried out once, and answered, however often it is sent."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec
from msgspec import structs

from skerry_edge.agent.downlink.actions import Actions, Answer
from skerry_edge.agent.downlink.freshness import Clock, SenderClock, staleness
from skerry_edge.agent.downlink.memory import CommandMemory, Outcome
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.line.protocol import Picture
from skerry_edge.agent.mqtt.bounded import MAX_INBOUND_BYTES
from skerry_edge.agent.mqtt.news import Inbound
from skerry_edge.agent.outbox.sink import Sink
from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.messages import Command, CommandResult
from skerry_edge.contracts.topics import is_id
from skerry_edge.foundation.errors import ReachError, SkerryError
from skerry_edge.foundation.redaction import redact
from skerry_edge.foundation.wall_clock import unix_ms

_log = logging.getLogger(__name__)
ClockState = Callable[[], Literal["synced", "unsynced"]]
_MAX_TEXT_CHARS = 4000
_REFUSALS_KEPT = 64
UNREPEATABLE = ("restart",)
"""What must not happen twice, so not at all where the disk cannot keep that it happened."""


class Commands:
    """Takes commands from the broker and answers through the outbox; used by one thread."""

    def __init__(
        self,
        *,
        actions: Actions,
        memory: CommandMemory,
        identity: Identity,
        outbox: Sink,
        clock_state: ClockState,
        sender_clock: SenderClock,
    ) -> None:
        self._actions = actions
        self._memory = memory
        self._identity = identity
        self._outbox = outbox
        self._clock_state = clock_state
        self._sender_clock = sender_clock
        self._refused: deque[str] = deque(maxlen=_REFUSALS_KEPT)

    def handle(self, arrival: Inbound, now_s: float) -> None:
        """Judge a message on the command topic, carry it out where it may be, and answer."""
        try:
            command = decode("command", arrival.payload)
            assert isinstance(command, Command)  # noqa: S101  # what this kind of topic decodes to
        except WireError as error:
            self._refuse_unreadable(arrival, error)
            return
        earlier = self._memory.find(command.id)
        if earlier is not None:
            self._repeat(earlier)
            return
        if not arrival.retained:
            # Before it is judged: with one that is refused, it may be what proves the sender's clock.
            self._sender_clock.note(command.ts, now_s)
        clock = self._clock(now_s)
        reason = staleness(command, arrival, clock)
        if reason is None and not self._memory.has_room(clock, now_s):
            reason = "too many commands at once: wait until some have expired"
        if reason is None:
            self._carry_out(command, now_s)
        else:
            self._refuse(command.id, command.name, reason)

    def act(self, pictures: Iterable[Picture], now_s: float) -> float:
        """Answer the commands whose picture came or is overdue; return when the next one is given up."""
        for picture in pictures:
            answer = self._actions.take_picture(picture)
            if answer is not None:
                self._finish(picture.order, answer)
        for command_id, answer in self._actions.give_up(now_s).items():
            self._finish(command_id, answer)
        return self._actions.due_s

    def _clock(self, now_s: float) -> Clock:
        now_ms = unix_ms()
        bound_ms = self._sender_clock.at_least_ms(now_s)
        return Clock(now_ms=now_ms, state=self._clock_state(), sender_at_least_ms=bound_ms)

    def _carry_out(self, command: Command, now_s: float) -> None:
        _log.info("command %s: %s", command.id, command.name)
        life_ms = command.expires_ts - command.ts
        begun = Outcome(id=command.id, expires_ts=command.expires_ts, life_ms=life_ms)
        self._memory.note(begun, now_s)
        try:
            if command.name in UNREPEATABLE:
                # What harms nobody if it happens twice is kept when it is done, with one write.
                self._memory.keep(begun)
            answer = self._actions.carry_out(command, now_s)
        except SkerryError as error:
            answer = Answer(ok=False, message=str(error))
        if answer is not None:
            self._finish(command.id, answer)

    def _finish(self, command_id: str, answer: Answer) -> None:
        """Send the answer, its picture before it, and keep how the command ended."""
        if answer.picture is not None:
            self._outbox.put((self._identity.topic("snapshot", command_id), answer.picture))
        self._answer(command_id, ok=answer.ok, message=answer.message, output=dict(answer.output))
        kept = self._memory.find(command_id)
        if kept is None:
            return
        try:
            self._memory.keep(structs.replace(kept, ok=answer.ok, message=answer.message[:_MAX_TEXT_CHARS]))
        except ReachError as error:
            _log.warning("the outcome of command %s cannot be kept: %s", command_id, error)

    def _repeat(self, earlier: Outcome) -> None:
        if earlier.ok is None:
            _log.info("command %s came again and is under way", earlier.id)
            return
        _log.info("command %s came again: it is answered as before", earlier.id)
        message = f"done before: {earlier.message or ''}"
        self._answer(earlier.id, ok=earlier.ok, message=message, output={"repeated": "true"})

    def _refuse(self, command_id: str, name: str, reason: str) -> None:
        """Answer that a command is not carried out, once: a retained one comes with every connect."""
        _log.warning("command %s (%s) is refused: %s", command_id, redact(name), reason)
        if command_id not in self._refused:
            self._refused.append(command_id)
            self._answer(command_id, ok=False, message=reason, output={})

    def _refuse_unreadable(self, arrival: Inbound, error: WireError) -> None:
        command_id = id_in(arrival.payload)
        if command_id is None:
            _log.warning("a command that cannot be read is ignored: %s", redact(str(error)))
        elif self._memory.find(command_id) is None:
            self._refuse(command_id, "unreadable", redact(str(error)))

    def _answer(self, command_id: str, *, ok: bool, message: str, output: dict[str, str]) -> None:
        result = CommandResult(
            **self._identity.stamp(), command=command_id, ok=ok, message=message[:_MAX_TEXT_CHARS], output=output
        )
        self._outbox.put((self._identity.topic("result", command_id), result))


def id_in(payload: bytes) -> str | None:
    """Return the id of a command that is otherwise no good, None where it has none that an answer could carry."""
    if len(payload) > MAX_INBOUND_BYTES:
        return None
    try:
        tree = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    command_id = tree.get("id") if isinstance(tree, dict) else None
    return command_id if isinstance(command_id, str) and is_id(command_id) else None
