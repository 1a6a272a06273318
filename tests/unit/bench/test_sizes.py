"""Objects by size: what a person may write, and what counts in a range."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from skerry_edge.bench.ground_truth import GroundTruth
from skerry_edge.bench.matching import match_picture
from skerry_edge.bench.sizes import SizeRange, of_size, parse_sizes
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.vision.detections import Detections

Make = Callable[..., Detections]
MakeTruth = Callable[..., GroundTruth]
SMALL, LARGE = (0, 0, 10, 10), (100, 100, 200, 200)


def test_edges_divide_all_sizes() -> None:
    names = [str(one) for one in parse_sizes("28,48,96")]
    assert names == ["under 28 px", "28 to 48 px", "48 to 96 px", "96 px and more"]


def test_ranges_add_to_the_edges_and_stand_alone() -> None:
    assert [str(one) for one in parse_sizes("32,28-,16-96")] == [
        "under 32 px",
        "32 px and more",
        "28 px and more",
        "16 to 96 px",
    ]
    assert parse_sizes("28-") == (SizeRange(low_px=28),)
    assert len(parse_sizes("28, 28-")) == 2


@pytest.mark.parametrize("text", ["", "big", "48,28", "28,28", "0", "96-28", "28-28", "-5", "1e3", "28;48", "nan", "٣"])
def test_what_is_no_size_is_refused_with_what_was_found(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_sizes(text)
    assert caught.value.where == "--sizes"


def test_too_many_ranges_are_refused() -> None:
    with pytest.raises(ConfigError, match="at most"):
        parse_sizes(",".join(str(edge) for edge in range(1, 40)))


def test_a_size_is_the_root_of_the_area_and_the_lower_end_belongs_to_the_range() -> None:
    boxes = np.array([[0, 0, 8, 2], [0, 0, 4, 4], [0, 0, 5, 5]], np.float64)
    assert SizeRange(low_px=4, high_px=5).holds(boxes).tolist() == [True, True, False]


def test_objects_of_other_sizes_count_neither_way(detections: Make, truth: MakeTruth) -> None:
    found, really = detections((0, 0.9, *SMALL), (0, 0.8, *LARGE)), truth((0, *SMALL), (0, *LARGE))
    kept, counted = of_size(SizeRange(low_px=0, high_px=32), found, really, match_picture(found, really))
    match = match_picture(kept, counted)
    assert counted.counted.tolist() == [True, False]
    # The detection on the large object is still there, and is left out because its object does not count.
    assert match.hits.tolist() == [True, False]
    assert match.counts.tolist() == [True, False]


def test_a_detection_of_nothing_counts_in_the_range_of_its_own_size(detections: Make, truth: MakeTruth) -> None:
    found, really = detections((0, 0.9, *SMALL)), truth((0, *LARGE))
    match = match_picture(found, really)
    assert len(of_size(SizeRange(low_px=0, high_px=32), found, really, match)[0]) == 1
    assert len(of_size(SizeRange(low_px=32), found, really, match)[0]) == 0
