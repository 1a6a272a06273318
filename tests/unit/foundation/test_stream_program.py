"""Programs whose output is a stream."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from skerry_edge.foundation.errors import MissingError
from skerry_edge.foundation.source_error import SourceError, reason_of
from skerry_edge.foundation.stream_program import DESCRIPTOR, StreamProgram


def run(script: str, *arguments: str) -> StreamProgram:
    return StreamProgram([sys.executable, "-u", "-c", script, *arguments], install="cannot be missing")


@pytest.fixture
def everything() -> Callable[[StreamProgram], bytes]:
    def read(program: StreamProgram) -> bytes:
        def pieces() -> Iterator[bytes]:
            while piece := program.read(100, 30.0):
                yield piece

        return b"".join(pieces())

    return read


def test_the_stream_comes_whole_and_then_ends(everything) -> None:
    with closing(run("print('a' * 1000, end='')")) as program:
        assert everything(program) == b"a" * 1000
        assert program.end() == 0


def test_a_program_that_is_silent_is_no_program_that_ended() -> None:
    with closing(run("import time; time.sleep(60)")) as program:
        assert program.read(10, 0.05) is None
    assert program.end() == -15


def test_one_that_is_asked_to_end_from_elsewhere_ends_the_wait_for_its_stream() -> None:
    script = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(3)); "
        "print(1, end='', flush=True); time.sleep(60)"
    )
    with closing(run(script)) as program:
        assert program.read(10, 30.0) == b"1"
        threading.Thread(target=program.ask_to_end).start()
        assert program.read(10, 30.0) == b""
    assert program.end() == 3
    program.ask_to_end()  # harmless now


def test_a_stream_on_a_descriptor_of_its_own_is_not_mixed_with_what_is_printed(
    everything, caplog: pytest.LogCaptureFixture
) -> None:
    script = "import os, sys; print('hello'); os.write(int(sys.argv[1].removeprefix('fd=')), b'picture'); print('bye')"
    with caplog.at_level(logging.INFO), closing(run(script, f"fd={DESCRIPTOR}")) as program:
        assert everything(program) == b"picture"
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == ["hello", "bye"]


def test_it_ends_with_all_that_it_started(eventually, tmp_path) -> None:
    script = (
        "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "one = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print(one.pid); one.wait()"
    )
    with closing(run(script)) as program:
        line = b""
        while not line.endswith(b"\n"):
            line += program.read(100, 30.0) or b""
        pid = int(line)
        os.kill(pid, 0)

    def is_gone() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with Path(f"/proc/{pid}/stat").open() as stat:
            return stat.read().split()[2] == "Z"

    eventually(is_gone, what="the end of what the program started")


def test_what_went_wrong_first_in_the_end_is_the_reason_and_holds_no_secret() -> None:
    script = (
        "import sys; [print(one, file=sys.stderr) for one in "
        "('starting', 'ERROR: rtsp://joe:hunter2@cam/x is gone', 'ERROR: so nothing works', 'bye')]"
    )
    with closing(run(script)) as program:
        assert program.read(10, 30.0) == b""
        program.end()
        assert program.last_words() == "ERROR: rtsp://***@cam/x is gone"


def test_a_line_without_an_end_shows_no_half_of_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    script = (
        "import sys; sys.stderr.write('x' * 70_000 + ' rtsp://joe:hunter2'); sys.stderr.flush(); "
        "sys.stderr.write('@cam')"
    )
    with caplog.at_level(logging.INFO), closing(run(script)) as program:
        assert program.read(10, 30.0) == b""
        program.end()
        assert "hunter2" not in program.last_words()
    assert "hunter2" not in caplog.text


def test_a_program_that_talks_without_end_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), closing(run("import sys; sys.stderr.write('no\\n' * 10_000)")) as program:
        assert program.read(10, 30.0) == b""
        program.end()
        assert program.last_words() == "no"
    assert len(caplog.records) == 101


def test_a_program_that_is_not_there_says_how_to_get_it() -> None:
    with pytest.raises(MissingError) as caught:
        StreamProgram(["no-such-program"], install="apt install it")
    assert caught.value.todo == "apt install it"


def test_closing_twice_is_harmless() -> None:
    program = run("pass")
    program.close()
    program.close()


def test_every_error_has_a_reason() -> None:
    assert reason_of(SourceError("busy", "in use")) == "busy"
    assert reason_of(MissingError("gone")) == "absent"
