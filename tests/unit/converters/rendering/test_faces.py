"""The faces of signs: all there, each its own, and told apart while they are small."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from skerry_converters.rendering.art import STYLES
from skerry_converters.rendering.classes import SIGN_LABELS
from skerry_converters.rendering.faces import face_outline, face_sheets, styles_of
from skerry_converters.rendering.glyphs import known_characters, write_text
from skerry_converters.rendering.lookalikes import lookalike_names
from skerry_converters.rendering.raster import MARGIN, level_for


def small(name: str, style: int, side: int) -> np.ndarray:
    """A face over grey, (side, side, 3)."""
    sheet = level_for(face_sheets(name, style), side).astype(np.float32)
    assert sheet.shape[0] == side
    return sheet[..., :3] + 110 * (1 - sheet[..., 3:] / 255)


def test_there_are_20_classes_with_names_of_their_own() -> None:
    assert len(SIGN_LABELS) == len(set(SIGN_LABELS)) == 20
    assert all(label == label.lower() and label.replace("-", "").isalnum() for label in SIGN_LABELS)


def test_no_lookalike_has_the_name_of_a_sign() -> None:
    assert not set(lookalike_names()) & set(SIGN_LABELS)


@pytest.mark.parametrize("style", range(len(STYLES)))
def test_signs_of_one_style_differ_at_16_pixels(style: int) -> None:
    for one, other in combinations(SIGN_LABELS, 2):
        difference = np.abs(small(one, style, 16) - small(other, style, 16)).mean()
        assert difference > 2.5, f"{one} and {other} look alike"


@pytest.mark.parametrize("style", [0, 3])
def test_signs_differ_from_their_lookalikes_at_32_pixels(style: int) -> None:
    for sign in SIGN_LABELS:
        for lookalike in lookalike_names():
            difference = np.abs(small(sign, style, 32) - small(lookalike, style, 32)).mean()
            assert difference > 2.0, f"{sign} and {lookalike} look alike"


@pytest.mark.parametrize("name", [*SIGN_LABELS, *lookalike_names()])
def test_a_face_covers_its_outline_and_nothing_else(name: str) -> None:
    outline, sheet = face_outline(name, 0), face_sheets(name, 0)[0]
    assert np.abs(outline).max() <= 1.0 + 1e-9
    rows, columns = np.nonzero(sheet[..., 3] > 127)
    side = sheet.shape[0]
    found = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
    expected = (np.array([*outline.min(axis=0), *outline.max(axis=0)]) / MARGIN + 1) / 2 * side
    assert np.abs(found - expected).max() < 1.0


@pytest.mark.parametrize("name", [*SIGN_LABELS, *lookalike_names()])
def test_colours_never_exceed_their_coverage(name: str) -> None:
    for sheet in face_sheets(name, 1):
        assert (sheet[..., :3].max(axis=2) <= sheet[..., 3]).all()


def test_every_class_is_drawn_with_its_own_colours() -> None:
    blue, red = (np.array(channel) for channel in ((170, 85, 20), (38, 26, 196)))
    for label, colour in (("stop", red), ("no-entry", red), ("turn-left", blue), ("pedestrian-crossing", blue)):
        middle = small(label, 0, 64)[28:36, 4:10].reshape(-1, 3).mean(axis=0)
        assert np.abs(middle - colour).max() < 40, label


def test_turn_left_is_turn_right_mirrored() -> None:
    for style in range(len(STYLES)):
        right, left = small("turn-right", style, 64), small("turn-left", style, 64)
        assert np.abs(right[:, ::-1] - left).mean() < 3


@pytest.mark.parametrize("name", ["limit-60", "no-stopping", "warning-bend", "keep-right", "car-park"])
def test_other_traffic_signs_come_in_all_styles_that_the_20_come_in(name: str) -> None:
    assert styles_of(name) == styles_of("stop") == len(STYLES)


def test_text_has_the_height_and_the_place_it_was_given() -> None:
    points = np.vstack([line for shape in write_text("50", height=0.8) for line in shape])
    assert points[:, 1].max() - points[:, 1].min() == pytest.approx(0.8, abs=0.02)
    assert points[:, 0].max() == pytest.approx(-points[:, 0].min(), abs=0.05)


def test_all_figures_and_most_letters_can_be_written() -> None:
    assert set("0123456789") <= set(known_characters())
    for character in known_characters():
        assert write_text(character, height=1.0)
