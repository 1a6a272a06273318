"""On which backend a preview runs, which has no parent that would try the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.config.sources import ImagesSource
from skerry_edge.agent.preview.run import open_model
from skerry_edge.backends import choice
from skerry_edge.foundation.errors import MissingError


@pytest.fixture
def pipeline(discs: Path) -> DetectionPipeline:
    source = ImagesSource(path="/pictures")
    return DetectionPipeline(name="gate", model=str(discs), source=source, backends=("litert", "onnx:npu", "onnx"))


def test_a_backend_or_device_that_is_not_here_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, pipeline: DetectionPipeline
) -> None:
    monkeypatch.setattr(choice, "missing_reason", lambda name: "not installed" if name == "litert" else None)
    detector = open_model(pipeline)
    detector.close()
    assert detector.backend_name == "onnx"


def test_without_any_backend_each_reason_is_told(monkeypatch: pytest.MonkeyPatch, pipeline: DetectionPipeline) -> None:
    monkeypatch.setattr(choice, "missing_reason", lambda name: f"{name} is not installed")
    with pytest.raises(MissingError, match=r"litert is not installed.*onnx is not installed"):
        open_model(pipeline)
