"""Which pipelines share a process, whatever name their accelerator goes by."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from selectors import DefaultSelector
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from skerry_edge.agent.children.hosts import Hosts, Seat
from skerry_edge.agent.children.load_times import LoadTimes
from skerry_edge.agent.children.opener import Opener
from skerry_edge.agent.config.pipelines import DetectionPipeline, SyntheticPipeline
from skerry_edge.agent.config.sources import ImagesSource
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.line.protocol import Start
from skerry_edge.backends import choice
from skerry_edge.contracts.bundle import Bundle, write_bundle


@pytest.fixture
def seat() -> Iterator[Callable[[str | None], Seat]]:
    """Return a function that gives a pipeline on a backend its seat."""
    seats: list[Seat] = []
    with DefaultSelector() as selector:
        hosts = Hosts(environment=os.environ, selector=selector)

        def on(backend: str | None) -> Seat:
            start = Start(pipeline=SyntheticPipeline(name=f"ghost{len(seats)}"), log_level="INFO")
            seats.append(hosts.seat(start, backend, on_readable=lambda: None, on_lost=lambda _: None))
            return seats[-1]

        yield on
        for one in seats:
            one.leave()


def test_an_edge_tpu_has_one_process_whatever_name_it_is_asked_for_by(seat: Callable[[str | None], Seat]) -> None:
    names = ("edgetpu", "edgetpu:usb", "edgetpu:usb:0", "edgetpu:pci")
    assert len({seat(name).host.pid for name in names}) == 1


def test_what_serves_many_processes_is_given_one_for_each_pipeline(seat: Callable[[str | None], Seat]) -> None:
    assert len({seat(name).host.pid for name in ("litert", "litert", "onnx:cuda", None, "no-such-backend")}) == 5


@pytest.fixture
def edgetpu_only(discs: Path, tmp_path: Path) -> Path:
    """A bundle whose only variant is for the Edge TPU."""
    bundle = Bundle.open(discs)
    name, variant = next((name, one) for name, one in bundle.manifest.variants.items() if one.format == "tflite")
    compiled = replace(variant, format="edgetpu")
    manifest = replace(bundle.manifest, variants={"edgetpu-int8": compiled}, golden=None)
    write_bundle(tmp_path / "tpu.skerry", manifest, {variant.file: bundle.read(bundle.variant(name))})
    return tmp_path / "tpu.skerry"


@pytest.mark.parametrize("variant", ["edgetpu-int8", None])
def test_a_model_that_only_the_edge_tpu_runs_is_seated_there_though_no_backend_was_named(
    edgetpu_only: Path, tmp_path: Path, variant: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "missing_reason", lambda _: None)  # as where libedgetpu is installed
    pipeline = DetectionPipeline(
        name="gate", model=str(edgetpu_only), variant=variant, source=ImagesSource(path=str(tmp_path))
    )
    seated: list[tuple[Start, str | None]] = []

    def seat(start: Start, backend: str | None, **_: Any) -> None:
        seated.append((start, backend))

    hosts: Any = SimpleNamespace(seat=seat)
    opener = Opener(
        pipeline, log_level="INFO", hosts=hosts, load_times=LoadTimes(StateFiles(tmp_path), boot="this one")
    )
    opener.open(None, lambda _: None, lambda _: None, stands_by=False)
    ((start, backend),) = seated
    assert backend == "edgetpu"
    assert isinstance(start.pipeline, DetectionPipeline)
    assert start.pipeline.backends == ("edgetpu",), "the child runs what the parent chose"
