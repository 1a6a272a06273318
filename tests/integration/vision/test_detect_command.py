"""`skerry detect` as its users run it: lines, tables, saved results, exit codes."""

import json
import os
import pty
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

RED_BOX = (16, 16, 32, 32)


@pytest.fixture
def photo(tmp_path, scene):
    """A picture of 128x128 with one red square at 32..64."""
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), scene(128, 128, ("red", (32, 32, 64, 64))))
    return path


@pytest.fixture
def clip(tmp_path, scene):
    """A video of 12 frames at 64x64; in the last 4 there is a blue square."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 8.0, (64, 64))
    for index in range(12):
        writer.write(scene(64, 64, *([("blue", (0, 0, 16, 16))] if index >= 8 else [])))
    writer.release()
    return path


def test_a_picture_is_one_line_of_json(skerry, squares_bundle, photo):
    outcome = skerry("detect", squares_bundle, photo, "--json")
    (line,) = outcome.lines
    assert outcome.code == 0
    assert outcome.err == ""
    assert (line["source"], line["index"]) == (str(photo), 0)
    (one,) = line["detections"]
    assert (one["label"], one["box"]) == ("red", [32.0, 32.0, 64.0, 64.0])
    assert 0.99 < one["score"] <= 1.0
    assert set(line["timing_ms"]) == {"capture", "preprocess", "inference", "postprocess"}
    assert all(value > 0 for value in line["timing_ms"].values())


def test_a_picture_without_objects_is_a_line_with_none(skerry, squares_bundle, tmp_path):
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((50, 50, 3), np.uint8))
    outcome = skerry("detect", squares_bundle, tmp_path / "black.png", "--json")
    assert (outcome.code, outcome.lines[0]["detections"]) == (0, [])


def test_a_folder_is_a_line_a_picture_in_order(skerry, squares_bundle, photo, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("b.png", "a.png"):
        shutil.copy(photo, folder / name)
    outcome = skerry("detect", squares_bundle, folder, "--json")
    assert [line["source"] for line in outcome.lines] == [str(folder / "a.png"), str(folder / "b.png")]


def test_the_name_of_a_file_is_text_and_not_markup(skerry, squares_bundle, photo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(photo, "[red]:dog:.png")
    outcome = skerry("detect", squares_bundle, "[red]:dog:.png")
    assert "[red]:dog:.png" in outcome.out
    assert "median times: capture" in outcome.out


def test_a_video_is_a_line_a_frame(skerry, squares_bundle, clip):
    outcome = skerry("detect", squares_bundle, clip, "--json")
    assert [line["index"] for line in outcome.lines] == list(range(12))
    assert [len(line["detections"]) for line in outcome.lines] == [0] * 8 + [1] * 4
    assert {line["source"] for line in outcome.lines} == {str(clip)}


def test_files_that_fail_have_their_own_lines_and_the_rest_is_still_done(skerry, squares_bundle, photo, tmp_path):
    (tmp_path / "zero.jpg").touch()
    cut = tmp_path / "cut.png"
    cut.write_bytes(photo.read_bytes()[:60])
    names = [str(tmp_path / "zero.jpg"), str(cut), str(tmp_path / "none.png"), str(photo)]
    outcome = skerry("detect", squares_bundle, *names, "--json")
    assert outcome.code == 4
    assert [line["source"] for line in outcome.lines] == names
    assert [sorted(line) for line in outcome.lines[:3]] == [["error", "source"]] * 3
    assert len(outcome.lines[3]["detections"]) == 1
    assert "3 sources failed" in outcome.err


def test_a_folder_without_pictures_fails(skerry, squares_bundle, tmp_path):
    outcome = skerry("detect", squares_bundle, tmp_path, "--json")
    assert outcome.code == 4
    assert outcome.lines[0]["source"] == str(tmp_path)
    assert "holds no pictures" in outcome.lines[0]["error"]


def test_a_video_that_breaks_off_fails_after_its_frames(skerry, squares_bundle, clip):
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 9 // 10])
    outcome = skerry("detect", squares_bundle, clip, "--json")
    assert outcome.code == 4
    assert len(outcome.lines) > 2
    assert all("detections" in line for line in outcome.lines[:-1])
    assert "breaks off" in outcome.lines[-1]["error"]


def test_a_failed_inference_is_an_error_and_not_an_empty_picture(skerry, bundle_with_output, photo):
    outcome = skerry("detect", bundle_with_output(np.full((1, 7, 4, 4), np.nan)), photo, "--json")
    assert outcome.code == 4
    assert sorted(outcome.lines[0]) == ["error", "source"]


def test_the_table_shows_objects_and_what_ran(skerry, squares_bundle, photo, clip):
    outcome = skerry("detect", squares_bundle, photo, clip)
    assert outcome.code == 0
    words = outcome.out.replace("\n", " ")
    for part in ("red", "32, 32, 64, 64", "blue", "in 4 of 12 frames", "squares 1.2.3, onnx-fp32 on onnx"):
        assert part in words


def test_the_table_of_an_empty_picture_says_so(skerry, squares_bundle, tmp_path):
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((50, 50, 3), np.uint8))
    assert "nothing" in skerry("detect", squares_bundle, tmp_path / "black.png").out


def test_without_json_a_failure_is_told_on_stderr(skerry, squares_bundle, photo, tmp_path):
    (tmp_path / "zero.jpg").touch()
    outcome = skerry("detect", squares_bundle, tmp_path / "zero.jpg", photo)
    assert outcome.code == 4
    assert "red" in outcome.out
    assert str(tmp_path / "zero.jpg") in outcome.err
    assert "is empty" in outcome.err


def test_the_threshold_is_what_scores_are_held_against(skerry, bundle_with_output, photo):
    raw = np.full((1, 7, 4, 4), -20.0)
    raw[0, 4, 0, 0] = 0.0  # objectness 0.5
    raw[0, 5, 0, 0] = 20.0
    bundle = bundle_with_output(raw)
    assert len(skerry("detect", bundle, photo, "--json", "--threshold", "0.49").lines[0]["detections"]) == 1
    assert len(skerry("detect", bundle, photo, "--json", "--threshold", "0.51").lines[0]["detections"]) == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--threshold", "1.5"], "--threshold"),
        (["--threshold", "nan"], "between 0 and 1"),
        (["--threads", "-1"], "--threads"),
        (["--variant", "onnx-fp23"], "did you mean 'onnx-fp32'?"),
        (["--backend", "onx"], "did you mean 'onnx'?"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_was_meant(skerry, squares_bundle, photo, arguments, told):
    outcome = skerry("detect", squares_bundle, photo, *arguments)
    assert outcome.code == 2
    assert told in outcome.err
    assert outcome.out == ""


def test_an_unknown_model_is_wrong_usage(skerry, photo):
    outcome = skerry("detect", "no-such-model", photo)
    assert outcome.code == 2
    assert "no such model" in outcome.err


@pytest.mark.parametrize("content", [b"", b"no bundle", b"PK\x05\x06" + bytes(18)])
def test_a_model_file_that_is_no_bundle_is_told_without_a_traceback(skerry, photo, tmp_path, content):
    (tmp_path / "junk.skerry").write_bytes(content)
    outcome = skerry("detect", tmp_path / "junk.skerry", photo)
    assert outcome.code == 4
    assert outcome.err.startswith("error: ")
    assert "Traceback" not in outcome.err


def test_saved_pictures_have_the_boxes_drawn(skerry, squares_bundle, photo, tmp_path):
    outcome = skerry("detect", squares_bundle, photo, "--json", "--save", tmp_path / "out" / "boxes")
    saved, before = cv2.imread(str(tmp_path / "out" / "boxes" / "photo.png")), cv2.imread(str(photo))
    assert outcome.code == 0
    assert saved.shape == before.shape
    assert (saved[48, 32] != before[48, 32]).any()
    assert np.array_equal(saved[100:, 100:], before[100:, 100:])


def test_pictures_of_one_name_are_all_saved(skerry, squares_bundle, photo, tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        shutil.copy(photo, tmp_path / folder / "same.png")
    skerry("detect", squares_bundle, tmp_path / "one" / "same.png", tmp_path / "two", "--save", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["same-2.png", "same.png"]


def test_saving_beside_the_sources_overwrites_none_of_them(skerry, squares_bundle, photo, tmp_path):
    before = photo.read_bytes()
    skerry("detect", squares_bundle, photo, "--save", tmp_path)
    assert photo.read_bytes() == before
    assert (tmp_path / "photo-2.png").is_file()


def test_a_saved_video_is_a_video_with_boxes(skerry, squares_bundle, clip, tmp_path):
    skerry("detect", squares_bundle, clip, "--save", tmp_path / "out")
    capture = cv2.VideoCapture(str(tmp_path / "out" / "clip.mp4"))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1].astype(int))
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(8.0)
    assert len(frames) == 12
    # The label's plate reaches beyond the square, to its right.
    assert frames[0].max() < 30
    assert frames[11][:14, 20:40].max() > 100


def test_a_video_that_finds_no_room_ends_with_4_and_leaves_nothing(squares_bundle, clip, tmp_path):
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); "
        "from skerry_edge.cli import main; main()"
    )
    command = [sys.executable, "-B", "-c", script, "detect", squares_bundle, clip, "--save", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 4
    assert "video could not be written whole" in done.stderr
    assert str(tmp_path / "out" / "clip.mp4") in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_an_output_folder_that_cannot_be_made_is_told(skerry, squares_bundle, photo, tmp_path):
    (tmp_path / "file").touch()
    outcome = skerry("detect", squares_bundle, photo, "--save", tmp_path / "file" / "out")
    assert outcome.code == 4
    assert "output folder" in outcome.err


def test_help_imports_no_runtime_and_no_array_library():

    script = (
        "import sys; from skerry_edge.vision.cli import detect; "
        "detect.main(['--help'], standalone_mode=False); "
        "assert not {'numpy', 'cv2', 'onnxruntime', 'rich'} & set(sys.modules), sorted(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Examples:" in done.stdout


@pytest.mark.parametrize("variant", ["onnx-fp32", "tflite-int8"])
def test_threads_and_variants_change_nothing_about_the_result(skerry, squares_bundle, photo, variant):
    outcome = skerry("detect", squares_bundle, photo, "--json", "--variant", variant, "--threads", 1)
    assert outcome.lines[0]["detections"][0]["box"] == pytest.approx([32, 32, 64, 64], abs=0.01)


def test_links_in_a_circle_fail_alone_where_results_are_saved(skerry, squares_bundle, photo, tmp_path):
    (tmp_path / "circle.png").symlink_to("circle.png")
    outcome = skerry("detect", squares_bundle, tmp_path / "circle.png", photo, "--json", "--save", tmp_path / "out")
    assert outcome.code == 4
    assert outcome.lines[0]["error"].startswith("there is no such file")
    assert (tmp_path / "out" / "photo.png").is_file()


def test_lines_reach_standard_output_while_a_bar_shows_on_the_terminal(squares_bundle, clip):
    controller, terminal = pty.openpty()
    command = [
        sys.executable,
        "-c",
        "from skerry_edge.cli import main; main()",
        "detect",
        squares_bundle,
        clip,
        "--json",
    ]
    # Wide enough that the bar does not cut the file's name short, however long its folder is.
    wide = {**os.environ, "COLUMNS": "500"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal, text=True, env=wide) as process:
        os.close(terminal)
        lines = process.stdout.read().splitlines()
        assert process.wait(60) == 0
    shown = os.read(controller, 100_000)
    os.close(controller)
    assert [json.loads(line)["index"] for line in lines] == list(range(12))
    assert clip.name.encode() in shown


def test_a_video_on_which_every_inference_fails_is_told_once_in_the_table(skerry, bundle_with_output, clip):
    outcome = skerry("detect", bundle_with_output(np.full((1, 7, 4, 4), np.nan)), clip)
    assert outcome.code == 4
    assert len(outcome.err.splitlines()) == 2
    assert "(12 times)" in outcome.err
