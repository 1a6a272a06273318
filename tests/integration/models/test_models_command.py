"""`skerry models`, and the commands that take its names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import ImageInput
from skerry_edge.models import listing

NAME = "yolo-fastest-voc"


@pytest.fixture
def mirror(shared_data: Path) -> Path:
    """A folder that has the files of Yolo-Fastest by the names that the cache gives them."""
    return shared_data / "darknet"


@pytest.fixture
def pulled(skerry, mirror: Path) -> None:
    assert skerry("models", "pull", NAME, "--from", mirror).code == 0


def states(skerry) -> dict[str, str]:
    return {one["name"]: one["state"] for one in skerry("models", "list", "--json").json}


def test_the_list_tells_what_there_is_and_how_to_get_it(skerry, shared_data: Path) -> None:
    listed = {one["name"]: one for one in skerry("models", "list", "--json").json}
    assert listed["skerry-signs"]["state"] == "shipped"
    assert listed["alexa"]["state"] == "in the wheel"
    assert listed["alexa"]["size_bytes"] > 50_000
    assert listed[NAME] == {
        "name": NAME,
        "task": "detection",
        "input": "image 320x320 rgb, stretch",
        "size_bytes": 9_573 + 1_262_924,
        "license": "public domain (YOLO LICENSE v2)",
        "state": "to be pulled",
        "page": "https://github.com/dog-qiuqiu/Yolo-Fastest",
    }


def test_the_table_has_a_row_for_every_model(skerry) -> None:
    out = skerry("models", "list").out
    for name in ("skerry-signs", "yolov2-tiny-voc", NAME, "okay_nabu"):
        assert name in out


def test_without_the_extra_wake_words_are_listed_as_missing(skerry, monkeypatch) -> None:
    monkeypatch.setattr(listing, "builtin_manifests", dict)
    listed = {one["name"]: one for one in skerry("models", "list", "--json").json}
    assert listed["alexa"]["state"] == "extra missing"
    assert listed["alexa"]["size_bytes"] is None


def test_a_pulled_network_is_listed_as_such_and_removed_again(skerry, pulled: None) -> None:
    assert states(skerry)[NAME] == "pulled"
    assert "3 files removed" in skerry("models", "remove", NAME).out
    assert states(skerry)[NAME] == "to be pulled"
    assert skerry("models", "remove", NAME).out == f"{NAME}: nothing was pulled\n"


def test_pull_tells_where_the_files_are_and_what_comes_next(skerry, mirror: Path, cache: Path) -> None:
    run = skerry("models", "pull", NAME, "skerry-signs", "alexa", "--from", mirror)
    assert run.code == 0
    assert str(cache / NAME) in run.out
    assert f"skerry convert {NAME} --to onnx-fp32" in run.out
    assert "skerry-signs is here without being pulled" in run.out
    told = skerry("models", "pull", NAME, "skerry-signs", "--json").json
    assert told[0]["files"][f"{NAME}.weights"]["size_bytes"] == 1_262_924
    assert told[1] == {"name": "skerry-signs", "folder": None, "files": {}}


def test_a_mirror_may_be_a_server_named_by_the_environment(skerry, site, mirror: Path, monkeypatch) -> None:
    site.answers = [lambda request: request.body((mirror / Path(request.path).name).read_bytes())]
    monkeypatch.setenv("SKERRY_MIRROR", f"{site.address}/models/")
    assert skerry("models", "pull", NAME).code == 0
    assert [path for path, _ in site.seen] == [f"/models/{NAME}.cfg", f"/models/{NAME}.weights"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("pull", "yolo-fastest"), 2, "did you mean 'yolo-fastest-voc'?"),
        (("pull", "nothing-like-it"), 2, "yolov2-tiny-voc"),
        (("pull",), 2, "NAME"),
        (("pull", NAME, "--from", "nowhere"), 4, "nowhere"),
        (("pull", NAME, "--from", "ftp://mirror.example"), 2, "ftp://mirror.example"),
        (("pull", NAME, "--from", ""), 4, "no such folder"),
        (("remove", "nothing-like-it"), 2, "no such model to pull"),
        (("remove", "skerry-signs"), 2, "was not pulled"),
        (("remove", "alexa"), 2, "was not pulled"),
    ],
)
def test_what_cannot_be_done_is_told_with_the_documented_exit_code(skerry, arguments, code: int, told: str) -> None:
    run = skerry("models", *arguments)
    assert (run.code, run.out) == (code, "")
    assert told in run.err


def test_a_wake_word_without_its_extra_is_exit_code_3(skerry, monkeypatch) -> None:
    monkeypatch.setattr("skerry_edge.audio.model.builtin_manifests", dict)
    run = skerry("models", "pull", "alexa")
    assert run.code == 3
    assert "skerry[wakeword]" in run.err


def test_one_wrong_name_and_nothing_is_pulled(skerry, mirror: Path, cache: Path) -> None:
    assert skerry("models", "pull", NAME, "alexxa", "--from", mirror).code == 2
    assert not cache.exists()


def test_a_mirror_with_other_bytes_is_exit_code_4_and_leaves_nothing(skerry, mirror: Path, tmp_path, cache) -> None:
    shutil.copytree(mirror, tmp_path / "mirror", copy_function=shutil.copyfile)
    weights = tmp_path / "mirror" / f"{NAME}.weights"
    weights.write_bytes(weights.read_bytes()[::-1])
    run = skerry("models", "pull", NAME, "--from", tmp_path / "mirror")
    assert run.code == 4
    assert "f507b1e9f016" in run.err
    assert [path.suffix for path in (cache / NAME).iterdir() if "weights" in path.name] == []


def test_a_pulled_network_converts_by_its_name(skerry, pulled: None, tmp_path: Path) -> None:
    run = skerry("convert", NAME, "--to", "onnx-fp32", "--out", tmp_path / "made.skerry", "--json")
    assert run.code == 0
    made = Bundle.open(tmp_path / "made.skerry").manifest
    assert made.name == NAME
    assert made.license == "public domain (YOLO LICENSE v2)"
    assert made.labels[14] == "person"
    assert made.input == ImageInput(width=320, height=320, colour="rgb", resize="stretch", sampling="corners")
    assert set(made.source.files) == {f"{NAME}.cfg", f"{NAME}.weights", f"{NAME}.names"}


def test_what_is_said_on_the_command_line_goes_before_the_catalogue(skerry, pulled: None, tmp_path: Path) -> None:
    more = ("--resize", "letterbox", "--license", "MIT", "--name", "mine")
    assert skerry("convert", NAME, "--to", "onnx-fp32", "--out", tmp_path / "made.skerry", *more).code == 0
    made = Bundle.open(tmp_path / "made.skerry").manifest
    assert isinstance(made.input, ImageInput)
    assert (made.input.resize, made.license, made.name) == ("letterbox", "MIT", "mine")


@pytest.mark.parametrize(
    ("source", "more", "code", "told"),
    [
        (NAME, (), 3, f"skerry models pull {NAME}"),
        (NAME, ("--weights", "some.weights"), 2, "--weights"),
        (NAME, ("--labels", "some.names"), 2, "--labels"),
        ("yolo-fastest-vok", (), 2, f"did you mean '{NAME}'?"),
        ("skerry-signs", (), 2, "bundle already"),
        ("nothing-like-it", (), 4, "no network here"),
        (f"{NAME}.cfg", ("--weights", "w", "--labels", "l"), 4, f"{NAME}.cfg"),
    ],
)
def test_what_cannot_be_converted_by_name_is_told(skerry, tmp_path, source, more, code: int, told: str) -> None:
    run = skerry("convert", source, "--to", "onnx-fp32", "--out", tmp_path / "made.skerry", *more)
    assert run.code == code
    assert told in run.err


def test_a_pulled_file_that_was_damaged_is_not_converted(skerry, pulled: None, cache: Path, tmp_path: Path) -> None:
    weights = cache / NAME / f"{NAME}.weights"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\0")
    run = skerry("convert", NAME, "--to", "onnx-fp32", "--out", tmp_path / "made.skerry")
    assert run.code == 4
    assert "not what was pulled" in run.err


def test_detect_names_the_two_commands_that_make_a_network_usable(skerry) -> None:
    run = skerry("detect", "yolov2-tiny-voc", "photo.jpg")
    assert run.code == 2
    assert "'skerry models pull yolov2-tiny-voc'" in run.err
    assert "'skerry convert yolov2-tiny-voc --to onnx-fp32 --out yolov2-tiny-voc.skerry'" in run.err


def test_names_complete_in_the_shell(skerry, monkeypatch) -> None:
    monkeypatch.setenv("_SKERRY_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "skerry models pull yolo-f")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert skerry().out.split() == ["plain,yolo-fastest-voc"]


def test_a_hesitating_server_is_told_on_stderr_and_the_json_is_whole(skerry, site, mirror: Path) -> None:
    site.answers = [
        lambda request: request.head(503, Content_Length=0),
        lambda request: request.body((mirror / Path(request.path).name).read_bytes()),
    ]
    run = skerry("models", "pull", NAME, "--from", site.address, "--json")
    assert run.json[0]["name"] == NAME
    assert "status 503" in run.err
