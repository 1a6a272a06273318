"""Which pipelines may not listen, and until when: kept on disk, so that no restart opens an ear that was closed."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.contracts.messages import UnixMs
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError
from skerry_edge.foundation.wall_clock import unix_ms

_log = logging.getLogger(__name__)
FILE = "mutes.json"
MAX_MINUTES = 7 * 24 * 60
_MAX_BYTES = 64 * 1024


class KeptMute(Struct, frozen=True, kw_only=True):
    """One pipeline's silence on disk: ``minutes`` from its beginning to ``until_ms``; without them it has no end."""

    minutes: Annotated[int, Meta(ge=1, le=MAX_MINUTES)] | None = None
    until_ms: UnixMs | None = None


_kept: msgspec.json.Decoder[dict[str, KeptMute]] = msgspec.json.Decoder(dict[str, KeptMute])


def remaining_s(kept: KeptMute, now_ms: int) -> float:
    """Return how long a kept silence still lasts; never longer than it was ordered for, whatever the clock says now."""
    if kept.minutes is None or kept.until_ms is None:
        return NEVER_S
    return min(kept.minutes * 60.0, max(0.0, (kept.until_ms - now_ms) / 1e3))


class Mutes:
    """The silences of a device; used by one thread. A running one is timed by the monotonic clock."""

    def __init__(self, files: StateFiles, ears: Sequence[str]) -> None:
        """Take up what was kept; ``ears`` are the names of the pipelines that listen.

        Where that cannot be read, all of them are muted until they are told otherwise: an ear that is open against an
        order is worse than one that is closed, and each heartbeat tells.
        """
        self._files = files
        all_muted = dict.fromkeys(ears, KeptMute())
        self._kept = files.read(FILE, _kept.decode, max_bytes=_MAX_BYTES, absent={}, damaged=all_muted)
        self._is_unread = files.is_unread(FILE)
        if self._kept is all_muted:
            files.tell("every wake-word pipeline is muted until it is unmuted: who was is not known any more")
            try:
                self.keep()
            except ReachError as error:
                _log.warning("%s", error)  # the next start finds no file to read, or the same one
        now_s, now_ms = time.monotonic(), unix_ms()
        self._until_s = {name: now_s + remaining_s(kept, now_ms) for name, kept in self._kept.items()}

    def is_muted(self, pipeline: str) -> bool:
        """Tell whether a pipeline must neither keep nor judge what it hears."""
        return pipeline in self._until_s

    def mute(self, pipelines: Sequence[str], minutes: int | None) -> None:
        """Close the ears of pipelines, for 1 to MAX_MINUTES or until `unmute`.

        Raises ReachError where the disk does not take it: then it holds until the agent ends.
        """
        lasts_s = NEVER_S if minutes is None else minutes * 60.0
        until_ms = None if minutes is None else unix_ms() + minutes * 60_000
        self._until_s |= dict.fromkeys(pipelines, time.monotonic() + lasts_s)
        self._kept |= dict.fromkeys(pipelines, KeptMute(minutes=minutes, until_ms=until_ms))
        self._order()

    def unmute(self, pipelines: Sequence[str]) -> None:
        """Let pipelines listen again. Raises ReachError where the disk does not take it."""
        for name in pipelines:
            self._until_s.pop(name, None)
            self._kept.pop(name, None)
        self._order()

    def act(self, now_s: float) -> float:
        """End the silences whose time is over (see Duty)."""
        over = [name for name, until_s in self._until_s.items() if now_s >= until_s]
        if over:
            _log.info("listening again: %s", ", ".join(over))
            try:
                self.unmute(over)
            except ReachError as error:
                _log.warning("%s", error)  # it is over by the clock, too: the next start reads that
        return min(self._until_s.values(), default=NEVER_S)

    def keep(self) -> None:
        """Have what holds on disk once more, where that lost it. Raises ReachError where the disk does not take it.

        Orders that could not be read stay where they are until there is another order: the next start may read them.
        """
        if not (self._is_unread and (self._files.folder / FILE).exists()):
            self._save()

    def _order(self) -> None:
        """Keep what an order has changed, in the place of whatever could not be read. Raises ReachError."""
        self._is_unread = False
        self._save()

    def _save(self) -> None:
        write_atomic(self._files.folder / FILE, msgspec.json.encode(self._kept), mode=0o600)
