"""A target made in a process of its own: memory goes back when it ends, a crash is an error, bytes are the same.

TensorFlow keeps hundreds of megabytes once it is imported, aborts the process on some networks, and writes to stderr
below Python; several tools order what they write by Python's hashes, which differ from process to process.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

from skerry_converters.accuracy.recipe import Goal
from skerry_converters.families.base import Emitted, FloatArray, Samples
from skerry_converters.sources.base import SourceModel
from skerry_converters.temporary_space import shortage
from skerry_edge.foundation.errors import DataError, SkerryError
from skerry_edge.foundation.module_program import module_command

ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KERAS_BACKEND": "tensorflow",
    # ONNX Runtime's quantizer imports it as well; see `import_onnxruntime`.
    "ORT_DISABLE_TELEMETRY": "1",
    # A folder that cannot be: Keras would read a person's settings in it, or write some where there are none.
    "KERAS_HOME": os.devnull,
    # Files are written for other machines, and the same ones on each: no graphics card takes part.
    "CUDA_VISIBLE_DEVICES": "-1",
    # glibc keeps what is freed in blocks of up to 32 MB, as large as a layer's weights: from 1 MB on give it back.
    "MALLOC_MMAP_THRESHOLD_": "1048576",
}
MAX_WORDS = 400
SampleProgress = Callable[[int, int], None]
"""Called with the number of samples that were read since the target began, and how many one pass has."""
StepProgress = Callable[[str], None]
"""Called with what a search is doing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What the other process is told first; ``sample_count`` is None where there are no samples."""

    target: str
    source: SourceModel
    folder: Path
    sample_count: int | None
    goal: Goal | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What the other process tells of a search."""

    what: str


def make_apart(
    target: str,
    source: SourceModel,
    samples: Samples | None,
    folder: Path,
    *,
    goal: Goal | None = None,
    on_sample: SampleProgress = lambda _read, _count: None,
    on_step: StepProgress = lambda _what: None,
) -> Emitted:
    """Make a target of the registry in a process of its own; the files lie in ``folder``.

    ``samples`` are read here, one at a time as the other process asks. ``goal`` is that of `Target.make`. Raises what
    `Target.make` raises, and where the process died ReachError for a full disk, else DataError with its last words. It
    never outlives this call.
    """
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryFile() as chatter, ours:
        with theirs:
            process = _start(theirs, chatter)
        connection = Connection(ours.detach())
        try:
            connection.send(Job(target=target, source=source, folder=folder, sample_count=_count(samples), goal=goal))
            return _serve(connection, samples, on_sample, on_step)
        except (EOFError, ConnectionError) as error:
            code = process.wait()
            raise shortage(folder) or DataError(
                f"making '{target}' ended with a crash", where=source.facts.where, found=_last_words(chatter, code)
            ) from error
        finally:
            connection.close()
            _stop(process)


def _start(end: socket.socket, chatter: IO[bytes]) -> subprocess.Popen[bytes]:
    descriptor = end.fileno()
    return subprocess.Popen(
        module_command("skerry_converters.families.worker", str(descriptor)),
        env={**os.environ, **ENVIRONMENT},
        pass_fds=(descriptor,),
        stdin=subprocess.DEVNULL,
        stdout=chatter,
        stderr=chatter,
        start_new_session=True,
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Kill the process with those that it started, if it still runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _count(samples: Samples | None) -> int | None:
    return None if samples is None else len(samples)


def _serve(
    connection: Connection, samples: Samples | None, on_sample: SampleProgress, on_step: StepProgress
) -> Emitted:
    """Answer the process' requests for samples until it sends its result or error."""
    left: Iterator[FloatArray] = iter(())
    read = 0
    while True:
        match connection.recv():
            case "begin":
                left = iter(samples if samples is not None else ())
            case "next":
                sample = next(left, None)
                connection.send(sample)
                if sample is not None:
                    read += 1
                    on_sample(read, _count(samples) or 0)
            case Step(what=what):
                on_step(what)
            case SkerryError() as error:
                raise error
            case Emitted() as emitted:
                return emitted


def _last_words(chatter: IO[bytes], code: int) -> str:
    chatter.seek(0, os.SEEK_END)
    chatter.seek(max(0, chatter.tell() - 8 * MAX_WORDS))
    lines = [line.strip() for line in chatter.read().decode("utf-8", "replace").splitlines() if line.strip()]
    ended = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    return f"{ended}: {'; '.join(lines[-3:])[-MAX_WORDS:]}" if lines else ended
