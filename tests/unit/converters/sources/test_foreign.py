"""The manifest that tells what a foreign network's file does not."""

import hashlib

import pytest

from skerry_converters.sources.files import hashes, roles
from skerry_converters.sources.foreign import NOTHING_SAID, describe, load_foreign
from skerry_edge.contracts.manifest import Classification, ImageInput, Raw, Tensor, TensorInput, Ultralytics, YoloHead
from skerry_edge.foundation.errors import ConfigError, ReachError

ULTRALYTICS = """\
labels = "coco.names"
[input]
resize = "letterbox"
pad = 0.447
[output]
kind = "ultralytics"
classes = 2
score_threshold = 0.4
"""
PLANAR = (Tensor(name="images", shape=(1, 3, 48, 64), layout="NCHW"),)
GREY = (Tensor(name="images", shape=(1, 48, 64, 1), layout="NHWC"),)


@pytest.fixture
def write(tmp_path):
    (tmp_path / "coco.names").write_text("person\nbicycle\n", encoding="utf-8")

    def written(text):
        path = tmp_path / "net.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_a_detector_is_described_for_the_runtime(write):
    described = describe(load_foreign(write(ULTRALYTICS)), PLANAR)
    assert described.task == "detection"
    assert described.labels == ("person", "bicycle")
    assert described.input == ImageInput(width=64, height=48, colour="rgb", resize="letterbox", pad=0.447)
    assert described.output == Ultralytics(classes=2, score_threshold=0.4)


def test_the_files_that_it_was_read_from_are_known_by_role_and_hash(write):
    path = write(ULTRALYTICS)
    files = {one: hashlib.sha256((path.parent / one).read_bytes()).hexdigest() for one in ("net.toml", "coco.names")}
    read = load_foreign(path).files
    assert hashes(read) == files
    assert roles(read) == {"net.toml": "manifest", "coco.names": "labels"}


def test_a_labels_file_may_be_given_in_place_of_the_one_that_is_named(write, tmp_path):
    path = write(ULTRALYTICS)
    other = (path.parent / "coco.names").rename(tmp_path / "other.names")
    foreign = load_foreign(path, other)
    assert foreign.labels == ("person", "bicycle")
    assert roles(foreign.files) == {"net.toml": "manifest", "other.names": "labels"}


def test_labels_may_stand_in_the_manifest_itself(write):
    text = 'labels = ["cat", "dog", "cow"]\n[input]\n[output]\nkind = "classification"\nclasses = 3\n'
    described = describe(load_foreign(write(text)), GREY)
    assert (described.task, described.labels) == ("classification", ("cat", "dog", "cow"))
    assert described.output == Classification(classes=3)
    assert described.input == ImageInput(width=64, height=48, colour="grey")


def test_anchors_are_given_as_the_bundle_has_them(write):
    text = (
        'labels = ["cat"]\n[input]\n[output]\nkind = "yolo-head"\nclasses = 1\n'
        "scales = [{anchors_px = [[10.0, 14.0]]}, {anchors_px = [[5.0, 7.0]], scale_x_y = 1.05}]\n"
    )
    described = describe(load_foreign(write(text)), PLANAR)
    assert isinstance(described.output, YoloHead)
    assert described.output.scales[1].scale_x_y == 1.05


def test_without_a_manifest_a_network_takes_and_gives_arrays():
    described = describe(NOTHING_SAID, (Tensor(name="x", shape=(1, 49, 10), layout="N12"),))
    assert (described.task, described.input, described.output) == ("other", TensorInput(), Raw())


@pytest.mark.parametrize(
    ("old", "new", "key", "suggestion"),
    [
        ("resize", "resise", "input.resise", "did you mean 'resize'?"),
        ("classes", "clases", "output.clases", "did you mean 'classes'?"),
        ("labels", "lables", "lables", "did you mean 'labels'?"),
        ('"letterbox"', '"letter"', "input.resize", "correct the value"),
    ],
)
def test_a_mistake_is_told_with_line_key_and_the_nearest_key(write, old, new, key, suggestion):
    with pytest.raises(ConfigError) as caught:
        load_foreign(write(ULTRALYTICS.replace(old, new, 1)))
    assert "line" in caught.value.where
    assert f"'{key}'" in caught.value.where
    assert suggestion in str(caught.value)


def test_labels_of_another_number_than_classes_are_refused(write):
    with pytest.raises(ConfigError, match="as many labels"):
        load_foreign(write(ULTRALYTICS.replace("classes = 2", "classes = 3")))
    with pytest.raises(ConfigError, match="as many labels") as caught:
        load_foreign(write(ULTRALYTICS.replace('"coco.names"', '["one"]')))
    assert "'labels'" in caught.value.where


def test_a_labels_file_that_is_not_there_is_told(write):
    with pytest.raises(ReachError, match="labels"):
        load_foreign(write(ULTRALYTICS.replace("coco.names", "voc.names")))


def test_labels_without_classes_are_refused(write):
    with pytest.raises(ConfigError, match="output with classes"):
        load_foreign(write('labels = "coco.names"\n'))


def test_a_detector_must_say_how_pictures_are_prepared(write):
    text = ULTRALYTICS.replace('[input]\nresize = "letterbox"\npad = 0.447\n', "")
    with pytest.raises(ConfigError, match=r"prepared") as caught:
        describe(load_foreign(write(text)), PLANAR)
    assert "[input]" in caught.value.todo


@pytest.mark.parametrize(
    ("line", "inputs", "what"),
    [
        ('colour = "grey"', PLANAR, "grey"),
        ('colour = "bgr"', GREY, "bgr"),
        ("scale = [1.0, 2.0]", PLANAR, "'scale'"),
        ("", (*PLANAR, *PLANAR), "one input"),
        ("", (Tensor(name="x", shape=(1, 49), layout="NC"),), "one input"),
    ],
)
def test_a_description_that_does_not_fit_the_network_is_refused(write, line, inputs, what):
    foreign = load_foreign(write(ULTRALYTICS.replace("[input]", f"[input]\n{line}")))
    with pytest.raises(ConfigError, match=what):
        describe(foreign, inputs)


def test_a_wake_word_is_pointed_to_its_own_manifest(write):
    text = '[output]\nkind = "microwakeword"\nprobability_cutoff = 0.9\nsliding_window_size = 5\n'
    with pytest.raises(ConfigError, match="microWakeWord JSON"):
        describe(load_foreign(write(text)), PLANAR)
