"""What the doctor makes of a pipeline's model on each of its backends."""

from __future__ import annotations

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.config.sources import ImagesSource
from skerry_edge.agent.doctor.findings import Finding
from skerry_edge.agent.doctor.pipelines import pipeline_checks
from skerry_edge.agent.doctor.trial import Trial
from skerry_edge.foundation.errors import MissingError


def look(*backends: str, missing: tuple[str | None, ...]) -> list[Finding]:
    """Examine a pipeline with these backends, of which some are missing."""

    def run(trial: Trial) -> str:
        if trial.backend in missing:
            raise MissingError("not installed")
        return "computes"

    pipeline = DetectionPipeline(name="gate", model="m", source=ImagesSource(path="/p"), backends=backends)
    return [one for check in pipeline_checks((pipeline,), run=run) for one in check.look() if "model" in one.name]


def test_each_backend_is_tried_and_one_that_fails_is_a_warning_where_another_does_the_work() -> None:
    first, second = look("edgetpu", "onnx", missing=("edgetpu",))
    assert (first.name, first.status) == ("model of 'gate' on edgetpu", "warning")
    assert "take it out of 'backends'" in (first.todo or "")
    assert (second.name, second.status) == ("model of 'gate' on onnx", "ok")


def test_a_backend_that_is_not_installed_is_none_of_ours_where_one_before_it_computes() -> None:
    first, second = look("litert", "onnx", missing=("onnx",))
    assert (first.status, second.status) == ("ok", "not applicable")


def test_where_no_backend_works_each_is_a_failure() -> None:
    assert [one.status for one in look("edgetpu", "onnx", missing=("edgetpu", "onnx"))] == ["failed", "failed"]
    assert [(one.name, one.status) for one in look(missing=(None,))] == [("model of 'gate'", "failed")]
