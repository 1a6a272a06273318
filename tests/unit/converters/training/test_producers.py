"""Samples made by other processes: in order, with their errors, and gone with their user."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from skerry_converters.rendering.scene import SceneOptions
from skerry_converters.training.pictures import LabelledPictures
from skerry_converters.training.producers import Producers, producers
from skerry_converters.training.rendered import RenderedScenes
from skerry_edge.bench.annotations.annotation import Annotation
from skerry_edge.bench.annotations.dataset import LabelledPicture
from skerry_edge.foundation.errors import DataError, ReachError

SCENES = RenderedScenes(split="train", seed=1, side_px=64, options=SceneOptions())


def children() -> list[psutil.Process]:
    return psutil.Process().children()


def test_samples_come_in_the_order_of_their_numbers_however_many_make_them() -> None:
    with producers(SCENES, side_px=64, resize="stretch", count=3, start=2) as feed:
        made = [feed.next() for _ in range(7)]
    for number, sample in enumerate(made, start=2):
        assert (sample.pixels == SCENES.sample(number).pixels).all()


def test_the_processes_end_with_the_body_though_nobody_read_all() -> None:
    before = len(children())
    with producers(SCENES, side_px=64, resize="stretch", count=2) as feed:
        feed.next()
        assert len(children()) == before + 2
    assert len(children()) == before


def test_an_error_of_a_sample_is_raised_where_it_is_asked_for(tmp_path: Path) -> None:
    missing = LabelledPicture(
        name="gone.png", path=tmp_path / "gone.png", annotation=Annotation(where="gone.txt", labels=())
    )
    source = LabelledPictures(pictures=(missing,), seed=0)
    with (
        producers(source, side_px=64, resize="stretch", count=1) as feed,
        pytest.raises(ReachError, match=r"gone\.png"),
    ):
        feed.next()


def test_a_process_that_dies_is_an_error_that_says_how() -> None:
    with producers(SCENES, side_px=64, resize="stretch", count=1) as feed:
        feed.next()
        (process,) = (one for one in children() if "producing" in " ".join(one.cmdline()))
        process.kill()
        with pytest.raises(DataError, match="killed by signal 9"):
            read_to_the_end(feed)


def read_to_the_end(feed: Producers) -> None:
    """Take what was made before the process died, and one more."""
    for _ in range(100):
        feed.next()
