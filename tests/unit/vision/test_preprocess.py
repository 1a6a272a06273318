"""Frames to input tensors, held against slow implementations of the same arithmetic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import ImageInput, Quantization, Tensor
from skerry_edge.vision.errors import ImageError
from skerry_edge.vision.preprocess import Preprocessor

PLANAR = Tensor(name="x", shape=(1, 3, 32, 48), layout="NCHW")
INTERLEAVED = Tensor(name="x", shape=(1, 32, 48, 3), layout="NHWC")
QUANTIZED = Quantization(scale=1 / 255, zero_point=-128)


def spec(**changes) -> ImageInput:
    return ImageInput(width=48, height=32, **changes)


def frame_of(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def darknet_resize(frame: np.ndarray, width: int, height: int) -> np.ndarray:
    """`resize_image` of Darknet's image.c: corner-aligned, columns first, float32 (height, width, channels) in 0..1."""
    image = frame.astype(np.float32) / np.float32(255)
    rows, columns, _ = image.shape
    part = np.empty((rows, width, 3), np.float32)
    for x in range(width):
        if x == width - 1 or columns == 1:
            part[:, x] = image[:, columns - 1]
            continue
        at = np.float32(x) * np.float32(columns - 1) / np.float32(width - 1)
        part[:, x] = (1 - (at - int(at))) * image[:, int(at)] + (at - int(at)) * image[:, int(at) + 1]
    resized = np.empty((height, width, 3), np.float32)
    for y in range(height):
        at = np.float32(y) * np.float32(rows - 1) / np.float32(height - 1)
        below = part[min(int(at) + 1, rows - 1)]
        resized[y] = (1 - (at - int(at))) * part[int(at)] + (at - int(at)) * below
    return resized


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1))
def test_corner_sampling_is_darknets(height, width, seed):
    frame = frame_of(height, width, seed)
    tensor, _ = Preprocessor(spec(sampling="corners"), PLANAR).run(frame)
    expected = darknet_resize(frame, 48, 32)[..., ::-1].transpose(2, 0, 1)
    assert np.abs(tensor[0] - expected).max() < 2e-5


def test_half_pixel_sampling_averages_the_pixels_of_a_halved_picture():
    frame = frame_of(64, 96)
    tensor, _ = Preprocessor(spec(colour="bgr"), INTERLEAVED).run(frame)
    expected = frame.reshape(32, 2, 48, 2, 3).mean(axis=(1, 3)) / 255
    # OpenCV rounds the average to a whole pixel value.
    assert np.abs(tensor[0] - expected).max() < 0.51 / 255


@pytest.mark.parametrize("sampling", ["half-pixel", "corners"])
def test_a_picture_of_the_networks_size_goes_in_pixel_by_pixel_as_red_green_blue(sampling):
    frame = frame_of(32, 48)
    tensor, _ = Preprocessor(spec(sampling=sampling), PLANAR).run(frame)
    expected = frame[..., ::-1].transpose(2, 0, 1)[np.newaxis] / 255
    assert tensor.dtype == np.float32
    assert np.abs(tensor - expected).max() < 1e-6


def test_a_letterbox_is_grey_around_the_picture():
    frame = np.full((40, 120, 3), 255, np.uint8)
    tensor, geometry = Preprocessor(spec(resize="letterbox", pad=0.5), PLANAR).run(frame)
    left, top = geometry.corner
    inside = np.zeros((32, 48), bool)
    inside[top : top + geometry.picture.height, left : left + geometry.picture.width] = True
    assert geometry.picture == (48, 16)
    assert (tensor[0][:, inside] == 1.0).all()
    assert (tensor[0][:, ~inside] == 0.5).all()


@pytest.mark.parametrize("sampling", ["half-pixel", "corners"])
@pytest.mark.parametrize("resize", ["stretch", "letterbox"])
@pytest.mark.parametrize("quantization", [None, QUANTIZED])
def test_layouts_differ_only_in_their_axes(sampling, resize, quantization):
    image = spec(sampling=sampling, resize=resize, scale=(2.0, 1.0, 0.5), offset=(-1.0, 0.0, 0.25))
    dtype = "float32" if quantization is None else "int8"
    shape = {"dtype": dtype, "quantization": quantization}
    planar = Tensor(name="x", shape=(1, 3, 32, 48), layout="NCHW", **shape)
    interleaved = Tensor(name="x", shape=(1, 32, 48, 3), layout="NHWC", **shape)
    frame = frame_of(70, 90)
    expected = Preprocessor(image, planar).run(frame)[0]
    assert np.array_equal(Preprocessor(image, interleaved).run(frame)[0].transpose(0, 3, 1, 2), expected)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_scale_and_offset_apply_to_each_channel(dtype):
    image = spec(colour="bgr", scale=(2.0, 1.0, 0.5), offset=(-1.0, 0.0, 0.25))
    frame = frame_of(32, 48)
    tensor, _ = Preprocessor(image, Tensor(name="x", shape=(1, 32, 48, 3), layout="NHWC", dtype=dtype)).run(frame)
    expected = frame / 255 * [2.0, 1.0, 0.5] + [-1.0, 0.0, 0.25]
    assert tensor.dtype == np.dtype(dtype)
    assert np.abs(tensor[0] - expected).max() < (1e-6 if dtype == "float32" else 1e-3)


@pytest.mark.parametrize(("dtype", "zero_point"), [("int8", -128), ("uint8", 0), ("int16", 0)])
def test_an_integer_tensor_holds_what_its_quantization_says(dtype, zero_point):
    quantization = Quantization(scale=0.007, zero_point=zero_point)
    tensor = Tensor(name="x", shape=(1, 32, 48, 3), layout="NHWC", dtype=dtype, quantization=quantization)
    frame = frame_of(32, 48)
    written, _ = Preprocessor(spec(colour="bgr", resize="letterbox"), tensor).run(frame)
    limits = np.iinfo(dtype)
    expected = np.clip(np.rint(frame / 255 / 0.007) + zero_point, limits.min, limits.max)
    assert written.dtype == np.dtype(dtype)
    assert np.array_equal(written[0], expected)


def test_a_quantized_letterbox_is_padded_with_the_stored_grey():
    tensor = Tensor(name="x", shape=(1, 32, 48, 3), layout="NHWC", dtype="int8", quantization=QUANTIZED)
    written, _ = Preprocessor(spec(resize="letterbox", pad=0.0), tensor).run(np.full((40, 120, 3), 255, np.uint8))
    assert written[0, 0, 0].tolist() == [-128, -128, -128]
    assert written[0, 16, 24].tolist() == [127, 127, 127]


def test_a_pixel_beyond_the_tensors_range_saturates():
    tensor = Tensor(
        name="x",
        shape=(1, 32, 48, 3),
        layout="NHWC",
        dtype="int8",
        quantization=Quantization(scale=0.001, zero_point=0),
    )
    written, _ = Preprocessor(spec(offset=(-0.5,)), tensor).run(np.full((32, 48, 3), 255, np.uint8))
    assert (written == 127).all()


@pytest.mark.parametrize(("layout", "shape"), [("NCHW", (1, 1, 32, 48)), ("NHWC", (1, 32, 48, 1))])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_grey_networks_see_one_channel(layout, shape, dtype):
    tensor = Tensor(name="x", shape=shape, layout=layout, dtype=dtype)
    image = spec(colour="grey", scale=(1.0,) if dtype == "float32" else (255.0,))
    frame = np.zeros((32, 48, 3), np.uint8)
    frame[..., 1] = 200
    written, _ = Preprocessor(image, tensor).run(frame)
    # Green weighs 0.587 in grey (ITU-R BT.601).
    assert written.shape == shape
    assert written.astype(np.float64) * (255 if dtype == "float32" else 1) == pytest.approx(200 * 0.587, abs=0.6)


def test_the_tensor_is_one_buffer_for_all_frames():
    preprocessor = Preprocessor(spec(), PLANAR)
    first, _ = preprocessor.run(frame_of(20, 20))
    second, _ = preprocessor.run(frame_of(30, 70))
    assert first is second


def test_a_frame_of_another_size_leaves_nothing_of_the_frame_before():
    image = spec(resize="letterbox")
    used = Preprocessor(image, PLANAR)
    used.run(np.full((90, 30, 3), 255, np.uint8))
    frame = frame_of(30, 90)
    assert np.array_equal(used.run(frame)[0], Preprocessor(image, PLANAR).run(frame)[0])


def test_a_frame_that_is_a_view_is_read_as_what_it_shows():
    frame = frame_of(64, 96)
    preprocessor = Preprocessor(spec(sampling="corners"), PLANAR)
    expected = preprocessor.run(np.ascontiguousarray(frame[10:50, ::-1]))[0].copy()
    assert np.array_equal(preprocessor.run(frame[10:50, ::-1])[0], expected)


@pytest.mark.parametrize("sampling", ["half-pixel", "corners"])
@pytest.mark.parametrize("size", [(1, 1), (1, 1000), (1000, 1), (3, 40000), (2, 3)])
def test_pictures_of_any_shape_fit(sampling, size):
    frame = np.full((*size, 3), 255, np.uint8)
    for resize in ("stretch", "letterbox"):
        tensor, geometry = Preprocessor(spec(sampling=sampling, resize=resize), PLANAR).run(frame)
        assert tensor.max() == 1.0
        assert min(geometry.picture) >= 1


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((10, 10), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10, 10, 3), np.float32),
        np.zeros((0, 10, 3), np.uint8),
    ],
)
def test_an_array_that_is_no_colour_picture_is_refused(frame):
    with pytest.raises(ImageError, match="no colour picture"):
        Preprocessor(spec(), PLANAR).run(frame)


@pytest.mark.parametrize(
    ("tensor", "what"),
    [
        (Tensor(name="x", shape=(1, 3, 32, 48), layout="NHCW"), "layout"),
        (Tensor(name="x", shape=(2, 3, 32, 48), layout="NCHW"), "no room"),
        (Tensor(name="x", shape=(1, 3, 48, 32), layout="NCHW"), "no room"),
        (Tensor(name="x", shape=(1, 1, 32, 48), layout="NCHW"), "no room"),
    ],
)
def test_a_tensor_that_fits_no_such_picture_is_refused(tensor, what):
    with pytest.raises(BundleError, match=what):
        Preprocessor(spec(), tensor)


def test_a_large_frame_is_sampled_corner_on_corner_too_but_for_rounding_to_a_pixels_level():
    frame = frame_of(900, 1300)
    tensor, _ = Preprocessor(spec(sampling="corners"), PLANAR).run(frame)
    expected = darknet_resize(frame, 48, 32)[..., ::-1].transpose(2, 0, 1)
    assert np.abs(tensor[0] - expected).max() < 0.6 / 255
