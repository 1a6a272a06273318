"""Samples made by other processes, ahead of their use, and given out in the order of their numbers.

A process is started with one end of a socket pair. It writes sample after sample and waits where nobody reads; where
this process dies, writing fails and it ends, too.
"""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import IO, Literal

from skerry_converters.training.samples import Sample, SampleSource
from skerry_edge.foundation.errors import DataError, SkerryError
from skerry_edge.foundation.module_program import module_command

AHEAD = 16
"""Samples of each process that wait here, about 8 MB at 416 pixels."""
MAX_WORDS = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What a process is told first: to make the samples ``start``, ``start + stride``, … at the network's size."""

    source: SampleSource
    side_px: int
    resize: Literal["stretch", "letterbox"]
    start: int
    stride: int


@contextmanager
def producers(
    source: SampleSource, *, side_px: int, resize: Literal["stretch", "letterbox"], count: int, start: int = 0
) -> Iterator[Producers]:
    """Have ``count`` processes make the samples of ``source`` from number ``start`` on; they end with the body."""
    with ExitStack() as stack:
        orders = [
            Order(source=source, side_px=side_px, resize=resize, start=start + place, stride=count)
            for place in range(count)
        ]
        yield Producers([stack.enter_context(closing(_Worker(order))) for order in orders])


class Producers:
    """Endless samples, in the order of their numbers."""

    def __init__(self, workers: Sequence[_Worker]) -> None:
        self._workers = workers
        self._given = 0

    def next(self) -> Sample:
        """Return the next sample. Raises what making it raised, and DataError where its process died."""
        worker = self._workers[self._given % len(self._workers)]
        self._given += 1
        return worker.next()


class _Worker:
    """One process, and the thread that empties its socket: that holds less than one sample."""

    def __init__(self, order: Order) -> None:
        ours, theirs = socket.socketpair()
        self._chatter: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close()
        with theirs:
            self._process = subprocess.Popen(
                module_command("skerry_converters.training.producing", str(theirs.fileno())),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=self._chatter,
                stderr=self._chatter,
                # Ctrl-C is for the process that trains; these end with it.
                start_new_session=True,
            )
        self._connection = Connection(ours.detach())
        self._made: queue.Queue[Sample | SkerryError | None] = queue.Queue(maxsize=AHEAD)
        self._connection.send(order)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def next(self) -> Sample:
        match self._made.get():
            case Sample() as sample:
                return sample
            case SkerryError() as error:
                raise error
            case _:
                raise DataError("a process that makes training pictures died", found=self._last_words())

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        # The reader may wait for room, or for the end of the process.
        while self._reader.is_alive():
            with suppress(queue.Empty):
                self._made.get(timeout=0.05)
        self._connection.close()
        self._chatter.close()

    def _read(self) -> None:
        while True:
            try:
                item: Sample | SkerryError | None = self._connection.recv()
            except (EOFError, OSError):
                item = None
            self._made.put(item)
            if not isinstance(item, Sample):
                return

    def _last_words(self) -> str:
        code = self._process.wait()
        self._chatter.seek(0, os.SEEK_END)
        self._chatter.seek(max(0, self._chatter.tell() - 8 * MAX_WORDS))
        lines = [line.strip() for line in self._chatter.read().decode("utf-8", "replace").splitlines() if line.strip()]
        ended = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        return f"{ended}: {'; '.join(lines[-3:])[-MAX_WORDS:]}" if lines else ended
