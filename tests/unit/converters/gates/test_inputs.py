"""Held-out inputs: given or made, with their labels, and what the source gave for them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_converters.calibration.opening import open_calibration
from skerry_converters.gates.held_out import Case, HeldOutSamples
from skerry_converters.gates.made_inputs import MadeInputs
from skerry_converters.gates.report import HeldOutFacts
from skerry_converters.gates.source_record import record_source
from skerry_edge.backends.base import Array
from skerry_edge.bench.annotations.annotation import AnnotationError
from skerry_edge.bench.annotations.dataset import read_dataset
from skerry_edge.contracts.manifest import ImageInput, Quantization, Tensor, TensorInput
from skerry_edge.foundation.errors import ConfigError, DataError
from skerry_edge.vision.preprocess import Preprocessor

IMAGE = ImageInput(width=24, height=16)
PLANAR = Tensor(name="image", shape=(1, 3, 16, 24), layout="NCHW")
PACKED = Tensor(name="in", shape=(1, 16, 24, 3), layout="NHWC")


@dataclass(frozen=True)
class Tensors:
    """A source's tensors."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


SUMS = Tensors((PLANAR,), (Tensor(name="sums", shape=(1, 3), layout="NC"),))


def channel_sums(tensors: Sequence[Array]) -> tuple[Array, ...]:
    return (tensors[0].sum(axis=(2, 3)),)


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A YOLO data set of three pictures, 96x64, one object each."""
    for place in range(3):
        for folder in ("images", "labels"):
            (tmp_path / folder).mkdir(exist_ok=True)
        pixels = np.random.default_rng(place).integers(0, 256, (64, 96, 3)).astype(np.uint8)
        cv2.imwrite(str(tmp_path / "images" / f"{place}.png"), pixels)
        (tmp_path / "labels" / f"{place}.txt").write_text("1 0.5 0.5 0.5 0.5\n")
    return tmp_path


def test_given_pictures_come_with_geometry_pixels_and_labels(labelled: Path) -> None:
    samples = open_calibration(labelled, IMAGE, PLANAR)
    held_out = HeldOutSamples(samples, "gate data", dataset=read_dataset(labelled, ("cat", "dog")))
    cases = list(held_out.cases((PACKED,)))
    assert len(cases) == len(held_out) == 3
    for case in cases:
        assert case.pixels is not None
        assert case.truth is not None
        assert case.truth.boxes_px.tolist() == [[24, 16, 72, 48]]
        assert np.array_equal(case.tensors[0], Preprocessor(IMAGE, PACKED).run(case.pixels)[0])
    assert held_out.facts == HeldOutFacts(
        origin="gate data", kind="pictures", samples=3, items=3, labelled=True, sha256=samples.manifest().sha256
    )


def test_labels_that_do_not_fit_their_picture_are_an_error(labelled: Path) -> None:
    (labelled / "labels" / "1.txt").write_text("1 0.9 0.5 0.5 0.5\n")
    samples = open_calibration(labelled, IMAGE, PLANAR)
    held_out = HeldOutSamples(samples, "gate data", dataset=read_dataset(labelled, ("cat", "dog")))
    with pytest.raises(AnnotationError, match=r"1\.txt, line 1"):
        list(held_out.cases((PLANAR,)))


def test_without_labels_pictures_have_none(labelled: Path) -> None:
    held_out = HeldOutSamples(open_calibration(labelled, IMAGE, PLANAR), "set aside", cautions=())
    assert all(case.truth is None and case.geometry is not None for case in held_out.cases((PLANAR,)))
    with pytest.raises(ConfigError, match="one input"):
        list(held_out.cases((PLANAR, PLANAR)))


def test_made_pictures_are_the_same_for_every_tensor_and_come_from_their_seed() -> None:
    def pixels(seed: int, tensor: Tensor) -> list[bytes]:
        made = MadeInputs(IMAGE, (PLANAR,), count=4, seed=seed)
        return [case.pixels.tobytes() for case in made.cases((tensor,)) if case.pixels is not None]

    assert len(set(pixels(1, PLANAR))) == 4
    assert pixels(1, PLANAR) == pixels(1, PACKED)
    assert pixels(1, PLANAR) != pixels(2, PLANAR)


def test_made_noise_goes_to_any_number_of_inputs_of_any_type() -> None:
    quantization = Quantization(scale=0.1, zero_point=-20)
    inputs = (
        Tensor(name="a", shape=(1, 4, 5, 6), layout="NCHW"),
        Tensor(name="b", shape=(1, 7), layout="N0", dtype="int8", quantization=quantization),
        Tensor(name="ids", shape=(1, 9), layout="N0", dtype="int64"),
    )
    turned = (Tensor(name="a", shape=(1, 5, 6, 4), layout="NHWC"), *inputs[1:])
    made = MadeInputs(TensorInput(), inputs, count=3, seed=0)
    for own, other in zip(made.cases(inputs), made.cases(turned), strict=True):
        assert [one.dtype.name for one in own.tensors] == ["float32", "int8", "int64"]
        assert np.array_equal(own.tensors[0].transpose(0, 2, 3, 1), other.tensors[0])
        assert all(np.array_equal(*pair) for pair in zip(own.tensors[1:], other.tensors[1:], strict=True))
        assert len(np.unique(own.tensors[1])) > 3
        assert own.tensors[2].min() >= 0
        assert own.tensors[2].max() < 10
    with pytest.raises(ConfigError, match="another number of inputs"):
        next(made.cases(inputs[:1]))


def test_the_sources_outputs_are_recorded_once_and_read_as_often_as_wanted(tmp_path: Path) -> None:
    held_out = MadeInputs(IMAGE, (PLANAR,), count=3, seed=0)
    runs: list[int] = []

    def counted(tensors: Sequence[Array]) -> tuple[Array, ...]:
        runs.append(1)
        return channel_sums(tensors)

    with record_source(counted, SUMS, held_out) as record:
        first, second = list(record.read()), list(record.read())
    expected = [channel_sums(case.tensors) for case in held_out.cases((PLANAR,))]
    assert len(runs) == 3
    for one, two, want in zip(first, second, expected, strict=True):
        assert np.array_equal(one[0], want[0])
        assert np.array_equal(two[0], want[0])


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ((np.array([[1.0, np.nan, 2.0]]),), "source network itself gives values that are not finite.*'sums'.*'made 0'"),
        ((np.zeros((1, 4)),), "other outputs than it declares"),
        ((), "other outputs than it declares"),
    ],
)
def test_a_source_that_nothing_can_be_measured_against_is_an_error(outputs: tuple[Array, ...], message: str) -> None:
    held_out = MadeInputs(IMAGE, (PLANAR,), count=1, seed=0)
    with pytest.raises(DataError, match=message), record_source(lambda _: outputs, SUMS, held_out):
        pass


def test_no_input_at_all_is_an_error() -> None:
    with (
        pytest.raises(DataError, match="no held-out input"),
        record_source(channel_sums, SUMS, MadeInputs(IMAGE, (PLANAR,), count=0, seed=0)),
    ):
        pass


class _Endless:
    """Held-out inputs of any number, one array of 400 kB each."""

    facts = HeldOutFacts(origin="made", kind="noise", samples=0)

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def cases(self, tensors: Sequence[Tensor]) -> Iterator[Case]:
        for number in range(self._count):
            yield Case(name=f"{number}", tensors=(np.full((1, 100_000), number, np.float32),))


def test_the_record_keeps_memory_flat(tmp_path: Path) -> None:
    tensor = Tensor(name="x", shape=(1, 100_000), layout="N0")

    def peak(count: int) -> int:
        tracemalloc.start()
        with record_source(lambda given: (given[0] * 2,), Tensors((tensor,), (tensor,)), _Endless(count)) as record:
            assert sum(1 for _ in record.read()) == count
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    assert peak(40) - peak(4) < 400_000
