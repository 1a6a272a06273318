"""A job in a process of its own: a runtime that crashes or hangs ends that process, and here it is an error."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import IO, Any

from skerry_edge.foundation.errors import SkerryError
from skerry_edge.foundation.module_program import module_command
from skerry_edge.foundation.signal_names import signal_name

_MAX_WORDS = 400
_LINGER_S = 10.0


class CrashError(SkerryError):
    """The process ended before its job was done, or gave nothing for too long."""


@dataclass(frozen=True, slots=True)
class _Result:
    value: Any


@dataclass(frozen=True, slots=True)
class _End:
    error: SkerryError | None


def run_apart(module: str, job: object, *, stall_s: float) -> Generator[Any, None, None]:
    """Run ``module`` as a program, give it ``job``, and yield its results as they come.

    The module calls `serve` with its function. Raises the SkerryError that the function raised, and CrashError with the
    process's last words where it died, or gave nothing for ``stall_s`` seconds (0 waits for ever). The process never
    outlives this generator.
    """
    with _process(module, job) as connection:
        yield from _results(connection, stall_s)


def converse(module: str, job: object, *, stall_s: float) -> Generator[Any, Any, None]:
    """Run ``module`` as `run_apart` does, but let it answer: what is sent into this generator is its next question.

    The module calls `serve_answers`. The first result comes unasked, then one for each question. Raises as `run_apart`.
    """
    with _process(module, job) as connection:
        for value in _results(connection, stall_s):
            connection.send((yield value))


def serve(descriptor: int, work: Callable[[Any], Iterator[Any]]) -> None:
    """Be the other process: take the job from ``descriptor``, and send what ``work`` yields, or its error."""
    connection = Connection(descriptor)
    try:
        for value in work(connection.recv()):
            connection.send(_Result(value))
    except SkerryError as error:
        connection.send(_End(error))
    else:
        connection.send(_End(None))


def serve_answers(descriptor: int, work: Callable[[Any], Generator[Any, Any, None]]) -> None:
    """Be the other process of `converse`: what ``work`` yields is an answer, and what it gets back is a question.

    It waits for the next question without doing anything; the asking process ends it.
    """
    connection = Connection(descriptor)
    try:
        answers = work(connection.recv())
        value = next(answers)
        while True:
            connection.send(_Result(value))
            value = answers.send(connection.recv())
    except StopIteration:
        connection.send(_End(None))
    except SkerryError as error:
        connection.send(_End(error))


@contextmanager
def _process(module: str, job: object) -> Iterator[Connection]:
    """Run ``module`` and give the line to it, with the job already sent; however the body ends, so does the process."""
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryFile() as chatter, ours:
        with theirs:
            process = _start(module, theirs, chatter)
        connection = Connection(ours.detach())
        try:
            connection.send(job)
            yield connection
        except (EOFError, ConnectionError) as error:
            raise CrashError("the process crashed", found=_last_words(chatter, _ended(process))) from error
        finally:
            connection.close()
            _stop(process)


def _results(connection: Connection, stall_s: float) -> Iterator[Any]:
    while True:
        if not connection.poll(stall_s or None):
            raise CrashError(
                f"the process gave nothing for {stall_s:g} s", todo="raise --stall if the machine is only slow"
            )
        message: _Result | _End = connection.recv()
        if isinstance(message, _Result):
            yield message.value
        elif message.error is not None:
            raise message.error
        else:
            return


def _start(module: str, end: socket.socket, chatter: IO[bytes]) -> subprocess.Popen[bytes]:
    descriptor = end.fileno()
    return subprocess.Popen(
        module_command(module, str(descriptor)),
        pass_fds=(descriptor,),
        stdin=subprocess.DEVNULL,
        stdout=chatter,
        stderr=chatter,
    )


def _ended(process: subprocess.Popen[bytes]) -> int:
    """Return the exit code of a process whose end of the line is closed; one that lingers all the same is killed."""
    try:
        return process.wait(_LINGER_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()


def _last_words(chatter: IO[bytes], code: int) -> str:
    chatter.seek(0, os.SEEK_END)
    chatter.seek(max(0, chatter.tell() - 8 * _MAX_WORDS))
    lines = [line.strip() for line in chatter.read().decode("utf-8", "replace").splitlines() if line.strip()]
    ended = f"ended by {signal_name(-code)}" if code < 0 else f"exit code {code}"
    return f"{ended}: {'; '.join(lines[-3:])[-_MAX_WORDS:]}" if lines else ended
