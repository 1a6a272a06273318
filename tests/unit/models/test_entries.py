"""The catalogue's file: what it may hold, and errors that name the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.audio.manifest import builtin_manifests
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.models.entries import CATALOGUE, known_models, read_catalogue


@pytest.fixture
def edited(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Return a function that gives the shipped catalogue with one text replaced by another."""

    def edit(old: str, new: str) -> Path:
        text = CATALOGUE.read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "catalogue.toml"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return path

    return edit


def test_the_shipped_catalogue_knows_the_public_networks_and_the_wheels_wake_words() -> None:
    known = known_models()
    assert {"yolov2-tiny-voc", "yolo-fastest-voc"} <= set(known.darknet)
    assert set(known.wakeword.names) == set(builtin_manifests())


def test_every_network_has_labels_that_are_different() -> None:
    known = known_models()
    for entry in known.darknet.values():
        labels = known.labels_of(entry)
        assert len(labels) == len(set(labels)) == 20


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('resize = "letterbox"', 'resize = "squeeze"', "network[0].resize"),
        ('labels = "voc"', 'labels = "vok"', "did you mean 'voc'?"),
        ("https://pjreddie.com/media", "http://pjreddie.com/media", "network[0].weights.url"),
        ("d1fa471a", "D1FA471A", "network[1].cfg.sha256"),
        ("[63_471_556, 63_471_560]", "[]", "network[0].weights.sizes"),
        ("sizes = [9_573]", "sizes = [0]", "network[1].cfg.sizes"),
        ("height = 416", "hight = 416", "did you mean 'height'?"),
        ('name = "yolov2-tiny-voc"', 'name = "../outside"', "network[0].name"),
        ('name = "yolov2-tiny-voc"', 'name = "yolo-fastest-voc"', "one name"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(edited, old: str, new: str, place: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_catalogue(edited(old, new))
    assert place in str(caught.value)
