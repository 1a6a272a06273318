"""A backend's name may carry its device, and a device that ONNX Runtime cannot reach is told instead of left out."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from skerry_edge.backends import onnx
from skerry_edge.backends.base import BackendOptions
from skerry_edge.backends.registry import entry_of, missing_reason, open_backend, shared_accelerator
from skerry_edge.foundation.errors import ConfigError, MissingError

CPU, CUDA, TENSORRT = "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider"


@pytest.fixture
def runtime(monkeypatch):
    """A stand-in for ONNX Runtime: its providers, and what a session really got, are as the test says."""

    class Session:
        def __init__(self, path, options, providers):
            self.asked = providers

        def get_providers(self):
            return made.gives or self.asked

        def get_inputs(self):
            return []

        def get_outputs(self):
            return []

    options = SimpleNamespace(add_session_config_entry=lambda *_: None)
    made = SimpleNamespace(
        has=[TENSORRT, CUDA, CPU],
        gives=None,
        sessions=[],
        SessionOptions=lambda: options,
        get_available_providers=lambda: made.has,
        InferenceSession=lambda *given, **more: made.sessions.append(Session(*given, **more)) or made.sessions[-1],
    )
    monkeypatch.setattr(onnx, "import_onnxruntime", lambda: made)
    return made


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("onnx", [CPU]),
        ("onnx:cpu", [CPU]),
        ("onnx:cuda", [CUDA, CPU]),
        ("onnx:tensorrt", [TENSORRT, CUDA, CPU]),
    ],
)
def test_the_device_in_the_name_is_asked_for(runtime, name, asked):
    open_backend(name, Path("net.onnx"))
    assert runtime.sessions[0].asked == asked


def test_the_device_in_the_name_goes_before_that_of_the_options(runtime):
    open_backend("onnx:cuda", Path("net.onnx"), BackendOptions(device="cpu"))
    assert runtime.sessions[0].asked == [CUDA, CPU]


def test_a_runtime_without_the_provider_is_told(runtime):
    runtime.has = [CPU]
    with pytest.raises(MissingError, match="cannot reach the device 'tensorrt'") as caught:
        open_backend("onnx:tensorrt", Path("net.onnx"))
    assert caught.value.found == f"it has {CPU}"


def test_a_session_that_fell_back_to_the_processor_is_refused(runtime):
    runtime.gives = [CPU]
    with pytest.raises(MissingError, match="cannot reach the device 'cuda'") as caught:
        open_backend("onnx:cuda", Path("net.onnx"))
    assert caught.value.found == f"it computes on {CPU} instead"


@pytest.mark.parametrize("name", ["onnx:", "onnx:abacus", "litert:gpu", "openvino:abacus"])
def test_a_device_that_a_backend_does_not_know_is_refused(name, tmp_path):
    with pytest.raises(ConfigError, match="runs"):
        open_backend(name, tmp_path / "net")


def test_a_name_with_a_device_is_that_backend():
    assert entry_of("openvino:gpu") is entry_of("openvino")
    assert missing_reason("onnx:cuda") == missing_reason("onnx")
    assert shared_accelerator("edgetpu:usb:1") == "edgetpu"
    with pytest.raises(ConfigError, match="there is no such backend"):
        entry_of("openvnio:gpu")
