"""The log of a run, and its picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_converters.training.curves import draw_curves
from skerry_converters.training.metrics import MetricsLog, TrainingEntry, ValidationEntry
from skerry_edge.foundation.errors import ReachError


def training(step: int, loss: float = 1.0) -> TrainingEntry:
    return TrainingEntry(
        step=step,
        images=16 * step,
        minutes=step / 100,
        stage=0,
        side_px=224,
        learning_rate=0.001,
        images_per_s=300.0,
        coord=loss,
        object=0.0,
        noobject=0.0,
        classes=0.0,
        anchors=0.0,
        gradient=2.0,
    )


def validation(step: int, ap50: float | None) -> ValidationEntry:
    return ValidationEntry(step=step, images=16 * step, minutes=step / 100, ap50=ap50, false_per_empty=None)


@pytest.fixture
def log(tmp_path: Path) -> MetricsLog:
    return MetricsLog(tmp_path / "metrics.jsonl")


def test_what_was_appended_is_read_again(log: MetricsLog) -> None:
    entries = [training(50), validation(50, None), training(100)]
    for entry in entries:
        log.append(entry)
    assert log.entries() == entries


def test_a_run_that_goes_back_measures_the_later_steps_again(log: MetricsLog) -> None:
    for step in (50, 100, 150):
        log.append(training(step))
    log.go_back(100)
    log.append(training(150, loss=2.0))
    assert [(one.step, one.loss) for one in log.entries() if isinstance(one, TrainingEntry)] == [
        (50, 1.0),
        (100, 1.0),
        (150, 2.0),
    ]


@pytest.mark.parametrize("rest", [b'{"kind":"trai', b"\0\0\0\0\n", b"\xff\xfe\n"])
def test_what_a_crash_left_at_the_end_is_forgotten(log: MetricsLog, tmp_path: Path, rest: bytes) -> None:
    log.append(training(50))
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(path.read_bytes() + rest)
    assert [one.step for one in log.entries()] == [50]
    log.go_back(50)
    log.append(training(100))
    assert [one.step for one in log.entries()] == [50, 100]


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReachError, match="nowhere"):
        MetricsLog(tmp_path / "nowhere" / "metrics.jsonl").append(training(1))


def ink(png: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    rows: np.ndarray = np.nonzero((picture == (20, 110, 220)).all(axis=2))[0]
    return rows


def test_the_curves_show_a_rising_accuracy() -> None:
    low = [validation(step, 0.1) for step in (10, 20, 30)]
    high = [validation(step, 0.9) for step in (10, 20, 30)]
    losses = [training(step, loss=1 / step) for step in range(1, 40)]
    # Rows of a picture count from above.
    assert ink(draw_curves([*losses, *high])).mean() < ink(draw_curves([*losses, *low])).mean() - 150


@pytest.mark.parametrize("entries", [[], [training(1)], [validation(1, None)], [validation(1, 0.5)]])
def test_a_run_that_has_hardly_begun_has_curves_too(entries: list[TrainingEntry | ValidationEntry]) -> None:
    assert draw_curves(entries).startswith(b"\x89PNG")
