"""`skerry detect` on cameras."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

BLUE_DISC = "videotestsrc is-live=true pattern=ball foreground-color=0xff0000ff background-color=0xff808080"


def test_a_camera_is_looked_at_for_so_many_pictures(skerry, discs: Path, need_program: Callable[[str], str]) -> None:
    need_program("gst-launch-1.0")
    run = skerry("detect", discs, f"gstreamer:{BLUE_DISC}", "--frames", 3, "--json")
    assert run.code == 0
    assert [(row["source"], type(row["detections"])) for row in run.lines] == [("gstreamer", list)] * 3
    assert all(row["timing_ms"]["capture"] < 5000 for row in run.lines)


def test_a_network_camera_takes_its_password_from_the_environment(
    skerry, discs: Path, rtsp_server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = rtsp_server("joe", "hunter2")
    monkeypatch.setenv("SKERRY_RTSP_PASSWORD", "hunter2")
    url = server.url("/camera", "joe@")
    run = skerry("detect", discs, url, "--frames", 2)
    assert (run.code, "2 frames" in run.out) == (0, True)
    monkeypatch.setenv("SKERRY_RTSP_PASSWORD", "wr0ng")
    run = skerry("detect", discs, url, url.replace("joe@", "joe:wr0ng-too@"), "--json")
    assert run.code == 4
    assert ["another login" in row["error"] for row in run.lines] == [True, True]
    assert "wr0ng" not in run.out + run.err


def test_a_camera_that_is_not_there_leaves_the_other_sources(
    skerry, discs: Path, tmp_path: Path, free_port: Callable[[], int]
) -> None:
    import cv2
    import numpy as np

    cv2.imwrite(str(tmp_path / "grey.png"), np.full((48, 64, 3), 128, np.uint8))
    lost = [
        tmp_path / "video0",
        "/dev/video99",
        "/dev/null",
        f"rtsp://127.0.0.1:{free_port()}/",
        "gstreamer:",
        "rpicam:x",
    ]
    run = skerry("detect", discs, *lost, tmp_path / "grey.png", "--json", "--stall", 1)
    assert run.code == 4
    assert ["error" in row for row in run.lines] == [True] * len(lost) + [False]
    assert "6 sources failed" in run.err


@pytest.mark.parametrize(("option", "value"), [("--frames", 0), ("--frames", "x"), ("--stall", 0), ("--stall", "nan")])
def test_impossible_limits_are_wrong_usage(skerry, discs: Path, option: str, value: object) -> None:
    assert skerry("detect", discs, "/dev/video0", option, value).code == 2


@pytest.mark.parametrize("camera", ["/dev/video0", "rpicam", "rtsps://joe:hunter2@cam/x", "gstreamer:v4l2src"])
def test_pictures_of_a_camera_cannot_be_saved_and_that_is_said_at_once(
    skerry, discs: Path, tmp_path: Path, camera: str
) -> None:
    run = skerry("detect", discs, discs.parent, camera, "--save", tmp_path / "boxes")
    assert (run.code, run.out) == (2, "")
    assert "pictures of a camera are not saved" in run.err
    assert "hunter2" not in run.err
    assert not (tmp_path / "boxes").exists()
