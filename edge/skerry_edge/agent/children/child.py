"""A pipelines' process: opens a line for each pipeline that it is given, and runs each in a thread of its own."""

from __future__ import annotations

import faulthandler
import importlib
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig, SyntheticPipeline, WakeWordPipeline
from skerry_edge.agent.line.blame import blame_of
from skerry_edge.agent.line.link import Link
from skerry_edge.foundation.bound_life import die_with_parent
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.foundation.redaction import RedactingFormatter

_log = logging.getLogger(__name__)
PIPELINES: dict[type[PipelineConfig], str] = {
    DetectionPipeline: "skerry_edge.agent.pipelines.detection",
    WakeWordPipeline: "skerry_edge.agent.pipelines.wakeword",
    SyntheticPipeline: "skerry_edge.agent.pipelines.synthetic",
}
"""Where each kind of pipeline lives: a module with ``run(config, link)``, imported only in the child that runs it."""

Run = Callable[[Any, Link], None]


def main() -> int:
    """Run as `python -m skerry_edge.agent.children.child DESCRIPTOR PARENT_PID`; return the exit code."""
    descriptor, parent_pid = (int(argument) for argument in sys.argv[1:3])
    die_with_parent(parent_pid)
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    faulthandler.enable()
    links: list[Link] = []

    def stop_all(number: int, frame: object) -> None:  # noqa: ARG001  # a signal handler's signature
        for link in links:
            link.tell_to_stop()

    signal.signal(signal.SIGTERM, stop_all)
    serve(control, links)
    return 0


def serve(control: socket.socket, links: list[Link]) -> None:
    """Take lines from the parent until it closes ``control``; each starts a pipeline, and is added to ``links``.

    A message with a descriptor brings a line. One without is the number of the line whose pipeline is to stop, or a
    new level for the log.
    """
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 16, 1)
        if descriptors:
            line = socket.socket(fileno=descriptors[0])
            line.set_inheritable(False)
            links.append(Link(line))
            threading.Thread(target=run_pipeline, args=(links[-1],), daemon=True).start()
        elif message.isdigit():
            links[int(message)].tell_to_stop()
        elif message:
            logging.getLogger().setLevel(message.decode())
        else:
            return


def run_pipeline(link: Link) -> None:
    """Run what the parent says over ``link``, tell how it ended and hang up."""
    try:
        _run(link)
    except (BrokenPipeError, ConnectionResetError):
        return  # the parent has hung up, and with it whoever wanted the answer
    finally:
        link.close()


def _run(link: Link) -> None:
    try:
        start = link.receive_start()
        threading.current_thread().name = start.pipeline.name
        _configure_logging(start.log_level)
        module = importlib.import_module(PIPELINES[type(start.pipeline)])
        run: Run = module.run
        run(start.pipeline, link)
        link.ended()
    except SkerryError as error:
        link.failed(str(error), blame_of(error, is_ready=link.is_ready))
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001  # the thread's outermost loop: the parent is told, and starts anew
        _log.exception("the pipeline failed")
        link.failed(f"a fault in the pipeline: {type(error).__name__}: {error}", "backend")


def _configure_logging(level: str) -> None:
    """Log to stderr without a time: the parent adds it when it passes the line on, and reads the level from it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter("%(levelname)s %(threadName)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)


if __name__ == "__main__":
    sys.exit(main())
