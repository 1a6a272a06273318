"""Targets by name, and which of them can be made."""

import dataclasses
import subprocess
import sys

import pytest

from skerry_converters.families import registry
from skerry_converters.families.registry import TARGETS, choose_targets, parse_targets
from skerry_converters.sources.base import Description, SourceFacts
from skerry_edge.contracts.manifest import Raw, Tensor, TensorInput
from skerry_edge.foundation.errors import ConfigError, MissingError

NAMES = (
    "onnx-fp32",
    "onnx-fp16",
    "onnx-int8",
    "tflite-fp32",
    "tflite-fp16",
    "tflite-dynamic",
    "tflite-int8",
    "tflite-int8x16",
    "openvino-fp16",
    "openvino-int8",
    "edgetpu-int8",
    "mcu-int8",
)


def facts(forms, *, quantized=False) -> SourceFacts:
    tensor = Tensor(name="x", shape=(1, 4), layout="NC")
    return SourceFacts(
        kind="test",
        where="net",
        files={},
        inputs=(tensor,),
        outputs=(tensor,),
        description=Description(task="other", labels=(), input=TensorInput(), output=Raw()),
        forms=forms,
        options={},
        quantized=quantized,
    )


FLOAT = facts({"onnx": None, "function": None})


@pytest.fixture
def all_installed(monkeypatch):
    """Every target's tools and backend are there, whatever this machine has."""
    made = {name: dataclasses.replace(one, tools=(), backend="onnx") for name, one in TARGETS.items()}
    monkeypatch.setattr(registry, "TARGETS", made)
    monkeypatch.setattr("skerry_converters.families.base.missing_reason", lambda _backend: None)


def test_every_target_has_its_name():
    assert tuple(TARGETS) == NAMES


def test_names_are_parsed_each_once():
    assert parse_targets("onnx-int8, tflite-int8,,onnx-int8") == ("onnx-int8", "tflite-int8")


@pytest.mark.parametrize("text", ["", " , "])
def test_no_target_is_refused(text):
    with pytest.raises(ConfigError, match="no target"):
        parse_targets(text)


def test_a_misspelt_target_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match="unknown target") as caught:
        parse_targets("tflite-int9")
    assert "did you mean 'tflite-int8'?" in str(caught.value)


def test_all_stands_alone():
    with pytest.raises(ConfigError, match="given alone"):
        parse_targets("all,onnx-fp32")


@pytest.mark.usefixtures("all_installed")
def test_all_means_every_target_that_can_be_made():
    choice = choose_targets(("all",), FLOAT, calibrated=True)
    assert [one.name for one in choice.targets] == list(NAMES)
    assert choice.left_out == {}


@pytest.mark.usefixtures("all_installed")
def test_all_without_calibration_data_leaves_out_what_needs_it_and_says_so():
    choice = choose_targets(("all",), FLOAT, calibrated=False)
    assert {one.name for one in choice.targets} == {name for name in NAMES if "int8" not in name}
    assert set(choice.left_out.values()) == {registry.NEEDS_CALIBRATION}


@pytest.mark.usefixtures("all_installed")
def test_a_named_target_without_calibration_data_is_wrong_usage():
    with pytest.raises(ConfigError, match="onnx-int8") as caught:
        choose_targets(("onnx-fp32", "onnx-int8"), FLOAT, calibrated=False)
    assert "--calibration" in str(caught.value)


@pytest.mark.usefixtures("all_installed")
def test_a_form_that_this_machine_cannot_make_gives_its_reason():
    source = facts({"onnx": None, "tflite": "no Python 3.12"})
    choice = choose_targets(("all",), source, calibrated=True)
    assert choice.left_out["tflite-int8"] == "no Python 3.12"
    assert "openvino-int8" not in choice.left_out
    with pytest.raises(MissingError, match="tflite-int8") as caught:
        choose_targets(("tflite-int8",), source, calibrated=True)
    assert caught.value.exit_code == 3


@pytest.mark.usefixtures("all_installed")
def test_a_source_that_is_quantized_already_goes_only_where_integers_go():
    choice = choose_targets(("all",), facts({"tflite": None}, quantized=True), calibrated=False)
    assert [one.name for one in choice.targets] == ["tflite-int8", "edgetpu-int8", "mcu-int8"]
    assert "quantized already" in choice.left_out["onnx-fp32"]


def test_a_tool_that_is_not_installed_is_named_with_the_extra():
    target = dataclasses.replace(TARGETS["onnx-fp32"], tools=("no-such-tool",), extra="convert,mcu")
    reason = target.unavailable_reason(FLOAT)
    assert "no-such-tool" in reason
    assert "pip install 'skerry[convert,mcu]'" in reason


def test_the_targets_are_known_where_no_runtime_and_no_converter_is_installed():
    blocked = ("ai_edge_litert", "keras", "nncf", "onnx", "onnxruntime", "openvino", "tensorflow", "tflite_micro")
    program = f"""
import sys
sys.modules.update(dict.fromkeys({blocked!r}))
from skerry_converters.families.registry import TARGETS
print(len(TARGETS))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) == len(TARGETS)
