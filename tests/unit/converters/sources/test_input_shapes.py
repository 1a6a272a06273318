"""Shapes for inputs whose file leaves them open."""

import pytest

from skerry_converters.sources.input_shapes import NOTHING_GIVEN, parse_input_shapes
from skerry_edge.foundation.errors import ConfigError


def test_a_fixed_shape_stays_and_an_open_batch_becomes_one():
    fixed = NOTHING_GIVEN.fix({"a": (1, 3, 8, 8), "b": (None, 3, 8, 8), "c": ()}, where="m")
    assert fixed == {"a": (1, 3, 8, 8), "b": (1, 3, 8, 8), "c": ()}


@pytest.mark.parametrize("text", ["images:1,3,416,416", "1,3,416,416", "images: 1, 3, 416, 416"])
def test_a_given_shape_fills_what_is_open(text):
    fixed = parse_input_shapes([text]).fix({"images": (None, 3, None, None)}, where="m")
    assert fixed == {"images": (1, 3, 416, 416)}


def test_a_name_may_hold_colons():
    assert parse_input_shapes(["serving_default_x:0:1,8"]).given == {"serving_default_x:0": (1, 8)}


def test_an_open_shape_is_refused_with_the_option_that_closes_it():
    with pytest.raises(ConfigError, match="no fixed shape") as caught:
        NOTHING_GIVEN.fix({"images": (None, 3, None, 640)}, where="net.onnx")
    assert caught.value.found == "?x3x?x640"
    assert "--input-shape images:1,3,416,640" in str(caught.value)


@pytest.mark.parametrize("text", ["images:1,3,8", "images:1,4,8,8"])
def test_a_shape_that_contradicts_the_file_is_refused(text):
    with pytest.raises(ConfigError, match="contradicts"):
        parse_input_shapes([text]).fix({"images": (None, 3, None, None)}, where="m")


def test_a_misspelt_input_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match="no input") as caught:
        parse_input_shapes(["image:1,3,8,8"]).fix({"images": (None, 3, None, None), "scale": (1,)}, where="m")
    assert "did you mean 'images'?" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["images", "images:", "images:1,x", "images:1,0", "images:1,-3", "images:1,9999999999"]
)
def test_what_is_no_shape_is_refused(text):
    with pytest.raises(ConfigError, match="name and sizes"):
        parse_input_shapes([text])


def test_a_shape_given_twice_is_refused():
    with pytest.raises(ConfigError, match="twice"):
        parse_input_shapes(["a:1,2", "a:1,3"])


def test_a_shape_beyond_any_device_is_refused():
    with pytest.raises(ConfigError, match="too large"):
        parse_input_shapes(["a:1,3,100000,100000"]).fix({"a": (None, 3, None, None)}, where="m")
