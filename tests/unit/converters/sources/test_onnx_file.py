"""ONNX networks from elsewhere: what is taken and what is refused."""

import importlib.util
import pickle

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from skerry_converters.sources.foreign import NOTHING_SAID, Foreign, ForeignManifest, PictureInput
from skerry_converters.sources.input_shapes import NOTHING_GIVEN, parse_input_shapes
from skerry_converters.sources.opening import open_source
from skerry_edge.contracts.manifest import Ultralytics
from skerry_edge.foundation.errors import ConfigError, DataError, MissingError, ReachError


def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, constants=None, opset=17, domains=()):
    initializers = [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()]
    graph = helper.make_graph(nodes, "net", inputs, outputs, initializers)
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def convolution(shape=(1, 3, 8, 8), **more):
    kernel = np.random.default_rng(0).normal(0, 1, (4, 3, 3, 3)).astype(np.float32)
    nodes = [helper.make_node("Conv", ["images", "kernel"], ["y"], name="stem", pads=[1, 1, 1, 1])]
    return model(nodes, [value("images", shape)], [value("y", ["n", "c", "h", "w"])], {"kernel": kernel}, **more)


@pytest.fixture
def saved(tmp_path):
    def save(proto, name="net.onnx", **options):
        path = tmp_path / name
        onnx.save(proto, path, **options)
        return path

    return save


@pytest.fixture
def opened(saved):
    def load(proto, foreign=NOTHING_SAID, shapes=()):
        return open_source(saved(proto), foreign, parse_input_shapes(shapes))

    return load


def test_a_network_is_known_by_its_tensors_and_its_hash(opened):
    facts = opened(convolution()).facts
    assert facts.kind == "onnx"
    assert [(one.name, one.shape, one.layout, one.dtype) for one in (*facts.inputs, *facts.outputs)] == [
        ("images", (1, 3, 8, 8), "NCHW", "float32"),
        ("y", (1, 4, 8, 8), "NCHW", "float32"),
    ]
    assert list(facts.files) == ["net.onnx"]


def test_it_computes_what_the_network_says_and_survives_a_pickle(opened):
    source = opened(convolution())
    image = np.random.default_rng(1).normal(0, 1, (1, 3, 8, 8)).astype(np.float32)
    padded = np.pad(image[0], ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    kernel = np.random.default_rng(0).normal(0, 1, (4, 3, 3, 3)).astype(np.float32)
    expected = np.einsum("chwij,ocij->ohw", windows, kernel)
    for one in (source, pickle.loads(pickle.dumps(source))):
        (result,) = one.evaluate((image,))
        assert result[0] == pytest.approx(expected, abs=1e-4)


def test_open_shapes_are_given_and_reach_the_file(opened, tmp_path):
    source = opened(convolution(("batch", 3, "height", "width")), shapes=["images:1,3,16,24"])
    assert source.facts.outputs[0].shape == (1, 4, 16, 24)
    written = onnx.load(source.to_file("onnx", tmp_path).path)
    sizes = [[one.dim_value for one in tensor.type.tensor_type.shape.dim] for tensor in written.graph.input]
    assert sizes == [[1, 3, 16, 24]]
    assert source.facts.input_shapes == {"images": (1, 3, 16, 24)}


def test_open_shapes_that_are_not_given_are_refused(opened):
    with pytest.raises(ConfigError, match="no fixed shape"):
        opened(convolution((1, 3, "height", "width")))


def test_a_shape_that_the_network_cannot_take_is_told(opened):
    with pytest.raises(DataError, match=r"ONNX Runtime cannot") as caught:
        opened(convolution(("n", "c", 8, 8)), shapes=["images:1,5,8,8"])
    assert str(caught.value).count("\n") == 0


def test_weights_in_a_file_of_their_own_are_read_and_hashed(saved):
    path = saved(convolution(), save_as_external_data=True, location="net.data", size_threshold=0)
    source = open_source(path)
    assert sorted(source.facts.files) == ["net.data", "net.onnx"]
    plain = open_source(saved(convolution(), "plain.onnx"))
    image = np.ones((1, 3, 8, 8), np.float32)
    assert np.array_equal(source.evaluate((image,))[0], plain.evaluate((image,))[0])


def test_weights_outside_the_networks_folder_are_refused(saved, tmp_path):
    proto = convolution()
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret")
    with pytest.raises(DataError, match="outside"):
        open_source(saved(proto))


@pytest.mark.parametrize("opset", [7, 10])
def test_an_old_opset_is_refused(opened, opset):
    with pytest.raises(ConfigError, match="11 is the least") as caught:
        opened(convolution(opset=opset))
    assert caught.value.found == f"opset {opset}"


def test_an_opset_that_is_not_known_yet_is_refused(opened):
    proto = convolution()
    proto.opset_import[0].version = 99
    with pytest.raises(ConfigError, match="newer than what is known") as caught:
        opened(proto)
    assert caught.value.found == "opset 99"


@pytest.mark.parametrize("opset", [11, 12, 13, 20])
def test_opset_11_and_later_are_taken(opened, opset):
    assert opened(convolution(opset=opset)).facts.outputs[0].shape == (1, 4, 8, 8)


@pytest.mark.parametrize(
    ("domain", "hint"),
    [("com.microsoft", "ONNX Runtime's own"), ("TRT", "TensorRT"), ("my.company", "before exporting")],
)
def test_a_custom_operator_is_named_with_its_node_and_a_hint(opened, domain, hint):
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Fancy", ["a"], ["y"], name="odd", domain=domain),
    ]
    with pytest.raises(ConfigError, match="custom operator") as caught:
        opened(model(nodes, [value("x", [1, 3])], [value("y", [1, 3])], domains=(domain,)))
    assert caught.value.where.endswith("node 1 'odd'")
    assert caught.value.found == f"{domain}.Fancy"
    assert hint in caught.value.todo


def test_an_operator_that_onnx_does_not_have_is_named(opened):
    nodes = [helper.make_node("Relu6", ["x"], ["y"], name="odd")]
    with pytest.raises(ConfigError, match="no such operator") as caught:
        opened(model(nodes, [value("x", [1, 3])], [value("y", [1, 3])]))
    assert (caught.value.found, "node 0 'odd'" in caught.value.where) == ("Relu6", True)


def test_a_custom_operator_within_a_branch_is_found(opened):
    odd = helper.make_node("Fancy", ["x"], ["z"], name="deep", domain="my.company")
    branch = helper.make_graph([odd], "branch", [], [value("z", [1, 3])])
    nodes = [helper.make_node("If", ["flag"], ["y"], then_branch=branch, else_branch=branch)]
    inputs = [value("x", [1, 3]), value("flag", [], TensorProto.BOOL)]
    with pytest.raises(ConfigError, match="custom operator") as caught:
        opened(model(nodes, inputs, [value("y", [1, 3])], domains=("my.company",)))
    assert "deep" in caught.value.where


def test_a_network_that_is_quantized_already_is_refused(opened):
    nodes = [helper.make_node("QuantizeLinear", ["x", "scale"], ["y"], name="q")]
    proto = model(nodes, [value("x", [1, 3])], [value("y", [1, 3], TensorProto.UINT8)], {"scale": np.float32(0.1)})
    with pytest.raises(ConfigError, match="quantized already"):
        opened(proto)


@pytest.mark.parametrize(("shape", "found"), [((2, 3, 8, 8), "2x3x8x8"), ((), "a single value")])
def test_a_network_that_takes_more_or_less_than_one_sample_is_refused(opened, shape, found):
    nodes = [helper.make_node("Relu", ["x"], ["y"])]
    with pytest.raises(ConfigError, match="one sample at a time") as caught:
        opened(model(nodes, [value("x", shape)], [value("y", shape)]))
    assert caught.value.found == found


def test_a_network_without_inputs_is_refused(opened):
    nodes = [helper.make_node("Relu", ["c"], ["y"])]
    with pytest.raises(ConfigError, match="no inputs"):
        opened(model(nodes, [], [value("y", [1, 4])], {"c": np.ones((1, 4), np.float32)}))


def test_a_network_without_outputs_is_refused(opened):
    with pytest.raises(ConfigError, match="no outputs"):
        opened(model([helper.make_node("Relu", ["x"], ["y"])], [value("x", [1, 4])], []))


def test_an_output_whose_size_hangs_on_what_the_network_sees_is_refused(opened):
    nodes = [helper.make_node("NonZero", ["x"], ["y"])]
    with pytest.raises(ConfigError, match="output 'y' holds no values") as caught:
        opened(model(nodes, [value("x", [1, 4])], [value("y", [2, "found"], TensorProto.INT64)]))
    assert "outputs of fixed size" in caught.value.todo


def test_without_onnx_runtime_the_extra_that_brings_it_is_named(saved, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else found(name))
    with pytest.raises(MissingError, match="cannot be read") as caught:
        open_source(saved(convolution()))
    assert "onnxruntime is not installed: pip install 'skerry[convert]'" in caught.value.found


def test_a_file_whose_name_is_not_utf8_is_refused_since_it_cannot_be_recorded(saved):
    path = saved(convolution())
    named = path.rename(path.with_name("n\udcff.onnx"))
    with pytest.raises(ConfigError, match="not UTF-8") as caught:
        open_source(named)
    caught.value.found.encode()


@pytest.mark.parametrize("content", [b"", b"no network", bytes(2000)])
def test_a_file_that_is_no_network_is_refused(tmp_path, content):
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(DataError, match="ONNX file") as caught:
        open_source(path)
    assert str(path) in str(caught.value)


def test_a_network_cut_short_is_refused(saved):
    path = saved(convolution())
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError):
        open_source(path)


def test_a_network_that_breaks_onnxs_rules_is_refused(opened):
    nodes = [helper.make_node("Relu", ["nowhere"], ["y"])]
    with pytest.raises(DataError, match="sound"):
        opened(model(nodes, [value("x", [1, 3])], [value("y", [1, 3])]))


def test_what_is_no_kind_of_network_is_refused(tmp_path):
    (tmp_path / "net.pt").touch()
    with pytest.raises(ConfigError, match="no network") as caught:
        open_source(tmp_path / "net.pt")
    assert ".onnx" in caught.value.todo
    with pytest.raises(ConfigError, match="SavedModel"):
        open_source(tmp_path)
    with pytest.raises(ReachError):
        open_source(tmp_path / "none.onnx", NOTHING_SAID, NOTHING_GIVEN)


def ultralytics_head(boxes=20, classes=2):
    """Ends as an export of YOLOv8 does: boxes in pixels and scores after a sigmoid, joined to one output."""
    nodes = [
        helper.make_node("Conv", ["images", "kernel"], ["grid"]),
        helper.make_node("Reshape", ["grid", "flat"], ["all"]),
        helper.make_node("Split", ["all", "parts"], ["raw_boxes", "raw_scores"], axis=1),
        helper.make_node("Mul", ["raw_boxes", "stride"], ["boxes"]),
        helper.make_node("Sigmoid", ["raw_scores"], ["scores"]),
        helper.make_node("Concat", ["boxes", "scores"], ["output0"], axis=1),
    ]
    constants = {
        "kernel": np.random.default_rng(0).normal(0, 1, (4 + classes, 3, 1, 1)).astype(np.float32),
        "flat": np.array([1, 4 + classes, boxes], np.int64),
        "parts": np.array([4, classes], np.int64),
        "stride": np.float32(32),
    }
    return model(nodes, [value("images", (1, 3, 4, boxes // 4))], [value("output0", ["n", "v", "b"])], constants)


def described(classes=2):
    manifest = ForeignManifest(labels=("cat", "dog"), input=PictureInput(), output=Ultralytics(classes=classes))
    return Foreign(manifest=manifest, labels=("cat", "dog"), where="net.toml", files=())


def test_boxes_and_scores_of_an_ultralytics_head_become_two_outputs_of_the_same_values(opened):
    image = np.random.default_rng(1).random((1, 3, 4, 5), np.float32)
    (joined,) = opened(ultralytics_head()).evaluate((image,))
    apart = opened(ultralytics_head(), described())
    assert [one.shape for one in apart.facts.outputs] == [(1, 4, 20), (1, 2, 20)]
    assert np.array_equal(np.concatenate(apart.evaluate((image,)), axis=1), joined)


def test_a_network_that_does_not_end_so_keeps_its_one_output(opened):
    facts = opened(ultralytics_head(), described(classes=3)).facts
    assert [one.shape for one in facts.outputs] == [(1, 6, 20)]
