"""The synthetic pipeline: events without a model, and the faults of real pipelines on demand.

The environment variable SKERRY_TALLY names a folder where each child notes the last event that it sent, in a file
`PIPELINE-PID` that holds its number and its time (Unix ms): what a killed child had sent must arrive all the same.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from skerry_edge import __version__
from skerry_edge.agent.config.pipelines import SyntheticPipeline
from skerry_edge.agent.line.link import Link
from skerry_edge.backends.errors import ModelFileError
from skerry_edge.foundation.errors import ReachError, VerdictError
from skerry_edge.foundation.wall_clock import unix_ms

BEAT_S = 0.2
TALLY_VARIABLE = "SKERRY_TALLY"
_BOX = (0.25, 0.25, 0.75, 0.75)


def run(config: SyntheticPipeline, link: Link) -> None:
    """Send events at the configured rate until told to stop; fail where the configuration says so."""
    link.reached("model")
    if config.fault == "stall" and _is_due(config):
        _hang()
    if config.fault == "refuse" and _is_due(config):
        raise ModelFileError("the synthetic model refuses to load")
    link.ready(
        model=config.name, model_version=__version__, backend=config.backends[0] if config.backends else "synthetic"
    )
    note_sent = _tally(config)
    period_s = 1.0 / config.events_per_s
    sent = 0
    due_s = time.monotonic()
    while not link.stop.is_set():
        wait_s = due_s - time.monotonic()
        if wait_s > 0:
            link.stop.wait(min(wait_s, BEAT_S))
            link.progress()
            continue
        if config.limit and sent >= config.limit:
            due_s = time.monotonic() + BEAT_S
            continue
        sent += 1
        note_sent(sent, _send(config, link, sent))
        due_s += period_s
        if config.fault not in ("none", "refuse", "stall") and config.fault_after and sent % config.fault_after == 0:
            _fail(config, link)


def _send(config: SyntheticPipeline, link: Link, number: int) -> int:
    """Send an event, and return its time in Unix ms."""
    began_s, ts_ms = time.perf_counter(), unix_ms()
    link.find(
        "detection",
        config.label,
        ts_ms=ts_ms,
        score=1.0,
        box=_BOX,
        latency_ms=0.0,
        message=str(number),
    )
    link.progress(frames=1, stages_ms={"end_to_end": (time.perf_counter() - began_s) * 1e3})
    return ts_ms


def _tally(config: SyntheticPipeline) -> Callable[[int, int], object]:
    """Return what notes that an event, by number and time, was sent. Raises ReachError."""
    folder = os.environ.get(TALLY_VARIABLE)
    if not folder:
        return lambda _number, _ts_ms: None
    path = Path(folder, f"{config.name}-{os.getpid()}")
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    except OSError as error:
        raise ReachError("cannot keep a tally", where=str(path), found=error.strerror) from error
    return lambda number, ts_ms: os.pwrite(descriptor, f"{number:10} {ts_ms:13}\n".encode(), 0)


def _is_due(config: SyntheticPipeline) -> bool:
    """Tell whether the fault happens now; with a marker it happens to the first child only."""
    if config.faulty_backends and not set(config.backends) & set(config.faulty_backends):
        return False
    if config.fault_marker is None:
        return True
    try:
        Path(config.fault_marker).touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError as error:
        raise ReachError("cannot mark the fault", where=config.fault_marker, found=error.strerror) from error
    return True


def _fail(config: SyntheticPipeline, link: Link) -> None:
    if not _is_due(config):
        return
    if config.fault == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif config.fault == "error":
        raise VerdictError("the synthetic pipeline fails as it was told")
    elif config.fault == "babble":
        link.send_line(b"this is no message\n")
    _hang()


def _hang() -> None:
    """Answer no more: it is the parent's turn to do something about it."""
    threading.Event().wait()
