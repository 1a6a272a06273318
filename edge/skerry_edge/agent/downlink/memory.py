"""The commands that were carried out, kept over a restart for as long as they could come again."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from skerry_edge.agent.downlink.freshness import MAX_AHEAD_MS, MAX_LIFE_MS, Clock
from skerry_edge.agent.life.state_files import StateFiles, unread
from skerry_edge.contracts.messages import Id, Text, UnixMs
from skerry_edge.foundation.atomic import write_atomic

FILE = "commands.json"
MAX_COMMANDS = 256
_MAX_BYTES = 4 << 20


class Outcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a command ended; ``ok`` is None while it is not known. ``life_ms`` is how long it could be given again."""

    id: Id
    expires_ts: UnixMs
    life_ms: Annotated[int, Meta(ge=0, le=MAX_LIFE_MS)] = MAX_LIFE_MS
    ok: bool | None = None
    message: Text | None = None


_decoder: msgspec.json.Decoder[list[Outcome]] = msgspec.json.Decoder(list[Outcome])


class CommandMemory:
    """Knows a command again by its id; used by one thread."""

    def __init__(self, files: StateFiles) -> None:
        """Read what an earlier run left; what cannot be used is set aside, and the memory begins anew."""
        self._files = files
        self._outcomes = self._earlier()
        self._heard_s: dict[str, float] = {}

    def _earlier(self) -> dict[str, Outcome]:
        none: list[Outcome] = []
        kept = self._files.read(FILE, _decoder.decode, max_bytes=_MAX_BYTES, absent=none, damaged=none)
        return {one.id: _settled(one) for one in kept}

    def _read_what_was_unread(self) -> None:
        if self._files.is_unread(FILE):
            self._outcomes = self._earlier() | self._outcomes

    def find(self, command_id: str) -> Outcome | None:
        """Return how a command ended, None where it is new, as far as the memory could be read."""
        self._read_what_was_unread()
        return self._outcomes.get(command_id)

    def has_room(self, clock: Clock, now_s: float) -> bool:
        """Forget what can never come again, and tell whether one more can be kept; ``now_s`` is monotonic.

        A command's life is measured here too, from when it came: by the clock that dated it, it might never end.
        """
        for command_id, outcome in list(self._outcomes.items()):
            # Those of an earlier run came before; how long before is not known.
            heard_s = self._heard_s.setdefault(command_id, now_s)
            if _cannot_come(outcome, now_s - heard_s, clock):
                del self._outcomes[command_id], self._heard_s[command_id]
        return len(self._outcomes) < MAX_COMMANDS

    def note(self, outcome: Outcome, now_s: float) -> None:
        """Know a command again that came at ``now_s``, until the agent ends or `keep` is called for any."""
        self._outcomes[outcome.id] = outcome
        self._heard_s[outcome.id] = now_s

    def keep(self, outcome: Outcome) -> None:
        """Note an outcome and have it on disk. Raises ReachError where the disk does not take it."""
        self._outcomes[outcome.id] = outcome
        self.keep_all()

    def keep_all(self) -> None:
        """Have all that is known on disk.

        Raises ReachError where the disk does not take it, and where what an earlier run left cannot be read yet.
        """
        self._read_what_was_unread()
        if self._files.is_unread(FILE):
            raise unread(self._files, FILE)
        write_atomic(self._files.folder / FILE, msgspec.json.encode(list(self._outcomes.values())))


def _cannot_come(outcome: Outcome, age_s: float, clock: Clock) -> bool:
    """Tell whether a command that came ``age_s`` ago would be refused as too old, or is older than any may be."""
    left_ms = outcome.life_ms - age_s * 1000
    if outcome.expires_ts <= clock.at_least_ms:
        # What is known of the sender's clock may be wrong yet; one's own that is synchronised is not.
        return clock.state == "synced" or left_ms <= 0
    return left_ms <= -MAX_AHEAD_MS


def _settled(outcome: Outcome) -> Outcome:
    """Return how a command of an earlier run ended: one that was under way then does not go on."""
    if outcome.ok is not None:
        return outcome
    return replace(outcome, ok=False, message="the agent ended while this was under way")
