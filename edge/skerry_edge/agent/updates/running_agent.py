"""Which agent runs for a state directory, as another process on the machine sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skerry_edge import __version__
from skerry_edge.agent.life.lock import holder_of
from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota.launcher import BASE
from skerry_edge.ota.slots.slots import Slots
from skerry_edge.ota.slots.start import running_slot

_PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningAgent:
    """An agent that its launcher has started, so that it can be updated; without a ``counter`` it was installed."""

    version: str
    counter: int | None = None


def running_agent(state_dir: Path) -> RunningAgent | None:
    """Return the agent that runs; None where none does, or one without a launcher, which has no slots.

    Raises ReachError where its process belongs to somebody else.
    """
    holder = holder_of(state_dir)
    slot = running_slot(_environment(holder)) if holder is not None and holder.isdecimal() else None
    if slot is None:
        return None
    slots = Slots(state_dir)
    if slot == BASE:
        # Whoever asks is called by the program's own name, so it is the one that was installed, too.
        return RunningAgent(version=slots.installed_version or __version__)
    kept = slots.kept(slot)
    return RunningAgent(version=kept.version, counter=kept.counter) if kept is not None else None


def _environment(process: str) -> dict[str, str]:
    path = _PROC / process / "environ"
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    except OSError as error:
        todo = "run it as the agent's user or as root"
        raise ReachError("cannot see how the agent runs", where=str(path), found=error.strerror, todo=todo) from error
    pairs = (one.partition("=") for one in raw.decode(errors="surrogateescape").split("\0") if "=" in one)
    return {key: value for key, _, value in pairs}
