"""NPZ arrays as calibration data: taken as they are, or refused with the reason."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.calibration.items import CalibrationError
from skerry_converters.calibration.opening import open_calibration
from skerry_edge.contracts.manifest import ImageInput, Quantization, Tensor, TensorInput
from skerry_edge.foundation.errors import ConfigError

Open = Callable[..., CalibrationSet]
SHAPE = (6, 3, 16, 24)


@pytest.fixture
def good() -> np.ndarray:
    return np.random.default_rng(0).random(SHAPE, np.float32)


def saved(tmp_path: Path, **arrays: Any) -> Path:
    path = tmp_path / "inputs.npz"
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("name", ["image", "whatever"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_rows_come_out_as_they_went_in(
    tmp_path: Path, opened: Open, good: np.ndarray, name: str, save: Callable[..., None]
) -> None:
    save(tmp_path / "inputs.npz", **{name: good})
    calibration = opened(tmp_path / "inputs.npz")
    assert np.array_equal(np.concatenate(list(calibration.tensors())), good)
    assert [item.index for item in calibration.items] == list(range(6))


def test_a_limit_takes_some_rows_by_seed_in_order(tmp_path: Path, opened: Open, good: np.ndarray) -> None:
    calibration = opened(saved(tmp_path, image=good), limit=3, seed=5)
    indices = [item.index for item in calibration.items]
    assert len(indices) == 3
    assert np.array_equal(np.concatenate(list(calibration.tensors())), good[indices])


def test_axes_are_moved_and_values_quantized_for_another_tensor(tmp_path: Path, opened: Open, good: np.ndarray) -> None:
    calibration = opened(saved(tmp_path, image=good))
    target = Tensor(
        name="x",
        shape=(1, 16, 24, 3),
        layout="NHWC",
        dtype="uint8",
        quantization=Quantization(scale=1 / 255, zero_point=0),
    )
    stored = np.concatenate(list(calibration.tensors(target)))
    assert np.array_equal(stored, np.rint(good.transpose(0, 2, 3, 1) * 255).astype(np.uint8))
    with pytest.raises(ConfigError, match="another shape"):
        calibration.tensors(Tensor(name="x", shape=(1, 16, 16, 3), layout="NHWC"))


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_floats_of_another_width_are_taken(tmp_path: Path, opened: Open, good: np.ndarray, dtype: type) -> None:
    (first, *_) = opened(saved(tmp_path, image=good.astype(dtype))).tensors()
    assert first.dtype == np.float32
    assert first == pytest.approx(good[:1], abs=1e-3)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"image": np.zeros((6, 3, 16, 20), np.float32)}, r"another shape.*expected \(rows, 3, 16, 24\)"),
        ({"image": np.zeros((6, 1, 16, 24), np.float32)}, "another shape"),
        ({"image": np.zeros((6, 16, 24, 3), np.float32)}, "another shape.*move the axes to NCHW"),
        ({"image": np.zeros((3, 16, 24), np.float32)}, "another shape"),
        ({"image": np.float32(5)}, "another shape"),
        ({"image": np.zeros((0, 3, 16, 24), np.float32)}, "the array has no rows"),
        ({"image": np.zeros(SHAPE, np.uint8)}, "not of real numbers.*found uint8"),
        ({"image": np.zeros(SHAPE, np.complex64)}, "not of real numbers"),
        ({"a": np.zeros(SHAPE, np.float32), "b": np.zeros(SHAPE, np.float32)}, "no array is named.*found a, b"),
        ({"colour": np.array("rgb")}, "no array is named.*found none"),
        (
            {"image": np.zeros(SHAPE, np.float32), "layout": np.array("NHWC")},
            "another layout.*found NHWC, expected NCHW",
        ),
        ({"image": np.zeros(SHAPE, np.float32), "colour": np.array("bgr")}, "another colour.*found bgr, expected rgb"),
        ({"image": np.zeros(SHAPE, np.float32), "colour": np.array(3)}, "'colour' is to be one text"),
        ({"image": np.zeros(SHAPE, object)}, "Python objects"),
        ({"image": np.asfortranarray(np.zeros(SHAPE, np.float32))}, "Fortran order"),
        ({}, "holds no array"),
    ],
)
def test_arrays_that_the_network_cannot_be_calibrated_with_are_refused(
    tmp_path: Path, opened: Open, arrays: dict[str, Any], message: str
) -> None:
    with pytest.raises(CalibrationError, match=message) as caught:
        opened(saved(tmp_path, **arrays))
    assert "inputs.npz" in str(caught.value.where)


def test_layout_and_colour_that_are_said_and_right_are_taken(tmp_path: Path, opened: Open, good: np.ndarray) -> None:
    assert len(opened(saved(tmp_path, image=good, layout=np.array("NCHW"), colour=np.array(["RGB"])))) == 6


def test_values_on_another_scale_are_refused_by_their_row(tmp_path: Path, opened: Open, good: np.ndarray) -> None:
    good[4] *= 255
    with pytest.raises(CalibrationError, match=r"never given; in .*inputs\.npz#4; found .*expected 0 to 1"):
        opened(saved(tmp_path, image=good))


def test_values_from_0_to_1_for_a_network_of_0_to_255_are_refused(
    tmp_path: Path, tensor: Tensor, good: np.ndarray
) -> None:
    image = ImageInput(width=24, height=16, scale=(255.0,))
    with pytest.raises(CalibrationError, match=r"on another scale.*expected 0 to 255"):
        open_calibration(saved(tmp_path, image=good), image, tensor)
    assert len(open_calibration(saved(tmp_path, image=good * 255), image, tensor)) == 6


def test_negative_values_fit_a_network_that_expects_them(tmp_path: Path, tensor: Tensor, good: np.ndarray) -> None:
    image = ImageInput(width=24, height=16, scale=(2.0, 2.0, 4.0), offset=(-1.0, -1.0, -2.0))
    assert len(open_calibration(saved(tmp_path, image=good * 4 - 2), image, tensor)) == 6
    with pytest.raises(CalibrationError, match="expected -2 to 2"):
        open_calibration(saved(tmp_path, image=good * 4 - 3), image, tensor)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused_by_their_row(
    tmp_path: Path, opened: Open, good: np.ndarray, value: float
) -> None:
    good[2, 0, 0, 0] = value
    with pytest.raises(CalibrationError, match=r"not finite; in .*#2"):
        opened(saved(tmp_path, image=good))


def test_a_damaged_file_is_refused_by_name(tmp_path: Path, opened: Open, good: np.ndarray) -> None:
    data = saved(tmp_path, image=good).read_bytes()
    for place, broken in enumerate((b"", b"no zip", data[: len(data) // 2], data.replace(b"\x93NUMPY", b"\x93NUMBY"))):
        path = tmp_path / f"broken{place}.npz"
        path.write_bytes(broken)
        with pytest.raises(CalibrationError, match=rf"damaged or no NPZ file; in .*broken{place}\.npz"):
            opened(path)


def test_bytes_that_were_damaged_inside_are_noticed(tmp_path: Path, opened: Open, good: np.ndarray) -> None:
    data = bytearray(saved(tmp_path, image=good).read_bytes())
    data[len(data) // 2] ^= 0x10
    (tmp_path / "flipped.npz").write_bytes(data)
    with pytest.raises(CalibrationError, match="damaged"):
        opened(tmp_path / "flipped.npz")


def test_a_network_of_unknown_input_takes_arrays_alone(tmp_path: Path, tensor: Tensor, good: np.ndarray) -> None:
    meaningless = good * 1000 - 7
    calibration = open_calibration(saved(tmp_path, image=meaningless), TensorInput(), tensor)
    assert np.array_equal(np.concatenate(list(calibration.tensors())), meaningless)
    with pytest.raises(ConfigError, match=r"found a folder; .* NPZ file; --manifest says"):
        open_calibration(tmp_path, TensorInput(), tensor)


def test_rows_that_are_promised_and_not_there_are_noticed_before_any_is_chosen(tmp_path: Path, opened: Open) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (10**12, *SHAPE[1:])}
    )
    with zipfile.ZipFile(tmp_path / "inputs.npz", "w") as archive:
        archive.writestr("image.npy", header.getvalue() + bytes(100))
    with pytest.raises(CalibrationError, match="damaged") as caught:
        opened(tmp_path / "inputs.npz")
    assert "its header promises" in caught.value.found
