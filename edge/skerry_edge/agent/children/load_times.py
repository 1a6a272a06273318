"""How long models took to load on this device, kept over a restart.

The first load after the machine's start reads from the disk what later ones find in memory, so both are kept apart: a
later one may be expected to take no longer than a first one, and not the other way round.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from skerry_edge.agent.life.state_files import StateFiles, unread
from skerry_edge.agent.line.protocol import Stage
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError

_log = logging.getLogger(__name__)
FILE = "load-times.json"
MAX_KEPT = 8
"""The longest of the last so many loads is the usual one: a single quick one proves little."""
MAX_MODELS = 64
_MAX_BYTES = 1 << 20

Seconds = Annotated[float, Meta(ge=0.0, le=86400.0)]
Load = dict[Stage, Seconds]


class Loads(Struct, frozen=True, kw_only=True):
    """The last loads of one model on one backend; ``boot`` is the machine's start in which the newest one was."""

    boot: Annotated[str, Meta(max_length=64)]
    first: Annotated[tuple[Load, ...], Meta(max_length=MAX_KEPT)] = ()
    later: Annotated[tuple[Load, ...], Meta(max_length=MAX_KEPT)] = ()


def usual_s(loads: Loads, boot: str) -> Load:
    """Return how long each stage of the next load may be expected to take, in the machine's start ``boot``."""
    known = loads.first if loads.boot != boot else loads.later or loads.first
    return {stage: max(load.get(stage, 0.0) for load in known) for stage in {one for load in known for one in load}}


def with_load(loads: Loads, boot: str, load: Mapping[Stage, float]) -> Loads:
    """Return the loads with one more, in the machine's start ``boot``."""
    kept = {stage: min(86400.0, round(took_s, 3)) for stage, took_s in load.items()}
    if loads.boot != boot:
        return replace(loads, boot=boot, first=(*loads.first, kept)[-MAX_KEPT:])
    return replace(loads, later=(*loads.later, kept)[-MAX_KEPT:])


_kept: msgspec.json.Decoder[dict[str, Loads]] = msgspec.json.Decoder(dict[str, Loads])


class LoadTimes:
    """Knows how long to wait for a model; used by one thread.

    To take a load for hung is a bet on what was learned. Where it was made, it is not made again for this model before
    a load has succeeded or the agent is started anew: a disk that has become slower must not keep a model from loading.
    """

    def __init__(self, files: StateFiles, *, boot: str) -> None:
        """Read what earlier runs learned, in the machine's start ``boot``; what cannot be read is learned anew."""
        self._files = files
        self._boot = boot
        self._loads = self._earlier()
        self._lost_bets: set[str] = set()

    def _earlier(self) -> dict[str, Loads]:
        return self._files.read(FILE, _kept.decode, max_bytes=_MAX_BYTES, absent={}, damaged={})

    def usual_s(self, model: str) -> Load:
        """Return how long each stage of loading ``model`` may be expected to take; nothing where that is not known."""
        loads = self._loads.get(model)
        return {} if loads is None or model in self._lost_bets else usual_s(loads, self._boot)

    def note(self, model: str, load: Mapping[Stage, float]) -> None:
        """Learn from a load that succeeded."""
        self._lost_bets.discard(model)
        if self._files.is_unread(FILE):
            self._loads = self._earlier() | self._loads
        # Taken out and put in again: those that were not loaded for longest are the first to be forgotten.
        loads = self._loads.pop(model, Loads(boot=""))
        self._loads[model] = with_load(loads, self._boot, load)
        while len(self._loads) > MAX_MODELS:
            del self._loads[next(iter(self._loads))]
        try:
            if self._files.is_unread(FILE):
                raise unread(self._files, FILE)
            write_atomic(self._files.folder / FILE, msgspec.json.encode(self._loads))
        except ReachError as error:
            _log.warning("how long a model loads is not kept: %s", error)

    def note_hung(self, model: str) -> None:
        """Bet no more on what was learned of a model, until it has loaded."""
        self._lost_bets.add(model)
