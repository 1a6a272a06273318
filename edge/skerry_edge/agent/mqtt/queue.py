"""Which of the waiting letters may go next: in order within a lane, and past lanes that are held."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Literal

from skerry_edge.agent.mqtt.holds import GIVEN_UP, HEARTBEATS, UNORDERED, Hold, Holds, lane_of
from skerry_edge.agent.outbox.sink import Letter, Outlet
from skerry_edge.contracts.messages import Heartbeat

LOOK_AHEAD = 16
"""So far behind an event that waits for its turn another lane's letters are found."""
MAX_LOOKS = 32
"""So many times LOOK_AHEAD letters of held lanes are walked past at once; a held lane may have very many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Next:
    """``letters`` may go now, and ``given_up`` is not worth a try; ``first_key`` is of the oldest that is not held.

    ``seen`` says how far was looked: at ``all`` letters, as far as is of ``use`` now, or at ``held`` ones alone, behind
    which others may be.
    """

    letters: list[Letter]
    given_up: list[Letter]
    first_key: int | None
    seen: Literal["all", "use", "held"]


class Queue:
    """Looks into an outbox for one connection.

    Where it is ``one_by_one``, a lane's next letter goes when the one before was answered: a subscriber that appears
    between two that were under way together would get the second without the first.
    """

    def __init__(self, outbox: Outlet, holds: Holds) -> None:
        self._outbox = outbox
        self._holds = holds
        self._held_up_to = 0
        self._comebacks = outbox.comebacks

    def heartbeat(self, sent: Mapping[int, str]) -> Letter | None:
        """Return the heartbeat that waits, None where none does or they are held."""
        return None if HEARTBEATS in self._holds else self._waiting_heartbeat(sent)

    def next(self, sent: Mapping[int, str], room: int, *, one_by_one: bool, now_s: float) -> Next:
        """Return at most ``room`` letters that may go; ``sent`` maps the keys of what is under way to their lanes."""
        busy = {lane for lane in sent.values() if lane not in UNORDERED} if one_by_one else set()
        busy_trials = {lane for lane in sent.values() if lane in self._holds}
        chosen: list[Letter] = []
        given_up: list[Letter] = []
        first_key: int | None = None
        after = self._beginning()
        reach = LOOK_AHEAD if one_by_one else max(room, LOOK_AHEAD) if self._holds else room
        is_left_over = False
        for _ in range(MAX_LOOKS):
            letters = self._records(sent, reach, after)
            for letter in letters:
                lane, after = lane_of(letter), letter.key
                if self._holds.bars(lane, now_s) or lane in busy_trials:
                    if lane in GIVEN_UP:
                        given_up.append(letter)
                    elif first_key is None:
                        self._held_up_to = letter.key
                    continue
                first_key = letter.key if first_key is None else first_key
                if len(chosen) >= room or lane in busy:
                    is_left_over = True
                    continue
                chosen.append(letter)
                if lane in self._holds:
                    busy_trials.add(lane)
                elif one_by_one and lane not in UNORDERED:
                    busy.add(lane)
            if len(letters) < reach or first_key is not None:
                seen_all = len(letters) < reach and not is_left_over
                return Next(letters=chosen, given_up=given_up, first_key=first_key, seen="all" if seen_all else "use")
        return Next(letters=chosen, given_up=given_up, first_key=None, seen="held")

    def on_trial(self, lane: str, hold: Hold, sent: Mapping[int, str]) -> Letter | None:
        """Return the letter behind which a lane waits, None where it waits no more."""
        if lane == HEARTBEATS:
            return self._waiting_heartbeat(sent)
        found = self._records((), 1, hold.key - 1)
        return found[0] if found and found[0].key == hold.key else None

    def rewind(self) -> None:
        """Look at all letters again: a lane is held no longer, or one comes back that was under way."""
        self._held_up_to = 0

    def _beginning(self) -> int:
        """Return the key behind which to look: below it all are held, unless a file with older ones has come back."""
        comebacks = self._outbox.comebacks
        if comebacks != self._comebacks:
            self._comebacks = comebacks
            self.rewind()
        return self._held_up_to

    def _records(self, sent: Container[int], limit: int, after: int) -> list[Letter]:
        waiting = self._outbox.pending(sent, limit, after)
        return [one for one in waiting if not isinstance(one.message, Heartbeat)]

    def _waiting_heartbeat(self, sent: Mapping[int, str]) -> Letter | None:
        return next((one for one in self._outbox.pending(sent, 0) if isinstance(one.message, Heartbeat)), None)
