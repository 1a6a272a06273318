"""How an agent's lives went, as somebody beside it sees: from its journal and the process that holds its state."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from skerry_edge.agent.life.lives import JOURNAL, Journal, Lives, read_journal
from skerry_edge.agent.life.lock import holder_of


def life_fields(state_dir: Path) -> dict[str, object]:
    """Return the heartbeat's fields about the agent's lives; of one that runs, its current life counts.

    What cannot be told, because its process is not to be seen, is left out.
    """
    journal = read_journal(state_dir / JOURNAL)
    if journal is None:
        return {}
    holder = holder_of(state_dir)
    if holder is None:
        return _fields(journal)
    lived_s = _age_s(holder)
    if lived_s is None:
        return {name: value for name, value in _fields(journal).items() if name != "crash_free_s"}
    return Lives(journal=journal, began_s=0.0).fields(lived_s)


def _fields(journal: Journal) -> dict[str, object]:
    return {name: getattr(journal, name) for name in ("agent_crashes", "reboots_unexpected", "crash_free_s")}


def _age_s(process_id: str) -> float | None:
    """Return for how many seconds a process has run, None where it cannot be seen."""
    try:
        began_s = float(psutil.Process(int(process_id)).create_time())
    except (ValueError, psutil.Error):
        return None
    return max(0.0, time.time() - began_s)
