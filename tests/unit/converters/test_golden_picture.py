"""The golden picture is the same everywhere and exercises a network's whole input range."""

from __future__ import annotations

import hashlib
import io
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from skerry_converters.conversion.golden import (
    GoldenInput,
    given_golden,
    golden_picture,
    npy_bytes,
    png_bytes,
    shown_labels,
)
from skerry_edge.backends.base import BackendOptions
from skerry_edge.backends.variants import open_variant
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import ImageInput, Raw, TensorInput
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.models.golden import golden_tensor


def test_the_picture_never_changes() -> None:
    digest = hashlib.sha256(golden_picture(96, 64).tobytes()).hexdigest()
    assert digest == "3e5ade4b0e52e99fe65195e66a7d03fa4d9e33a1ba55e8e633baa6c6ebbac846"


@pytest.mark.parametrize(("width", "height"), [(1, 1), (33, 65), (416, 416)])
def test_the_picture_has_the_size_asked_for_and_survives_png(width: int, height: int) -> None:
    picture = golden_picture(width, height)
    assert picture.shape == (height, width, 3)
    decoded = cv2.imdecode(np.frombuffer(png_bytes(picture), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(decoded, picture)


def test_every_channel_reaches_from_dark_to_full() -> None:
    picture = golden_picture(416, 416)
    assert (picture.min(axis=(0, 1)) == 0).all()
    assert (picture.max(axis=(0, 1)) == 255).all()


def test_an_array_keeps_shape_and_values_as_npy() -> None:
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4).transpose(2, 0, 1)
    assert np.array_equal(np.load(io.BytesIO(npy_bytes(values))), values)
    assert npy_bytes(values) == npy_bytes(values.copy())


def facts_of(**described: Any) -> Any:
    """Return the part of a source's facts that golden inputs depend on."""
    return SimpleNamespace(description=SimpleNamespace(**described))


@pytest.mark.parametrize(
    ("given", "kept"), [((640, 320), (416, 208)), ((416, 416), (416, 416)), ((90, 200), (90, 200))]
)
def test_a_given_picture_keeps_its_proportions_and_is_no_larger_than_the_network_sees(
    given: tuple[int, int], kept: tuple[int, int], tmp_path: Path
) -> None:
    picture = tmp_path / "street.jpg"
    cv2.imwrite(str(picture), golden_picture(*given))
    golden = given_golden(picture, facts_of(input=ImageInput(width=416, height=416)))
    decoded = cv2.imdecode(np.frombuffer(golden.data, np.uint8), cv2.IMREAD_COLOR)
    assert (golden.file, decoded.shape[1::-1]) == ("golden/input.png", kept)


def test_a_picture_is_no_golden_input_of_a_network_that_sees_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--golden"):
        given_golden(tmp_path / "street.jpg", facts_of(input=TensorInput()))


@pytest.mark.parametrize(
    ("threshold", "colours", "expected"),
    [(0.3, [(40, 40, 215)], ["red"]), (0.3, [], []), (1.0, [(40, 40, 215)], [])],
    ids=["a disc", "nothing", "below its own threshold"],
)
def test_a_bundle_notes_what_its_golden_picture_shows(
    threshold: float, colours: list[tuple[int, int, int]], expected: list[str], discs: Path
) -> None:
    scene = np.full((240, 320, 3), 128, np.uint8)
    for colour in colours:
        cv2.circle(scene, (160, 120), 40, colour, -1)
    golden = GoldenInput(file="golden/input.png", data=png_bytes(scene))
    bundle = Bundle.open(discs)
    manifest = bundle.manifest
    variant = manifest.variants["onnx-fp32"]
    tensor = golden_tensor(manifest.input, golden.data, variant.inputs[0])
    with closing(open_variant(bundle, "onnx-fp32", "onnx", BackendOptions())) as backend:
        outputs = [npy_bytes(one) for one in backend.infer((tensor,))]
    output = replace(manifest.output, score_threshold=threshold)
    facts = facts_of(input=manifest.input, output=output, task="detection", labels=manifest.labels)
    assert [label.split()[0] for label in shown_labels(golden, facts, variant, outputs)] == expected


def test_raw_outputs_show_nothing_that_anybody_could_name(discs: Path) -> None:
    bundle = Bundle.open(discs)
    golden = GoldenInput(file="golden/input.png", data=png_bytes(golden_picture(32, 32)))
    facts = facts_of(input=bundle.manifest.input, output=Raw(), task="detection", labels=())
    assert shown_labels(golden, facts, bundle.manifest.variants["onnx-fp32"], []) == []
