"""One pipeline's child as the parent sees it, without the loop around it."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from selectors import DefaultSelector

import pytest
from msgspec.structs import replace

from skerry_edge.agent.children import failover, loading, supervision
from skerry_edge.agent.children.hosts import Hosts
from skerry_edge.agent.children.load_times import LoadTimes
from skerry_edge.agent.children.mutes import Mutes
from skerry_edge.agent.children.worker import Worker
from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig, SyntheticPipeline
from skerry_edge.agent.config.sources import ImagesSource
from skerry_edge.agent.life.loop import turn
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.line.line import Line

Start = Callable[..., Worker]


@pytest.fixture
def selector() -> Iterator[DefaultSelector]:
    """What the parent's loop would wait on."""
    with DefaultSelector() as selector:
        yield selector


@pytest.fixture
def start(selector: DefaultSelector, tmp_path: Path) -> Iterator[Start]:
    """Return a function that makes a worker and has it start its child."""
    workers: list[Worker] = []

    def make(pipeline: PipelineConfig, now_s: float = 0.0) -> Worker:
        worker = Worker(
            pipeline,
            log_level="INFO",
            hosts=Hosts(environment=os.environ, selector=selector),
            mutes=Mutes(StateFiles(tmp_path), ()),
            load_times=LoadTimes(StateFiles(tmp_path), boot="this one"),
            on_finding=lambda _one, _finding: None,
        )
        workers.append(worker)
        worker.act(now_s)
        return worker

    yield make
    for worker in workers:
        worker.kill()


def unread(line: Line) -> bytes:
    """Return what has come over a line, and leave it there."""
    with socket.socket(fileno=os.dup(line.fileno())) as theirs:
        try:
            return theirs.recv(65536, socket.MSG_PEEK)
        except BlockingIOError:
            return b""


def test_a_beat_that_the_parent_was_too_late_to_read_keeps_its_child_alive(
    start: Start, selector: DefaultSelector, eventually: Callable[..., None]
) -> None:
    worker = start(SyntheticPipeline(name="ghost"))
    child = worker.pid
    (line,) = (key.fileobj for key in selector.get_map().values() if isinstance(key.fileobj, Line))
    eventually(lambda: b"Ready" in unread(line), what="the child's report that it is ready lies unread")
    worker.act(worker.due_s)
    assert worker.pid == child
    assert worker.trouble is None


def test_a_child_that_said_nothing_is_killed_at_its_deadline(start: Start) -> None:
    worker = start(SyntheticPipeline(name="ghost", fault="refuse", start_deadline_s=1e-6))
    worker.act(worker.due_s)
    assert worker.pid is None
    assert worker.trouble == "not ready within 1e-06 s (start_deadline_s)"


def test_a_child_is_given_its_time_once_more_where_the_whole_machine_stood_still(start: Start) -> None:
    worker = start(SyntheticPipeline(name="ghost", fault="refuse", start_deadline_s=1e-6))
    child = worker.pid
    worker.act(worker.due_s + 1.0)
    assert worker.pid == child
    worker.act(worker.due_s + 1.0)
    assert worker.pid is None


def test_a_child_imports_nothing_from_where_the_agent_was_started(
    start: Start,
    selector: DefaultSelector,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    eventually: Callable[..., None],
) -> None:
    (tmp_path / "ctypes.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    worker = start(SyntheticPipeline(name="ghost"))

    def beats() -> bool:
        for key, _ in selector.select(0.1):
            key.data()
        return worker.trouble is not None or worker.take_vitals().state == "running"

    eventually(beats, what="the child runs or has failed")
    assert worker.trouble is None


@pytest.fixture
def serve(selector: DefaultSelector, eventually: Callable[..., None]) -> Callable[..., None]:
    """Return a function that turns the loop until something holds."""

    def until(condition: Callable[[], object], *workers: Worker, what: str) -> None:
        def turned() -> object:
            turn(selector, [Acting(worker) for worker in workers])
            return condition()

        eventually(turned, what=what)

    return until


class Acting:
    """A worker as a duty of the loop; it is asked often, since nothing else here has a time."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def act(self, now_s: float) -> float:
        self._worker.act(now_s)
        return now_s + 0.02


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try earlier backends again almost at once."""
    monkeypatch.setattr(failover, "FIRST_RETURN_S", 0.2)


def backend_of(worker: Worker) -> str:
    return worker.take_vitals().backend


TWO = SyntheticPipeline(name="ghost", events_per_s=50.0, backends=("first", "second"), faulty_backends=("first",))


def test_a_pipeline_goes_back_to_its_first_choice_and_is_never_blind_for_it(
    start: Start, serve: Callable[..., None], soon: None, tmp_path: Path
) -> None:
    worker = start(
        replace(TWO, fault="hang", fault_after=5, fault_marker=str(tmp_path / "hung"), progress_deadline_s=1.0)
    )
    serve(lambda: backend_of(worker) == "second", worker, what="work on the second choice")
    second = worker.pid
    assert worker.trouble is not None
    serve(lambda: worker.trouble is None, worker, what="the return")
    assert backend_of(worker) == "first"
    assert worker.pid not in (None, second)


def test_a_first_choice_that_does_not_come_back_does_not_disturb_the_second(
    start: Start, serve: Callable[..., None], soon: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    worker = start(replace(TWO, fault="refuse"))
    serve(
        lambda: caplog.text.count("no return yet: the synthetic model refuses to load") >= 2, worker, what="two trials"
    )
    second = worker.pid
    assert backend_of(worker) == "second"
    assert worker.trouble == "runs on second instead of first (first: the synthetic model refuses to load)"
    serve(lambda: caplog.text.count("no return yet") >= 3, worker, what="one more trial")
    assert worker.pid == second


def test_only_a_source_without_an_end_is_given_to_a_better_backend(tmp_path: Path) -> None:
    folder = ImagesSource(path=str(tmp_path))
    pipeline = DetectionPipeline(name="gate", model="m", source=folder)
    assert not pipeline.is_endless, "it would be gone through twice"
    assert replace(pipeline, source=replace(folder, loop=True)).is_endless
    assert TWO.is_endless


def test_a_pipeline_that_cannot_run_is_held_and_says_so(
    start: Start, serve: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "HELD_AFTER", 2)
    worker = start(SyntheticPipeline(name="ghost", fault="refuse"))
    serve(lambda: (worker.trouble or "").startswith("held after 2 failures in a row, "), worker, what="the hold")
    assert worker.due_s - time.monotonic() > supervision.HOLD.first_s / 2 - 1
    vitals = worker.take_vitals()
    assert (vitals.state, vitals.held, vitals.failures) == ("failing", True, 2)


@pytest.fixture
def known_load(tmp_path: Path) -> None:
    """This device has opened the synthetic model on its first choice before, in no time."""
    LoadTimes(StateFiles(tmp_path), boot="this one").note("synthetic on first", {"program": 60.0, "model": 0.01})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a stage that was quick before for slow and for hung almost at once."""
    monkeypatch.setattr(loading, "TOLD_AFTER_S", 0.1)
    monkeypatch.setattr(loading, "TOLD_UNKNOWN_S", 0.1)
    monkeypatch.setattr(loading, "HUNG_AFTER_S", 1.0)


def test_a_model_that_hangs_while_it_loads_is_told_of_and_left_for_the_next_backend(
    start: Start, serve: Callable[..., None], known_load: None, impatient: None
) -> None:
    worker = start(replace(TWO, fault="stall", start_deadline_s=3600.0), time.monotonic())
    serve(lambda: worker.trouble, worker, what="the first word of trouble")
    assert re.fullmatch(r"opening its model for \S+ s, usually 0\.01 s", worker.trouble or "")
    serve(lambda: backend_of(worker) == "second", worker, what="work on the second choice")
    told = "runs on second instead of first (first: hung while opening its model: not done within 1 s, usually 0.01 s)"
    serve(lambda: worker.trouble == told, worker, what="the word of what runs in its place")


def test_a_load_that_was_taken_for_hung_has_all_its_time_when_it_is_tried_again(
    start: Start, serve: Callable[..., None], known_load: None, impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    only = replace(TWO, fault="stall", backends=("first",), start_deadline_s=3600.0)
    worker = start(only, time.monotonic())
    serve(lambda: "hung while opening" in caplog.text, worker, what="the first try given up")
    unknown = re.compile(r"; opening its model for \S+ s, which has not been timed here before$")
    serve(lambda: unknown.search(worker.trouble or ""), worker, what="the second try, with nothing to hold it against")
    assert caplog.text.count("hung while opening") == 1


def test_what_is_wrong_with_the_configuration_costs_no_backend_its_place(
    start: Start, serve: Callable[..., None], discs: Path
) -> None:
    source = ImagesSource(path=str(discs.parent))
    worker = start(
        DetectionPipeline(
            name="gate", model=str(discs), source=source, labels=("red disk",), backends=("litert", "onnx")
        ),
        time.monotonic(),
    )
    serve(lambda: worker.take_vitals().failures >= 2, worker, what="as many failures as cost a backend its place")
    assert worker.trouble is not None
    assert worker.trouble.startswith("wrong configuration: the model knows no such label; found 'red disk'; did you")
