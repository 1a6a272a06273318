"""What an argument means, and how one file's failure leaves the others alone."""

import os
from contextlib import closing

import cv2
import numpy as np
import pytest

from skerry_edge.foundation.errors import ReachError
from skerry_edge.vision.errors import ImageError, VideoError
from skerry_edge.vision.frames import Failure, Frame
from skerry_edge.vision.sources import open_source
from skerry_edge.vision.video import VideoSource


def items(name) -> list[Frame | Failure]:
    with closing(open_source(str(name))) as source:
        return list(source.frames())


def write_picture(path, level: int) -> None:
    assert cv2.imwrite(str(path), np.full((4, 6, 3), level, np.uint8))


def test_a_folder_is_its_pictures_sorted_by_name(tmp_path):
    for level, name in enumerate(["b.png", "a.PNG", "c.bmp"]):
        write_picture(tmp_path / name, level)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    found = items(tmp_path)
    assert [(one.source, int(one.pixels[0, 0, 0])) for one in found] == [
        (str(tmp_path / "a.PNG"), 1),
        (str(tmp_path / "b.png"), 0),
        (str(tmp_path / "c.bmp"), 2),
    ]
    assert all((one.index, one.time_s) == (0, 0.0) for one in found)


def test_a_damaged_picture_leaves_the_rest_of_its_folder(tmp_path):
    write_picture(tmp_path / "a.png", 1)
    (tmp_path / "b.png").write_bytes(b"damaged")
    write_picture(tmp_path / "c.png", 3)
    first, broken, last = items(tmp_path)
    assert isinstance(first, Frame)
    assert isinstance(last, Frame)
    assert isinstance(broken, Failure)
    assert broken.source == str(tmp_path / "b.png")
    assert isinstance(broken.error, ImageError)


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(ImageError, match="holds no pictures"):
        open_source(str(tmp_path))


def test_a_video_that_changes_its_size_goes_on_in_the_size_that_it_began_with(tmp_path):
    sizes = [(48, 64)] * 10 + [(96, 128)] * 10
    jpegs = [cv2.imencode(".jpg", np.full((*size, 3), 100, np.uint8))[1].tobytes() for size in sizes]
    (tmp_path / "a.mjpeg").write_bytes(b"".join(jpegs))
    found = items(tmp_path / "a.mjpeg")
    assert {one.pixels.shape for one in found} == {(48, 64, 3)}
    assert len(found) >= 18


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(ReachError, match="no such file"):
        open_source(str(tmp_path / "nothing.jpg"))


def test_a_picture_is_known_by_its_content_where_its_name_says_nothing(tmp_path):
    write_picture(tmp_path / "a.png", 5)
    (tmp_path / "a.png").rename(tmp_path / "picture")
    (one,) = items(tmp_path / "picture")
    assert isinstance(one, Frame)


def test_a_file_that_is_neither_picture_nor_video_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("plain text")
    with pytest.raises(VideoError, match="does not open"):
        open_source(str(tmp_path / "notes.txt"))


@pytest.mark.parametrize(("name", "fourcc"), [("clip.avi", "MJPG"), ("clip.mp4", "mp4v")])
def test_a_video_gives_every_frame_in_order_with_its_time(write_video, name, fourcc):
    path = write_video(name, 12, fourcc)
    found = items(path)
    assert [one.index for one in found] == list(range(12))
    assert [one.time_s for one in found] == pytest.approx([index / 10 for index in range(12)], abs=0.02)
    assert [one.pixels.mean() for one in found] == pytest.approx([index * 10 for index in range(12)], abs=4.9)
    assert {one.source for one in found} == {str(path)}


def test_a_video_tells_its_length_and_rate(write_video):
    with closing(VideoSource(str(write_video("clip.avi", 12)))) as source:
        assert (len(source), source.rate_hz) == (12, 10.0)


def test_a_video_that_breaks_off_gives_its_frames_and_then_a_failure(write_video):
    path = write_video("clip.avi", 60)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    *frames, last = items(path)
    assert 0 < len(frames) < 60
    assert all(isinstance(one, Frame) for one in frames)
    assert isinstance(last, Failure)
    assert isinstance(last.error, VideoError)
    assert f"{len(frames)} frames of 60" in str(last.error)


def test_a_real_video_that_breaks_off_is_told(shared_data, tmp_path):
    whole = (shared_data / "video" / "car-detection.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) * 9 // 10])
    *frames, last = items(path)
    assert len(frames) > 200
    assert isinstance(last, Failure)


def test_a_real_video_is_whole(shared_data):
    found = items(shared_data / "video" / "car-detection.mp4")
    assert len(found) == 377
    assert all(isinstance(one, Frame) for one in found)


@pytest.mark.parametrize("content", [b"", b"no video", bytes(5000)])
def test_what_is_no_video_is_refused(tmp_path, content):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(VideoError, match="does not open"):
        open_source(str(path))


def test_a_pipe_or_a_device_is_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless.jpg").symlink_to("/dev/zero")
    for name in ("pipe.jpg", "pipe", "endless.jpg"):
        with pytest.raises(ReachError, match="neither a file nor a folder"):
            open_source(str(tmp_path / name))


def test_a_pipe_or_a_device_leaves_the_rest_of_its_folder(tmp_path):
    (tmp_path / "a.jpg").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "b.jpg")
    write_picture(tmp_path / "c.png", 3)
    endless, pipe, last = items(tmp_path)
    assert isinstance(endless.error, ReachError)
    assert isinstance(pipe.error, ReachError)
    assert isinstance(last, Frame)


@pytest.mark.parametrize("name", ["", "x" * 300])
def test_a_name_that_no_file_can_have_is_refused(name, tmp_path, monkeypatch):
    write_picture(tmp_path / "here.png", 1)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReachError):
        open_source(name)
