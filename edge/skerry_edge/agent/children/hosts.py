"""Which pipeline runs in which child process: each in one of its own, those of an exclusive accelerator in one."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from selectors import EVENT_READ, BaseSelector

from skerry_edge.agent.children.log_lines import level_of
from skerry_edge.agent.children.process import ChildProcess
from skerry_edge.agent.config.checks import reads_stdin
from skerry_edge.agent.line.line import Line
from skerry_edge.agent.line.protocol import Start
from skerry_edge.backends.registry import shared_accelerator


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """The end of a process under a pipeline: ``how`` it ended, and for whose sake where the parent ended it."""

    how: str
    culprit: str | None


class Host:
    """A child process, its log, and the seats of the pipelines in it. Raises OSError where it cannot be started."""

    def __init__(self, name: str, *, stdin: int | None, environment: Mapping[str, str], selector: BaseSelector) -> None:
        self._log = logging.getLogger(f"skerry_edge.pipeline.{name}")
        self._selector = selector
        self._process = ChildProcess(stdin=stdin, environment=environment)
        self._seats: list[Seat] = []
        self._is_open = True
        selector.register(self._process.log, EVENT_READ, self._read_log)

    @property
    def pid(self) -> int | None:
        """The child's process id, None once it has ended."""
        return self._process.pid if self._is_open else None

    @property
    def is_shared(self) -> bool:
        """Whether more than one pipeline runs in it."""
        return len(self._seats) > 1

    def seat(self, start: Start, *, on_readable: Callable[[], None], on_lost: Callable[[Loss], None]) -> Seat:
        """Begin one more pipeline; ``on_readable`` serves its line. Raises OSError."""
        try:
            number, line = self._process.open_line()
        except OSError:
            self._end_if_empty()
            raise
        line.send(start)
        seat = Seat(self, number, line, start.pipeline.name, on_lost)
        self._seats.append(seat)
        self._selector.register(line, EVENT_READ, on_readable)
        return seat

    def stop(self, seat: Seat) -> None:
        """Ask the pipeline of a seat to end."""
        if self._is_open:
            self._process.stop_line(seat.number)

    def set_log_level(self, level: str) -> None:
        """Have the process log from this level on."""
        if self._is_open:
            self._process.set_log_level(level)

    def leave(self, seat: Seat) -> None:
        """Hang up on the pipeline of a seat; with the last one the process ends."""
        if seat in self._seats:
            self._seats.remove(seat)
            self._selector.unregister(seat.line)
            seat.line.close()
            self._end_if_empty()

    def _end_if_empty(self) -> None:
        if not self._seats:
            self.end(None)

    def end(self, culprit: str | None) -> None:
        """Kill what is left of the process; the pipelines in it are told, once, how it ended.

        ``culprit`` is the pipeline that it is killed for, None where it ended by itself.
        """
        if not self._is_open:
            return
        self._is_open = False
        self._process.kill()
        how = self._process.reap() or "closed its pipe and does not end"
        if self._process.log in self._selector.get_map():
            self._selector.unregister(self._process.log)
        self._pass_on(self._process.remaining_log())
        for seat in list(self._seats):
            seat.on_lost(Loss(how=how, culprit=culprit))
            self.leave(seat)
        self._process.close()

    def _read_log(self) -> None:
        lines = self._process.read_log()
        if lines is None:
            self._selector.unregister(self._process.log)
        self._pass_on(lines or [])

    def _pass_on(self, lines: list[str]) -> None:
        for line in lines:
            self._log.log(level_of(line), "%s", line)


@dataclass(frozen=True, slots=True, eq=False)
class Seat:
    """The place of one pipeline in a child process."""

    host: Host
    number: int
    line: Line
    pipeline: str
    on_lost: Callable[[Loss], None]

    def stop(self) -> None:
        """Ask the pipeline to end."""
        self.host.stop(self)

    def leave(self) -> None:
        """Hang up on the pipeline; harmless when that is done."""
        self.host.leave(self)

    def kill(self) -> None:
        """End the process because of this pipeline, and with it all others in it."""
        self.host.end(self.pipeline)

    def end_host(self) -> None:
        """End the process, which has hung up on this pipeline without a word."""
        self.host.end(None)


class Hosts:
    """Gives each pipeline its seat."""

    def __init__(self, *, environment: Mapping[str, str], selector: BaseSelector) -> None:
        """Prepare; ``environment`` is the children's."""
        self._environment = environment
        self._selector = selector
        self._shared: dict[str, Host] = {}

    def seat(
        self,
        start: Start,
        backend: str | None,
        *,
        on_readable: Callable[[], None],
        on_lost: Callable[[Loss], None],
    ) -> Seat:
        """Start a pipeline on a backend, in the process that suits. Raises OSError.

        None is for a pipeline that has none, or whose model's choice is not known: it gets a process of its own.
        """
        host = self._host(start, backend)
        return host.seat(start, on_readable=on_readable, on_lost=on_lost)

    def _host(self, start: Start, backend: str | None) -> Host:
        accelerator = None if backend is None else shared_accelerator(backend)
        if accelerator is None:
            return self._new(start.pipeline.name, None if reads_stdin(start.pipeline) else subprocess.DEVNULL)
        shared = self._shared.get(accelerator)
        if shared is None or shared.pid is None:
            shared = self._shared[accelerator] = self._new(accelerator, subprocess.DEVNULL)
        return shared

    def _new(self, name: str, stdin: int | None) -> Host:
        return Host(name, stdin=stdin, environment=self._environment, selector=self._selector)
