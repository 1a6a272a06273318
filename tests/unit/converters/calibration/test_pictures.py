"""Pictures as calibration data: chosen by seed, preprocessed as on a device, never left out silently."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.calibration.items import CalibrationError
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import ImageInput, Quantization, Tensor
from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_edge.vision.errors import ImageError
from skerry_edge.vision.images import read_image
from skerry_edge.vision.preprocess import Preprocessor

Open = Callable[..., CalibrationSet]


def test_every_picture_below_the_folder_is_taken_through_the_devices_own_preprocessing(
    folder: Path, opened: Open, image: ImageInput, tensor: Tensor
) -> None:
    calibration = opened(folder)
    assert len(calibration) == 12
    own = Preprocessor(image, tensor)
    for sample, fed in zip(calibration.samples(), calibration.tensors(), strict=True):
        expected, _ = own.run(read_image(folder / sample.item.name))
        assert np.array_equal(fed, expected)


def test_the_stream_can_be_gone_over_again_and_what_it_gave_stays(folder: Path, opened: Open) -> None:
    stream = opened(folder).tensors()
    first = list(stream)
    assert len(stream) == len(first) == 12
    assert all(np.array_equal(one, two) for one, two in zip(first, stream, strict=True))
    assert len({one.tobytes() for one in first}) == 12


def test_another_layout_and_an_integer_type_get_the_same_pictures(folder: Path, opened: Open) -> None:
    calibration = opened(folder, limit=3)
    quantized = Tensor(
        name="in",
        shape=(1, 16, 24, 3),
        layout="NHWC",
        dtype="int8",
        quantization=Quantization(scale=1 / 255, zero_point=-128),
    )
    for real, stored in zip(calibration.tensors(), calibration.tensors(quantized), strict=True):
        assert stored.dtype == np.int8
        back = (stored.astype(np.float64) + 128) / 255
        assert np.abs(back.transpose(0, 3, 1, 2) - real).max() < 0.5 / 255 + 1e-6


def test_a_tensor_that_no_picture_fits_is_refused(folder: Path, opened: Open) -> None:
    with pytest.raises(BundleError, match="no room for the picture"):
        opened(folder).tensors(Tensor(name="in", shape=(1, 3, 99, 24), layout="NCHW"))


def test_a_limit_takes_a_random_part_that_the_seed_decides(folder: Path, opened: Open) -> None:
    def names(**options: int) -> list[str]:
        return [item.name for item in opened(folder, **options).items]

    assert len(names(limit=5)) == 5
    assert names(limit=5, seed=1) == names(limit=5, seed=1)
    assert names(limit=5, seed=1) != names(limit=5, seed=2)
    assert set(names(limit=5)) < set(names(limit=9))


def test_one_more_picture_in_the_folder_hardly_changes_the_choice(
    folder: Path, opened: Open, photograph: Callable[..., np.ndarray]
) -> None:
    before = {item.name for item in opened(folder, limit=8).items}
    cv2.imwrite(str(folder / "aaa.png"), photograph(99))
    after = {item.name for item in opened(folder, limit=8).items}
    assert len(before - after) <= 1


def test_damaged_pictures_are_all_named_and_none_is_left_out(folder: Path, opened: Open) -> None:
    (folder / "day" / "torn.png").write_bytes((folder / "day" / "01.png").read_bytes()[:200])
    (folder / "empty.jpg").write_bytes(b"")
    with pytest.raises(CalibrationError, match="2 of 14 files cannot be used") as caught:
        opened(folder)
    assert "torn.png" in str(caught.value)
    assert "empty.jpg" in str(caught.value)


def test_a_long_list_of_damaged_pictures_is_cut_short(folder: Path, opened: Open) -> None:
    for place in range(20):
        (folder / f"bad{place}.png").write_bytes(b"no picture")
    with pytest.raises(CalibrationError, match=r"20 of 32 files.*; and 15 more"):
        opened(folder)


def test_a_picture_that_changes_between_survey_and_use_is_an_error(folder: Path, opened: Open) -> None:
    calibration = opened(folder)
    other = next(path for path in sorted(folder.rglob("0*.png")) if path.name != Path(calibration.items[0].name).name)
    (folder / calibration.items[0].name).write_bytes(other.read_bytes())
    with pytest.raises(CalibrationError, match="changed while it was used"):
        list(calibration.tensors())


def test_of_a_voc_data_set_only_the_photographs_are_taken(
    tmp_path: Path, opened: Open, photograph: Callable[..., np.ndarray]
) -> None:
    for name in ("JPEGImages/a.jpg", "JPEGImages/b.jpg", "SegmentationClass/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), photograph(len(name)))
    assert sorted(item.name for item in opened(tmp_path).items) == ["JPEGImages/a.jpg", "JPEGImages/b.jpg"]


def test_what_cannot_be_calibrated_with_is_refused(tmp_path: Path, opened: Open) -> None:
    with pytest.raises(ReachError, match="no calibration data here"):
        opened(tmp_path / "nowhere")
    with pytest.raises(ImageError, match="holds no pictures"):
        opened(tmp_path)
    (tmp_path / "labels.csv").write_text("a,b")
    with pytest.raises(ConfigError, match=r"found \.csv; a network that looks"):
        opened(tmp_path / "labels.csv")


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(folder: Path, opened: Open, limit: int) -> None:
    with pytest.raises(ConfigError, match="at least one sample"):
        opened(folder, limit=limit)


def test_progress_is_told_and_nothing_is_printed(
    folder: Path, image: ImageInput, tensor: Tensor, capfd: pytest.CaptureFixture[str]
) -> None:
    from skerry_converters.calibration.opening import open_calibration

    told: list[tuple[int, int]] = []
    calibration = open_calibration(folder, image, tensor, progress=lambda done, total: told.append((done, total)))
    list(calibration.tensors())
    assert told == [(done, 12) for done in range(12)]
    assert capfd.readouterr() == ("", "")


def test_the_manifest_holds_what_decided_and_nothing_of_this_machine(folder: Path, opened: Open) -> None:
    manifest = opened(folder, limit=5, seed=7).manifest()
    content = json.loads(manifest.data)
    assert (content["found"], content["limit"], content["seed"], content["count"]) == (12, 5, 7, 5)
    assert content["preprocessing"]["width"] == 24
    assert content["preprocessing"]["resize"] == "stretch"
    assert len(content["items"][0]["sha256"]) == 64
    assert str(folder.parent) not in manifest.data.decode()


def test_the_manifests_hash_changes_with_whatever_decides(
    folder: Path, opened: Open, tensor: Tensor, photograph: Callable[..., np.ndarray]
) -> None:
    from skerry_converters.calibration.opening import open_calibration

    first = opened(folder, limit=5).manifest().sha256
    assert opened(folder, limit=5).manifest().sha256 == first
    letterboxed = ImageInput(width=24, height=16, resize="letterbox")
    others = {
        opened(folder, limit=5, seed=1).manifest().sha256,
        opened(folder, limit=6).manifest().sha256,
        open_calibration(folder, letterboxed, tensor, limit=5).manifest().sha256,
    }
    for path in folder.rglob("*.png"):
        if not path.name.startswith("."):
            cv2.imwrite(str(path), photograph(1000 + len(path.name) + int(path.stem)))
    others.add(opened(folder, limit=5).manifest().sha256)
    assert len(others | {first}) == 5


def test_a_picture_whose_name_is_not_utf8_is_refused_since_it_cannot_be_recorded(folder: Path, opened: Open) -> None:
    some = folder / "day" / "01.png"
    some.rename(some.with_name("a\udcfe.png"))
    with pytest.raises(CalibrationError, match="not UTF-8") as caught:
        opened(folder)
    assert "udcfe" in str(caught.value.found)
