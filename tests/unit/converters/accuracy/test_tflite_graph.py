"""What is seen in a float TFLite file, and that it is so: scales move along links, numbers go where they belong."""

import copy
import itertools
import math
from collections import Counter, defaultdict

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from skerry_converters.accuracy.float_graph import Weights
from skerry_converters.accuracy.tflite_graph import read_graph
from skerry_converters.accuracy.tflite_watch import watch_tflite
from skerry_converters.tflite_file.errors import TfliteFileError
from skerry_converters.tflite_file.reader import read_tflite

KINDS = ("first", "depthwise", "grouped", "transposed", "pointwise", "dense", "last")
"""The multiplying operators of the chained network, in order."""


def by_kind(path):
    return dict(zip(KINDS, read_graph(path).multipliers, strict=True))


def outputs(path, pictures):
    graph = read_tflite(path).main
    names = [graph.tensors[number].name for number in graph.outputs]
    return [value for values in watch_tflite(path, names, pictures) for value in values]


def unpacked(path):
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))


def packed(model):
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def with_tensors_of_their_own(path, target):
    """Give each operator a bias tensor of its own that has the bytes of the one that they shared."""
    model = unpacked(path)
    graph = model.subgraphs[0]
    for operator in graph.operators:
        own = copy.copy(graph.tensors[operator.inputs[2]])
        own.name += b"_own"
        graph.tensors.append(own)
        operator.inputs = np.array([*operator.inputs[:2], len(graph.tensors) - 1], np.int32)
    target.write_bytes(packed(model))
    return target


def scaled(graph, link, factors):
    """Return the weights of a link's ends with ``factors`` moved from the second to the first."""
    known = {one.name: one for one in graph.multipliers}
    first, second = known[link.first], known[link.second]
    filters, channels, *size = second.weights.kernel.shape
    grouped = second.weights.kernel.reshape(second.groups, filters // second.groups, channels, *size)
    divided = grouped / factors.reshape(second.groups, 1, channels, 1, 1)
    multiplied = first.weights.kernel * factors[:, None, None, None]
    return {
        first.name: Weights(kernel=multiplied, bias=first.weights.bias * factors),
        second.name: Weights(kernel=divided.reshape(filters, channels, *size), bias=second.weights.bias),
    }


def test_kernels_are_filters_channels_height_width_whatever_the_operator(chained):
    shapes = {kind: (one.weights.kernel.shape, one.groups) for kind, one in by_kind(chained).items()}
    assert shapes == {
        "first": ((8, 3, 3, 5), 1),
        "depthwise": ((16, 1, 3, 2), 8),
        "grouped": ((8, 4, 1, 3), 4),
        "transposed": ((6, 8, 3, 4), 1),
        "pointwise": ((4, 6, 1, 1), 1),
        "dense": ((5, 4, 1, 1), 1),
        "last": ((3, 5, 1, 1), 1),
    }


def test_a_pointwise_convolution_is_what_numpy_makes_of_its_weights(chained, pictures):
    one = by_kind(chained)["pointwise"]
    for entering, leaving in watch_tflite(chained, [one.input, one.output], pictures):
        expected = entering @ one.weights.kernel[:, :, 0, 0].T + one.weights.bias
        np.testing.assert_allclose(leaving, np.maximum(expected, 0), atol=1e-5)


def test_scales_may_pass_activations_pooling_padding_upsampling_and_means(chained):
    names = [one.name for one in read_graph(chained).multipliers]
    assert [(link.first, link.second) for link in read_graph(chained).links] == list(itertools.pairwise(names))


@pytest.mark.parametrize("place", range(len(KINDS) - 1))
def test_scales_that_move_along_a_link_change_no_output(chained, pictures, tmp_path, place):
    graph = read_graph(chained)
    link = graph.links[place]
    filters = len(graph.multipliers[place].weights.kernel)
    factors = np.exp2(np.random.default_rng(place).uniform(-3, 3, filters)).astype(np.float32)
    moved = graph.rewritten(scaled(graph, link, factors), tmp_path / "moved.tflite")
    inside = graph.multipliers[place].output
    for (before,), (after,) in zip(
        watch_tflite(chained, [inside], pictures), watch_tflite(moved.path, [inside], pictures), strict=True
    ):
        np.testing.assert_allclose(after, before * factors, rtol=1e-3, atol=1e-4)
    for before, after in zip(outputs(chained, pictures), outputs(moved.path, pictures), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-3, atol=1e-5)


def test_no_scale_moves_past_branches_outputs_sums_concatenations_and_activations_with_limits(branched):
    assert len(read_graph(branched).multipliers) == 8
    assert read_graph(branched).links == ()


def flattened(keras, value):
    return keras.layers.Dense(2)(keras.layers.Flatten()(value))


def averaged_over_channels(keras, value):
    return keras.layers.Dense(2)(keras.ops.mean(value, axis=-1))


def pooled_across_channels(keras, value):
    mixed = keras.layers.AveragePooling2D((1, 2))(keras.layers.Reshape((4, 8, 2))(value))
    return keras.layers.Dense(2)(keras.layers.Reshape((2, 4, 4))(mixed))


@pytest.mark.parametrize("rest", [flattened, averaged_over_channels, pooled_across_channels])
def test_no_scale_moves_where_channels_are_mixed(to_tflite, rest):
    keras = pytest.importorskip("keras", reason="the extra 'convert' is not installed")
    picture = keras.Input((16, 16, 3), batch_size=1)
    graph = read_graph(to_tflite(keras.Model(picture, rest(keras, keras.layers.Conv2D(4, 4, strides=4)(picture)))))
    assert len(graph.multipliers) == 2
    assert graph.links == ()


def test_a_tensor_has_the_slope_of_the_activation_that_alone_reads_it(chained):
    graph, kinds = read_graph(chained), by_kind(chained)
    alpha = next(one for one in read_tflite(chained).main.tensors if one.shape == (1, 1, 16))
    assert graph.slopes[kinds["first"].output] == 0.25
    assert graph.slopes[kinds["depthwise"].output] == pytest.approx(math.sqrt((alpha.values() ** 2).mean()))
    assert {graph.slopes[kinds[kind].output] for kind in ("grouped", "pointwise", "last")} == {1.0}
    assert set(graph.activations) == {kinds["first"].name, kinds["depthwise"].name}


def test_only_tensors_with_a_range_of_their_own_have_a_slope(branched):
    graph = read_tflite(branched).main
    made = defaultdict(set)
    for operator in graph.operators:
        made[operator.name] |= {tensor.name for tensor in graph.made(operator)}
    slopes = read_graph(branched).slopes
    assert made["CONCATENATION"] <= set(slopes)
    assert made["ADD"] <= set(slopes)
    # A sigmoid's range is fixed; a pooled tensor has that of what it was pooled from.
    assert not (made["LOGISTIC"] | made["MAX_POOL_2D"]) & set(slopes)
    # Two are joined: one at once, the other once it is pooled.
    joining = [one for one in graph.operators if one.name in ("CONCATENATION", "MAX_POOL_2D")]
    joined = {graph.operand(one, 0).name for one in joining} | {graph.operand(one, 1).name for one in joining[1:]}
    assert len(joined) == 3
    assert not joined & set(slopes)
    assert graph.tensors[graph.inputs[0]].name not in slopes


def test_the_same_numbers_give_the_same_bytes(chained, tmp_path):
    graph = read_graph(chained)
    again = graph.rewritten({one.name: one.weights for one in graph.multipliers}, tmp_path / "again.tflite")
    assert again.path.read_bytes() == chained.read_bytes()


@pytest.mark.parametrize("shared", ["tensor", "bytes"])
def test_a_constant_that_two_operators_share_is_changed_for_one_alone(to_tflite, tmp_path, shared):
    keras = pytest.importorskip("keras", reason="the extra 'convert' is not installed")
    picture = keras.Input((16, 16, 3), batch_size=1)
    convolutions = [keras.layers.Conv2D(4, 1)(picture) for _ in range(2)]
    path = to_tflite(keras.Model(picture, convolutions))
    uses = Counter(number for operator in read_tflite(path).main.operators for number in operator.inputs[1:])
    assert max(uses.values()) == 2, "two biases of zeros are no longer one constant"
    if shared == "bytes":
        path = with_tensors_of_their_own(path, tmp_path / "bytes.tflite")
    graph = read_graph(path)
    changed = Weights(kernel=graph.multipliers[0].weights.kernel, bias=np.ones(4, np.float32))
    first, second = graph.rewritten({graph.multipliers[0].name: changed}, tmp_path / "changed.tflite").multipliers
    assert first.weights.bias.tolist() == [1, 1, 1, 1]
    assert second.weights.bias.tolist() == [0, 0, 0, 0]
    np.testing.assert_array_equal(first.weights.kernel, changed.kernel)


def test_what_shares_its_name_with_something_else_is_left_alone(chained, tmp_path):
    model = unpacked(chained)
    grouped = by_kind(chained)["grouped"].name.encode()
    next(one for one in model.subgraphs[0].tensors if one.name == grouped).name = by_kind(chained)["first"].name
    path = tmp_path / "twice.tflite"
    path.write_bytes(packed(model))
    graph = read_graph(path)
    assert len(graph.multipliers) == len(KINDS) - 2
    assert by_kind(chained)["first"].name not in graph.slopes


@pytest.fixture
def outlying(chained, tmp_path):
    """The chained network with the bytes of its first kernel behind the flat buffer, as files over 2 GB have all."""
    model = unpacked(chained)
    kernel = next(one for one in model.subgraphs[0].tensors if list(one.shape) == [8, 3, 5, 3])
    buffer = model.buffers[kernel.buffer]
    data, buffer.data = bytes(buffer.data), None
    buffer.offset, buffer.size = 2, len(data)
    buffer.offset = len(packed(model))
    path = tmp_path / "outlying.tflite"
    path.write_bytes(packed(model) + data)
    return path


def test_constants_behind_the_flat_buffer_are_read_and_written(outlying, chained, tmp_path):
    kernel = read_graph(outlying).multipliers[0].weights.kernel
    np.testing.assert_array_equal(kernel, read_graph(chained).multipliers[0].weights.kernel)
    graph = read_graph(outlying)
    changed = Weights(kernel=2 * kernel, bias=graph.multipliers[0].weights.bias)
    written = graph.rewritten({graph.multipliers[0].name: changed}, tmp_path / "doubled.tflite")
    np.testing.assert_array_equal(written.multipliers[0].weights.kernel, 2 * kernel)


def test_a_shared_constant_of_such_a_file_is_refused(outlying, tmp_path):
    model = unpacked(outlying)
    behind = outlying.read_bytes()[-4 * 8 * 45 :]
    tensors = model.subgraphs[0].tensors
    second = by_kind(outlying)["grouped"].name.encode()
    operators = model.subgraphs[0].operators
    bias = next(one.inputs[2] for one in operators if tensors[one.outputs[0]].name == second)
    operators[0].inputs = np.array([*operators[0].inputs[:2], bias])
    kernel = next(one for one in tensors if list(one.shape) == [8, 3, 5, 3])
    model.buffers[kernel.buffer].offset = len(packed(model))
    path = tmp_path / "shared.tflite"
    path.write_bytes(packed(model) + behind)
    one = read_graph(path).multipliers[0]
    with pytest.raises(TfliteFileError, match="cannot be given new constants"):
        read_graph(path).rewritten(
            {one.name: Weights(kernel=one.weights.kernel, bias=one.weights.bias + 1)}, tmp_path / "never.tflite"
        )
    assert not (tmp_path / "never.tflite").exists()


def test_numbers_that_do_not_fit_are_refused(chained, tmp_path):
    graph, last = read_graph(chained), by_kind(chained)["last"]
    assert not last.has_bias
    biased = Weights(kernel=last.weights.kernel, bias=np.ones(3, np.float32))
    with pytest.raises(ValueError, match="takes no bias"):
        graph.rewritten({last.name: biased}, tmp_path / "never.tflite")
    with pytest.raises(ValueError, match="of shape"):
        graph.rewritten({last.name: by_kind(chained)["first"].weights}, tmp_path / "never.tflite")
    with pytest.raises(KeyError, match="nobody"):
        graph.rewritten({"nobody": last.weights}, tmp_path / "never.tflite")


def test_a_tensor_that_is_not_there_cannot_be_watched(chained, pictures):
    with pytest.raises(KeyError, match="nobody"):
        next(watch_tflite(chained, ["nobody"], pictures))
