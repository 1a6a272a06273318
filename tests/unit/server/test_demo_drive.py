"""The truth of the demo's drive, read from what the renderer wrote."""

from __future__ import annotations

import json

import pytest

from skerry_edge.foundation.errors import DataError, ReachError
from skerry_server.demo.drive import Drive, Sign, read_truth

GOOD = {
    "images": [
        {"id": 1, "file_name": "000000.jpg", "width": 200, "height": 100},
        {"id": 2, "file_name": "000001.jpg", "width": 200, "height": 100},
    ],
    "annotations": [
        {"id": 1, "image_id": 2, "category_id": 7, "bbox": [20, 10, 40, 20], "area": 800, "iscrowd": 0},
        {"id": 2, "image_id": 2, "category_id": 7, "bbox": [0, 0, 2, 2], "area": 4, "iscrowd": 1},
    ],
    "categories": [{"id": 7, "name": "stop"}],
}


def test_signs_are_read_with_their_frame_place_and_whether_they_count(tmp_path):
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(GOOD))
    truth = read_truth(path)
    assert truth.frames == 2
    seen, hidden = truth.signs
    assert seen == Sign(frame=1, label="stop", box=pytest.approx((0.1, 0.1, 0.3, 0.3)), counts=True)
    assert not hidden.counts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        json.dumps(GOOD | {"categories": []}),
        json.dumps(GOOD | {"images": []}),
        json.dumps(GOOD | {"images": [{"id": 2, "file_name": "a.jpg", "width": 1, "height": 1}]}),
        json.dumps(GOOD | {"images": [{"id": 2, "file_name": "1.jpg", "width": 0, "height": 1}]}),
        b"\xff\xfe".decode("latin-1"),
    ],
)
def test_what_is_no_truth_is_refused_with_the_file(tmp_path, text):
    path = tmp_path / "annotations.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(DataError, match=r"annotations\.json"):
        read_truth(path)


def test_a_truth_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ReachError, match=r"annotations\.json"):
        read_truth(tmp_path / "annotations.json")


@pytest.fixture
def drive(tmp_path):
    """Return a function that starts to render a drive with a shell script in the renderer's place."""
    started = []

    def start(script):
        started.append(Drive(tmp_path, command=("sh", "-c", script, "sh"), seed=5))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.stop()


def test_a_drive_is_rendered_as_it_was_ordered(drive, tmp_path, eventually):
    order = tmp_path / "order.txt"
    rendering = drive(f'echo "$@" > {order}')
    eventually(rendering.is_rendered, what="the end of the renderer")
    words = order.read_text().split()
    assert words[0] == "render"
    assert dict(zip(words[1::2], words[2::2], strict=True)) == {
        "--count": "200",
        "--seed": "5",
        "--size": "960x540",
        "--format": "coco",
        "--video": str(tmp_path / "drive.mp4"),
        "--out": str(tmp_path / "drive"),
    }


def test_the_videos_place_is_taken_before_it_is_rendered(drive, tmp_path):
    waiting = Drive(tmp_path, command=("false",), seed=1)
    assert waiting.video.exists()
    assert not waiting.is_rendered()
    waiting.stop()
    assert not drive("sleep 60").is_rendered()


def test_a_renderer_that_fails_is_told_with_its_exit_code(drive, eventually):
    rendering = drive("exit 7")

    def has_failed():
        try:
            return rendering.is_rendered()
        except ReachError as error:
            return "exit code 7" in str(error)

    eventually(has_failed, what="the failure")
