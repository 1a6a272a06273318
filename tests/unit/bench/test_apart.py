"""A job in another process: its results, its errors, its crash and its silence."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from skerry_edge.bench.apart import CrashError, converse, run_apart
from skerry_edge.foundation.errors import DataError

WORKER = """\
import os, signal, sys, time
from skerry_edge.bench.apart import serve
from skerry_edge.foundation.errors import DataError

def work(job):
    yield os.getpid()
    yield job
    {then}

serve(int(sys.argv[1]), work)
"""
Run = Callable[..., Iterator[object]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a job which gives its process id, the job itself, and then does as asked."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)

    def start(then: str, *, stall_s: float = 60.0) -> Iterator[object]:
        (tmp_path / "a_job_for_a_test.py").write_text(WORKER.format(then=then))
        return run_apart("a_job_for_a_test", ("any", 1), stall_s=stall_s)

    return start


def is_gone(pid: object) -> bool:
    assert isinstance(pid, int)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_results_come_in_order_from_another_process(run: Run) -> None:
    pid, job = run("return")
    assert pid != os.getpid()
    assert job == ("any", 1)
    assert is_gone(pid)


def test_an_error_of_the_job_is_raised_here_as_it_was(run: Run) -> None:
    results = run("raise DataError('broken', where='a file', found='nothing')")
    next(results)
    next(results)
    with pytest.raises(DataError) as caught:
        next(results)
    assert (caught.value.what, caught.value.where, caught.value.found) == ("broken", "a file", "nothing")


def test_a_crash_is_an_error_with_the_last_words(run: Run) -> None:
    with pytest.raises(CrashError, match=r"SIGSEGV.*a last word"):
        list(run("print('a last word', flush=True); os.kill(os.getpid(), signal.SIGSEGV)"))


def test_a_fault_in_the_job_is_an_error_with_its_traceback_s_end(run: Run) -> None:
    with pytest.raises(CrashError, match=r"exit code 1: .*ZeroDivisionError"):
        list(run("1 / 0"))


def test_silence_is_an_error_and_ends_the_process(run: Run) -> None:
    results = run("time.sleep(3600)", stall_s=5.0)
    pid = next(results)
    with pytest.raises(CrashError, match="nothing for 5 s"):
        list(results)
    assert is_gone(pid)


def test_a_caller_that_stops_asking_leaves_no_process_behind(run: Run) -> None:
    with closing(run("time.sleep(3600)")) as results:  # type: ignore[type-var]
        pid = next(results)
    assert is_gone(pid)


def test_what_the_process_prints_does_not_disturb_the_results(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    assert len(list(run("sys.stdout.write('x' * 1_000_000); sys.stderr.write('y' * 1_000_000)"))) == 2
    assert capfd.readouterr() == ("", "")


def test_a_module_that_is_not_there_is_a_crash() -> None:
    with pytest.raises(CrashError, match="No module named"):
        list(run_apart("no_such_module_anywhere", None, stall_s=60.0))


ANSWERING = """\
import os, signal, sys
from skerry_edge.bench.apart import serve_answers
from skerry_edge.foundation.errors import DataError

def work(job):
    question = yield job, os.getpid()
    while question != "stop":
        if question == "fail":
            raise DataError("broken", where="a file")
        if question == "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        question = yield question * 2

serve_answers(int(sys.argv[1]), work)
"""


@pytest.fixture
def conversation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Generator[Any, Any, None]]:
    """A conversation with a process that answers a number with its double."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    (tmp_path / "an_answerer_for_a_test.py").write_text(ANSWERING)
    with closing(converse("an_answerer_for_a_test", "any", stall_s=60.0)) as talk:
        yield talk


def test_a_process_answers_one_question_after_the_other(conversation: Generator[Any, Any, None]) -> None:
    job, pid = next(conversation)
    assert job == "any"
    assert [conversation.send(number) for number in (1, 2, 21)] == [2, 4, 42]
    conversation.close()
    assert is_gone(pid)


def test_an_answer_that_fails_is_the_error_that_it_was(conversation: Generator[Any, Any, None]) -> None:
    next(conversation)
    with pytest.raises(DataError, match="broken"):
        conversation.send("fail")


def test_a_process_that_dies_over_a_question_is_a_crash(conversation: Generator[Any, Any, None]) -> None:
    next(conversation)
    with pytest.raises(CrashError, match="SIGSEGV"):
        conversation.send("die")


def test_a_process_that_has_nothing_more_to_say_ends_the_conversation(conversation: Generator[Any, Any, None]) -> None:
    next(conversation)
    with pytest.raises(StopIteration):
        conversation.send("stop")
