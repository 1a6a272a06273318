"""How the Edge TPU's backend finds its runtime; the delegate is a stand-in, no Edge TPU takes part."""

import ctypes.util
import sys
from types import SimpleNamespace
from typing import ClassVar

import pytest

from skerry_edge.backends import edgetpu
from skerry_edge.backends.base import BackendOptions, ModelFileError
from skerry_edge.backends.registry import backend_for, missing_reason
from skerry_edge.foundation.errors import ConfigError, MissingError


class Interpreter:
    """Takes what LiteRT's takes and keeps it."""

    made: ClassVar[list["Interpreter"]] = []

    def __init__(self, *, model_content, experimental_delegates):
        if model_content == b"broken":
            raise ValueError("Model provided has model identifier 'roke', should be 'TFL3'\n")
        self.content, self.delegates = model_content, experimental_delegates
        self.made.append(self)

    def allocate_tensors(self):
        pass

    def get_input_details(self):
        return []

    get_output_details = get_input_details


@pytest.fixture
def asked(monkeypatch):
    """A stand-in for LiteRT that notes which delegates it was asked for."""
    calls = []

    def load_delegate(library, options):
        calls.append((library, options))
        return "delegate"

    runtime = SimpleNamespace(Interpreter=Interpreter, load_delegate=load_delegate)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", runtime)
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: f"lib{name}.so.1")
    Interpreter.made = []
    return SimpleNamespace(calls=calls, runtime=runtime)


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "net_edgetpu.tflite"
    path.write_bytes(b"compiled")
    return path


@pytest.mark.parametrize(
    ("device", "options"),
    [
        ("cpu", {}),
        ("usb", {"device": "usb"}),
        ("pci", {"device": "pci"}),
        ("usb:1", {"device": "usb:1"}),
    ],
)
def test_the_delegate_is_loaded_for_the_device_and_given_to_the_interpreter(asked, model, device, options):
    edgetpu.load(model, BackendOptions(device=device))
    assert asked.calls == [("libedgetpu.so.1", options)]
    (made,) = Interpreter.made
    assert (made.content, made.delegates) == (b"compiled", ["delegate"])


@pytest.mark.parametrize("device", ["gpu", "cpu:1", "usb:", "usb:first", "usb:-1", ""])
def test_a_device_that_is_no_edge_tpu_is_refused(asked, model, device):
    with pytest.raises(ConfigError, match="usb or pci"):
        edgetpu.load(model, BackendOptions(device=device))


def test_no_edge_tpu_on_the_bus_is_a_missing_device(asked, model):
    def refuse(_library, _options):
        raise ValueError("Failed to load delegate from libedgetpu.so.1\n")

    asked.runtime.load_delegate = refuse
    with pytest.raises(MissingError, match="no Edge TPU answers") as caught:
        edgetpu.load(model, BackendOptions(device="usb"))
    assert caught.value.exit_code == 3


def test_a_file_that_is_no_model_is_refused_with_its_name(asked, model):
    model.write_bytes(b"broken")
    with pytest.raises(ModelFileError) as caught:
        edgetpu.load(model, BackendOptions())
    assert str(model) in str(caught.value)


def test_without_the_library_the_backend_says_so(monkeypatch, model):
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    assert "libedgetpu is not installed" in missing_reason("edgetpu")
    with pytest.raises(MissingError, match="library"):
        edgetpu.load(model, BackendOptions())


def test_files_of_the_compiler_go_to_this_backend():
    assert backend_for("edgetpu") == "edgetpu"


def _package(folder, modules):
    for name in modules:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("raise AssertionError('imported')\n", encoding="utf-8")
    return str(folder)


def test_an_unrelated_package_of_the_same_name_is_left_alone(asked, model, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(_package(tmp_path, ["pycoral/__init__.py"]))
    edgetpu.load(model, BackendOptions())
    assert asked.calls == [("libedgetpu.so.1", {})]


def test_corals_own_package_makes_the_interpreter_where_it_is_installed(asked, model, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(_package(tmp_path, ["pycoral/__init__.py", "pycoral/utils/edgetpu.py"]))
    given = []

    def make_interpreter(content, *, device):
        given.append((content, device))
        return Interpreter(model_content=content, experimental_delegates=[])

    monkeypatch.setitem(sys.modules, "pycoral.utils.edgetpu", SimpleNamespace(make_interpreter=make_interpreter))
    monkeypatch.setattr(edgetpu.importlib, "import_module", lambda name: sys.modules[name])
    edgetpu.load(model, BackendOptions(device="pci"))
    assert given == [(b"compiled", "pci")]
    assert asked.calls == []
