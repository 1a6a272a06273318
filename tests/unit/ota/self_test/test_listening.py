"""A wake word's model tried on golden recordings, as the process does that tries it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skerry_edge.audio.golden import encode_recording
from skerry_edge.audio.manifest import builtin_manifests
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.self_test.judging import verdict
from skerry_edge.ota.self_test.listening import heard_by
from skerry_edge.ota.self_test.measured import Measured, Subject

Measure = Callable[..., Measured]


@pytest.fixture
def measured(word_bundle: Callable[..., bytes]) -> Measure:  # skips where the model is not there
    """Return a function that measures the present model (a file of the wheel) or a bundle, both on both recordings."""
    present = builtin_manifests()["alexa"]

    def run(golden: Path, model: Path | None = None) -> Measured:
        subject = Subject(
            task="wakeword",
            bundle=model or present,
            variant="tflite-int8",
            backend="litert",
            threads=1,
            pictures_of=(present, golden),
        )
        return heard_by(subject)

    return run


NOISE = encode_recording(np.random.default_rng(7).integers(-2000, 2000, 74_285).astype(np.int16))


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ({}, None),
        ({"cutoff": 0.9999}, "golden"),
        ({"recording": None}, "golden"),
        ({"golden_of": NOISE}, "golden"),
    ],
    ids=["good", "deaf", "no recording", "computes something else"],
)
def test_a_release_is_judged_by_what_it_hears(
    made: dict[str, object], reason: str | None, tmp_path: Path, word_bundle, measured: Measure
) -> None:
    path = tmp_path / "bundle.skerry"
    path.write_bytes(word_bundle("2.0.0", **made))
    found = verdict(measured(path), measured(path, path), Limits(), free_mb=1000.0)
    assert (found.reason if found else None) == reason


def test_the_time_that_it_takes_is_for_a_second_of_sound(tmp_path: Path, word_bundle, measured: Measure) -> None:
    path = tmp_path / "bundle.skerry"
    path.write_bytes(word_bundle())
    found = measured(path)
    assert 0 < found.inference_ms < 1000
    assert found.labels == ("Alexa",)
    assert [one.label for one in found.seen[0]] == ["Alexa"]
