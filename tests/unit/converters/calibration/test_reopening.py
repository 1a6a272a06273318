"""Calibration data opened again from its manifest: the same inputs in the same order, or an error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.calibration.items import CalibrationError
from skerry_converters.calibration.manifest import CalibrationRecord, decode_record
from skerry_converters.calibration.opening import reopen_calibration
from skerry_edge.contracts.manifest import ImageInput, Tensor

Open = Callable[..., CalibrationSet]
Reopen = Callable[[Path, CalibrationSet], CalibrationSet]


def record_of(calibration: CalibrationSet) -> CalibrationRecord:
    return decode_record(calibration.manifest().data, where="calibration.json")


@pytest.fixture
def reopen(image: ImageInput, tensor: Tensor) -> Reopen:
    """Return a function that opens data again as a set describes it."""

    def open_it(path: Path, calibration: CalibrationSet) -> CalibrationSet:
        return reopen_calibration(path, record_of(calibration), image, tensor)

    return open_it


@pytest.fixture(params=["folder", "video", "arrays"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Calibration data of each kind."""
    if request.param != "arrays":
        found: Path = request.getfixturevalue(request.param)
        return found
    path = tmp_path / "inputs.npz"
    np.savez(path, image=np.random.default_rng(0).random((9, 3, 16, 24), np.float32))
    return path


def test_the_same_inputs_come_in_the_same_order_and_so_does_the_manifest(
    data: Path, opened: Open, reopen: Reopen
) -> None:
    rest, _ = opened(data, limit=7, seed=3).split(0.3, 3)
    again = reopen(data, rest)
    assert again.manifest() == rest.manifest()
    assert all(map(np.array_equal, again.tensors(), rest.tensors()))
    assert len(again) == len(rest)


def test_pictures_that_were_not_used_may_be_gone_or_new(
    folder: Path, opened: Open, reopen: Reopen, photograph: Callable[..., np.ndarray]
) -> None:
    rest, held = opened(folder, limit=8).split(0.25, 0)
    used = {item.name for item in rest.items}
    for path in folder.rglob("*.png"):
        if path.relative_to(folder).as_posix() not in used:
            path.unlink()
    assert reopen(folder, rest).manifest() == rest.manifest()
    assert len(held) == 2


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.rename(path.with_name("other.png"))])
def test_a_picture_that_is_missing_is_an_error(
    folder: Path, opened: Open, reopen: Reopen, spoil: Callable[[Path], object]
) -> None:
    calibration = opened(folder)
    spoil(folder / calibration.items[0].name)
    with pytest.raises(CalibrationError, match="does not come out") as caught:
        reopen(folder, calibration)
    assert caught.value.found.startswith("11 of 12 pictures")


def test_a_picture_with_another_content_is_an_error(folder: Path, opened: Open, reopen: Reopen) -> None:
    calibration = opened(folder)
    first, second = (folder / item.name for item in calibration.items[:2])
    first.write_bytes(second.read_bytes())
    with pytest.raises(CalibrationError, match="does not come out"):
        reopen(folder, calibration)


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"limit": 0},
        {"seed": "1"},
        {"items": [{"name": "a.png"}]},
        {"items": [{"name": "a", "sha256": "0"}]},
    ],
)
def test_what_is_no_calibration_manifest_is_refused(folder: Path, opened: Open, change: dict[str, object]) -> None:
    content = {**json.loads(opened(folder).manifest().data), **change}
    with pytest.raises(CalibrationError, match="no calibration manifest") as caught:
        decode_record(json.dumps(content).encode(), where="m.skerry!calibration.json")
    assert caught.value.where == "m.skerry!calibration.json"


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 50_000], ids=len)
def test_bytes_that_are_no_calibration_manifest_are_refused(data: bytes) -> None:
    with pytest.raises(CalibrationError):
        decode_record(data, where="calibration.json")
