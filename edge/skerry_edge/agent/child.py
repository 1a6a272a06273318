"""A pipeline's process: takes its order, runs the pipeline, and says how it ended."""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig, SyntheticPipeline, WakeWordPipeline
from skerry_edge.agent.link import Link
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.foundation.redaction import RedactingFormatter

_log = logging.getLogger(__name__)
_PR_SET_PDEATHSIG = 1
PIPELINES: dict[type[PipelineConfig], str] = {
    DetectionPipeline: "skerry_edge.agent.pipelines.detection",
    WakeWordPipeline: "skerry_edge.agent.pipelines.wakeword",
    SyntheticPipeline: "skerry_edge.agent.pipelines.synthetic",
}
"""Where each kind of pipeline lives: a module with ``run(config, link)``, imported only in the child that runs it."""

Run = Callable[[Any, Link], None]


def main() -> int:
    """Run as `python -m skerry_edge.agent.child DESCRIPTOR PARENT_PID`; return the exit code."""
    descriptor, parent_pid = (int(argument) for argument in sys.argv[1:3])
    die_with_parent(parent_pid)
    line = socket.socket(fileno=descriptor)
    line.set_inheritable(False)
    link = Link(line)
    signal.signal(signal.SIGTERM, lambda number, frame: link.stop.set())  # noqa: ARG005  # a signal handler's signature
    faulthandler.enable()
    try:
        return _run(link)
    except (BrokenPipeError, ConnectionResetError):
        return 0  # the parent is gone, and with it whoever wanted the answer


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent ends, however that ends, even while this one is stuck.

    The parent may have died before the call; then this process ends now. See prctl(2).
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        sys.exit(0)


def _run(link: Link) -> int:
    try:
        start = link.receive_start()
        _configure_logging(start.log_level)
        module = importlib.import_module(PIPELINES[type(start.pipeline)])
        run: Run = module.run
        run(start.pipeline, link)
        link.ended()
    except SkerryError as error:
        link.failed(str(error))
        return error.exit_code
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001  # the process's outermost loop: the parent is told, and starts anew
        _log.exception("the pipeline failed")
        link.failed(f"a fault in the pipeline: {type(error).__name__}: {error}")
        return 1
    return 0


def _configure_logging(level: str) -> None:
    """Log to stderr without a time: the parent adds it when it passes the line on, and reads the level from it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)


if __name__ == "__main__":
    sys.exit(main())
