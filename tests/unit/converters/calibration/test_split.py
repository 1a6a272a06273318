"""Setting a part aside for the gates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.calibration.cautions import Leakage, NearlyAlike, TooFew, cautions
from skerry_edge.foundation.errors import ConfigError

Open = Callable[..., CalibrationSet]


def names(calibration: CalibrationSet) -> set[str]:
    return {item.label for item in calibration.items}


def test_both_parts_together_are_the_whole_and_share_nothing(folder: Path, opened: Open) -> None:
    whole = opened(folder)
    rest, held = whole.split(0.25, 1)
    assert len(held) == 3
    assert names(rest) | names(held) == names(whole)
    assert not names(rest) & names(held)
    assert len(list(held.tensors())) == 3


def test_the_seed_decides_and_the_manifests_tell_the_parts_apart(folder: Path, opened: Open) -> None:
    whole = opened(folder)
    assert names(whole.split(0.25, 1)[1]) == names(whole.split(0.25, 1)[1])
    assert names(whole.split(0.25, 1)[1]) != names(whole.split(0.25, 2)[1])
    rest, held = whole.split(0.25, 1)
    assert len({one.manifest().sha256 for one in (whole, rest, held)}) == 3
    assert b"held out, split of 0.25 by seed 1" in held.manifest().data


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_neither_part_is_ever_empty(folder: Path, opened: Open, share: float) -> None:
    rest, held = opened(folder).split(share, 0)
    assert len(rest) >= 1
    assert len(held) >= 1


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2, 1.5])
def test_a_share_outside_0_to_1_is_refused(folder: Path, opened: Open, share: float) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        opened(folder).split(share, 0)


def test_one_picture_cannot_be_divided(folder: Path, opened: Open) -> None:
    with pytest.raises(ConfigError, match=r"too little calibration data.*give --gate-data"):
        opened(folder, limit=1).split(0.2, 0)


def test_pictures_that_look_alike_stay_on_one_side(folder: Path, opened: Open) -> None:
    for path in sorted(folder.rglob("0*.png")):
        cv2.imwrite(str(path.with_suffix(".jpg")), cv2.imread(str(path)), [cv2.IMWRITE_JPEG_QUALITY, 60])
    for seed in range(5):
        rest, held = opened(folder).split(0.3, seed)
        assert not any(isinstance(one, Leakage) for one in cautions(rest, held))
        stems = [{Path(item.name).stem for item in part.items} for part in (rest, held)]
        assert not stems[0] & stems[1]


def test_where_all_look_alike_they_are_divided_and_the_leak_is_told(tmp_path: Path, opened: Open) -> None:
    for place in range(8):
        frame = np.full((64, 96, 3), 100, np.uint8)
        frame[place, place] = 255
        cv2.imwrite(str(tmp_path / f"{place}.png"), frame)
    rest, held = opened(tmp_path).split(0.25, 0)
    assert len(held) == 2
    (leakage,) = [one for one in cautions(rest, held) if isinstance(one, Leakage)]
    assert leakage.count == len(leakage.leaks) == 2


def test_few_samples_are_a_caution_and_a_hundred_are_not(
    tmp_path: Path, opened: Open, photograph: Callable[..., np.ndarray]
) -> None:
    for place in range(100):
        cv2.imwrite(str(tmp_path / f"{place}.png"), photograph(place))
    assert cautions(opened(tmp_path)) == ()
    (few,) = cautions(opened(tmp_path, limit=99))
    assert few == TooFew(count=99, unit="pictures")
    assert str(few) == "only 99 pictures to calibrate with; 100 or more are advised"


def test_look_alikes_are_named(folder: Path, opened: Open) -> None:
    source = next(iter(sorted(folder.rglob("0*.png"))))
    cv2.imwrite(str(folder / "copy.bmp"), cv2.imread(str(source)))
    (alike,) = [one for one in cautions(opened(folder)) if isinstance(one, NearlyAlike)]
    assert [sorted(group) for group in alike.groups] == [sorted(["copy.bmp", source.relative_to(folder).as_posix()])]
    assert str(alike).startswith("1 of 13 samples look like another one: ")


def test_gate_data_that_was_calibrated_with_is_told_by_content_and_by_look(
    folder: Path, tmp_path: Path, opened: Open, photograph: Callable[..., np.ndarray]
) -> None:
    sources = sorted(folder.rglob("0*.png"))
    gate = tmp_path / "gate"
    gate.mkdir()
    (gate / "same.png").write_bytes(sources[0].read_bytes())
    cv2.imwrite(str(gate / "saved-again.jpg"), cv2.imread(str(sources[1])))
    cv2.imwrite(str(gate / "new.png"), photograph(500))
    (leakage,) = [one for one in cautions(opened(folder), opened(gate)) if isinstance(one, Leakage)]
    told = {leak.gate: (Path(leak.calibration).name, leak.same) for leak in leakage.leaks}
    assert told == {"same.png": (sources[0].name, True), "saved-again.jpg": (sources[1].name, False)}
    assert str(leakage).startswith("2 of 3 gate samples were calibrated with: ")
