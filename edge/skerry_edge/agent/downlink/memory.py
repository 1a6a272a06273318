"""The commands that were carried out, kept over a restart for as long as they could come again."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from skerry_edge.agent.downlink.freshness import Clock
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.contracts.messages import Id, Text, UnixMs
from skerry_edge.foundation.atomic import write_atomic

FILE = "commands.json"
MAX_COMMANDS = 256
_MAX_BYTES = 4 << 20


class Outcome(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a command ended; ``ok`` is None while it is not known."""

    id: Id
    expires_ts: UnixMs
    ok: bool | None = None
    message: Text | None = None


_decoder: msgspec.json.Decoder[list[Outcome]] = msgspec.json.Decoder(list[Outcome])


class CommandMemory:
    """Knows a command again by its id; used by one thread."""

    def __init__(self, files: StateFiles) -> None:
        """Read what an earlier run left; what cannot be used is set aside, and the memory begins anew."""
        self._path = files.folder / FILE
        none: list[Outcome] = []
        kept = files.read(FILE, _decoder.decode, max_bytes=_MAX_BYTES, absent=none, damaged=none)
        self._outcomes = {one.id: _settled(one) for one in kept}

    def find(self, command_id: str) -> Outcome | None:
        """Return how a command ended, None where it is new."""
        return self._outcomes.get(command_id)

    def has_room(self, clock: Clock) -> bool:
        """Forget what can never come again, and tell whether one more can be kept."""
        expired = [one.id for one in self._outcomes.values() if one.expires_ts <= clock.at_least_ms]
        for command_id in expired:
            del self._outcomes[command_id]
        return len(self._outcomes) < MAX_COMMANDS

    def note(self, outcome: Outcome) -> None:
        """Know a command again, or how it ended, until the agent ends or `keep` is called for any."""
        self._outcomes[outcome.id] = outcome

    def keep(self, outcome: Outcome) -> None:
        """Note an outcome and have it on disk. Raises ReachError where the disk does not take it."""
        self.note(outcome)
        write_atomic(self._path, msgspec.json.encode(list(self._outcomes.values())))


def _settled(outcome: Outcome) -> Outcome:
    """Return how a command of an earlier run ended: one that was under way then does not go on."""
    if outcome.ok is not None:
        return outcome
    return replace(outcome, ok=False, message="the agent ended while this was under way")
