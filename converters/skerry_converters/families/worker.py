"""The process that `make_apart` starts: one target, then the end."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection

from skerry_converters.accuracy.search import LOGGER
from skerry_converters.families.apart import Job, Step
from skerry_converters.families.base import Emitted, FloatArray
from skerry_converters.families.registry import TARGETS
from skerry_edge.foundation.errors import ReachError, SkerryError


def main(descriptor: int) -> None:
    """Make the target that the other end of ``descriptor`` asks for and send it, or the error that it raised."""
    connection = Connection(descriptor)
    job: Job = connection.recv()
    samples = None if job.sample_count is None else AskedSamples(connection, job.sample_count)
    LOGGER.setLevel(logging.INFO)
    LOGGER.addHandler(_Told(connection))
    LOGGER.propagate = False
    connection.send(_outcome(job, samples))


class _Told(logging.Handler):
    """Sends what a search says of its steps."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self._connection = connection

    def emit(self, record: logging.LogRecord) -> None:
        self._connection.send(Step(what=record.getMessage()))


def _outcome(job: Job, samples: AskedSamples | None) -> Emitted | SkerryError:
    try:
        return TARGETS[job.target].make(job.source, samples, job.folder, job.goal)
    except SkerryError as error:
        return error
    except OSError as error:
        return ReachError(
            f"cannot write the files of '{job.target}'",
            where=str(job.folder),
            found=error.strerror or type(error).__name__,
            todo="check space and permissions",
        )


class AskedSamples:
    """Samples that the process at the other end reads, asked for one at a time."""

    def __init__(self, connection: Connection, count: int) -> None:
        self._connection = connection
        self._count = count

    def __len__(self) -> int:
        """Return the number of samples of one pass."""
        return self._count

    def __iter__(self) -> Iterator[FloatArray]:
        """Ask for the samples from the first on; only the newest of these passes may go on."""
        self._connection.send("begin")
        while True:
            self._connection.send("next")
            sample: FloatArray | None = self._connection.recv()
            if sample is None:
                return
            yield sample


if __name__ == "__main__":
    main(int(sys.argv[1]))
