"""Open sizes of a TFLite file, fixed."""

from skerry_converters.tflite_file.fixed_shapes import with_fixed_shapes
from skerry_converters.tflite_file.reader import parse_tflite


def test_open_sizes_become_those_that_the_file_was_made_with(convolution):
    data = convolution.pack()
    before = parse_tflite(data, where="open").main.tensors
    after = parse_tflite(with_fixed_shapes(data), where="fixed").main.tensors
    assert [one.signature for one in before if one.signature != one.shape] == [(-1, 8, 8, 2)]
    assert [one.signature for one in after] == [one.shape for one in before]
    assert [one.shape for one in after] == [one.shape for one in before]


def test_a_file_without_open_sizes_keeps_its_bytes(convolution):
    fixed = with_fixed_shapes(convolution.pack())
    assert with_fixed_shapes(fixed) == fixed
