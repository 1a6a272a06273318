"""`skerry render` writes labelled folders and videos, the same for the same seed, whole or not at all."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_converters.rendering.classes import SIGN_LABELS
from skerry_edge.bench.annotations.dataset import read_dataset

Skerry = Callable[..., object]
SMALL = ("--size", "128x96")
AS_USUAL = ("env", "--default-signal=INT,TERM,HUP")
"""A background job of a shell ignores SIGINT, and what it starts does too."""


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def limited(arguments: list[object], limit_bytes: int) -> subprocess.CompletedProcess[str]:
    """Run the command where no file may grow beyond so many bytes, as on a disk that fills up."""

    def cap() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    command = [sys.executable, "-m", "skerry_edge", "render", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, preexec_fn=cap)


@pytest.mark.parametrize("layout", ["voc", "yolo", "coco"])
def test_a_folder_holds_what_the_summary_says(skerry: Skerry, tmp_path: Path, layout: str) -> None:
    out = tmp_path / "signs"
    run = skerry("render", "--count", 9, "--seed", 3, "--format", layout, "--out", out, *SMALL, "--json")
    assert run.code == 0
    told = json.loads(run.out)
    data = read_dataset(out, SIGN_LABELS)
    labels = [label for picture in data.pictures for label in picture.annotation.labels]
    assert (told["pictures"], told["format"], told["split"]) == (9, layout, "train")
    assert len(data.pictures) == 9
    written = sum(told["signs"].values()) - (told["difficult"] if layout == "yolo" else 0)
    assert len(labels) == written
    assert list(told["signs"]) == list(SIGN_LABELS)


def test_the_same_seed_gives_the_same_files_and_another_split_does_not(skerry: Skerry, tmp_path: Path) -> None:
    for name, more in (("a", ()), ("b", ()), ("c", ("--split", "test"))):
        assert skerry("render", "--count", 3, "--out", tmp_path / name, *SMALL, *more).code == 0
    first, again, test = (content(tmp_path / name) for name in "abc")
    assert first == again
    assert not set(first.values()) & {value for name, value in test.items() if name.endswith(".jpg")}


def test_a_video_and_its_frames_with_the_truth(skerry: Skerry, tmp_path: Path) -> None:
    video, out = tmp_path / "drive.mp4", tmp_path / "frames"
    run = skerry("render", "--count", 6, "--video", video, "--out", out, "--size", "320x180", "--json")
    assert run.code == 0
    assert json.loads(run.out)["split"] == "test"
    capture = cv2.VideoCapture(str(video))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(10.0)
    pictures = read_dataset(out, SIGN_LABELS).pictures
    assert len(pictures) == 6
    for picture in pictures:
        is_read, frame = capture.read()
        assert is_read
        assert np.abs(frame.astype(int) - cv2.imread(str(picture.path))).mean() < 12


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_a_video_alone(skerry: Skerry, tmp_path: Path, suffix: str) -> None:
    run = skerry("render", "--count", 3, "--video", tmp_path / f"v{suffix}", *SMALL)
    assert run.code == 0
    assert [path.name for path in tmp_path.iterdir()] == [f"v{suffix}"]
    assert "3 pictures" in run.out


def test_scenes_without_signs_are_as_many_as_asked_for(skerry: Skerry, tmp_path: Path) -> None:
    def empty(share: float) -> int:
        out = tmp_path / f"{share}"
        return int(skerry("render", "--count", 12, "--signless", share, "--out", out, "--json", *SMALL).json["empty"])

    assert empty(1) == 12
    # Where there is no room for a sign, there is none.
    assert empty(0) < 6


def test_photographs_are_behind_some_scenes(skerry: Skerry, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    cv2.imwrite(str(tmp_path / "photos" / "p.png"), np.full((90, 120, 3), (250, 10, 250), np.uint8))
    run = skerry("render", "--count", 12, "--photographs", tmp_path / "photos", "--out", tmp_path / "out", *SMALL)
    assert run.code == 0
    middles = [
        np.median(cv2.imread(str(picture.path)).reshape(-1, 3), axis=0)
        for picture in read_dataset(tmp_path / "out", SIGN_LABELS).pictures
    ]
    over_photograph = [blue > 2 * green for blue, green, _ in middles]
    assert 1 <= sum(over_photograph) < 12


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing option '--out' or '--video'"),
        (("--out", "{}/x", "--size", "12x40000"), "from 64 to 4096"),
        (("--out", "{}/x", "--size", "big"), "width and a height"),
        (("--out", "{}/x", "--count", "0"), "0 is not in the range"),
        (("--out", "{}/x", "--seed", "-1"), "-1 is not in the range"),
        (("--video", "{}/v.gif"), "end its name in .mp4 or .avi"),
        (("--video", "{}/v.mp4", "--size", "101x100"), "must be even"),
        (("--video", "{}/v.mp4", "--photographs", "{}"), "does not go with --video"),
        (("--video", "{}/v.mp4", "--signless", "1"), "does not go with --video"),
        (("--out", "{}/x", "--signless", "nan"), "not a number"),
        (
            (
                "--out",
                "{}",
            ),
            "the folder is not empty",
        ),
    ],
)
def test_wrong_usage_is_told_and_writes_nothing(
    skerry: Skerry, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    run = skerry("render", *(one.format(tmp_path) for one in arguments))
    assert (run.code, run.out) == (2, "")
    assert said in run.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("arguments", [("--photographs", "{}/none", "--out", "{}/x"), ("--video", "{}/none/v.mp4")])
def test_what_cannot_be_reached_is_told_and_writes_nothing(
    skerry: Skerry, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    run = skerry("render", "--count", 1, *(one.format(tmp_path) for one in arguments))
    assert run.code == 4
    assert "none" in run.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to", [("--out", "{}/x"), ("--video", "{}/v.mp4"), ("--out", "{}/x", "--video", "{}/v.mp4")])
def test_a_disk_that_fills_up_is_told_and_leaves_nothing(tmp_path: Path, to: tuple[str, ...]) -> None:
    run = limited(["--count", 8, "--size", "320x240", *(one.format(tmp_path) for one in to)], 4000)
    assert run.returncode == 4
    assert "error: " in run.stderr
    assert "Traceback" not in run.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_photograph_is_told_without_the_decoders_own_words(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cut.tif").write_bytes(b"II*\0\x08\0\0\0\x01\0\0\x01\x03\0\x01")
    arguments = ["--photographs", tmp_path / "photos", "--out", tmp_path / "out"]
    run = limited([*arguments, "--count", 2], 1 << 20)
    assert run.returncode == 4
    assert run.stderr.startswith("error: the image does not decode")
    assert "WARN" not in run.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("to", [("--out", "{}/x"), ("--video", "{}/v.mp4")])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_and_leaves_nothing(
    tmp_path: Path, to: tuple[str, ...], number: signal.Signals, code: int, eventually: Callable[..., None]
) -> None:
    render = [sys.executable, "-m", "skerry_edge", "render", "--count", "100000", "--size", "160x120"]
    command = [*AS_USUAL, *render, *(one.format(tmp_path) for one in to)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        eventually(lambda: any(one.stat().st_size for one in tmp_path.rglob("*") if one.is_file()), what="a picture")
        run.send_signal(number)
        _, err = run.communicate(timeout=60)
    assert run.returncode == code, err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
