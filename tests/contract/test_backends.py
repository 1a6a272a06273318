"""What every backend promises, run over all of them; a new one is in by being registered."""

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skerry_edge.backends import edgetpu
from skerry_edge.backends.base import Backend, BackendError, BackendOptions, ModelFileError
from skerry_edge.backends.registry import BACKENDS, missing_reason, open_backend
from skerry_edge.foundation.errors import ConfigError

EDGETPU_STAND_IN = "edgetpu-stand-in"
"""The Edge TPU's backend over an interpreter without the delegate: no Edge TPU takes part in what it shows."""


def _cpu_interpreter(path: Path, _device: str) -> object:
    interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="the extra 'litert' is not installed")
    return interpreter.Interpreter(model_content=path.read_bytes())


OUTLIVED = """
import gc, signal, sys
from pathlib import Path
from skerry_edge.backends.registry import open_backend
name, path = sys.argv[1], Path(sys.argv[2])
first, second = open_backend(name, path), open_backend(name, path)
for one in (first, second):
    one.close()
del first, second, one
gc.collect()
signal.signal(signal.SIGTERM, lambda number, _: sys.exit(99))
signal.raise_signal(signal.SIGTERM)
"""


@pytest.fixture(params=[*sorted(BACKENDS), EDGETPU_STAND_IN])
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each backend in turn, or a skip that says what is missing."""
    if request.param == EDGETPU_STAND_IN:
        without_library = dataclasses.replace(BACKENDS["edgetpu"], library=None)
        monkeypatch.setitem(BACKENDS, EDGETPU_STAND_IN, without_library)
        monkeypatch.setattr(edgetpu, "interpreter_maker", lambda: _cpu_interpreter)
    reason = missing_reason(request.param)
    if reason:
        pytest.skip(reason)
    return request.param


@pytest.fixture
def model(name: str, doubling_model: Callable[[str], Path]) -> Path:
    return doubling_model(BACKENDS[name].formats[0])


@pytest.fixture
def backend(name: str, model: Path) -> Backend:
    return open_backend(name, model)


def ones(value: float = 1.0) -> tuple[np.ndarray]:
    return (np.full((1, 3), value, np.float32),)


def test_it_says_what_goes_in_and_what_comes_out(backend):
    (entering,), (leaving,) = backend.inputs, backend.outputs
    for info in (entering, leaving):
        assert (info.shape, info.dtype, info.scale, info.zero_point) == ((1, 3), np.float32, 0.0, 0)
        assert info.name


def test_it_computes_the_network(backend):
    (result,) = backend.infer((np.array([[0.0, 1.5, -2.0]], np.float32),))
    assert result.dtype == np.float32
    assert result.tolist() == [[1.0, 4.0, -3.0]]


def test_a_result_stays_valid_after_the_next_call_and_after_closing(backend):
    (first,) = backend.infer(ones(1))
    (second,) = backend.infer(ones(5))
    backend.close()
    assert first.tolist() == [[3.0] * 3]
    assert second.tolist() == [[11.0] * 3]


def test_it_leaves_the_callers_tensor_alone(backend):
    tensors = ones(4)
    backend.infer(tensors)
    assert tensors[0].tolist() == [[4.0] * 3]


def test_it_reads_a_tensor_that_is_a_view(backend):
    wide = np.arange(6, dtype=np.float32).reshape(1, 6)
    (result,) = backend.infer((wide[:, ::2],))
    assert result.tolist() == [[1.0, 5.0, 9.0]]


@pytest.mark.parametrize(
    "tensors",
    [
        (),
        (np.zeros((1, 3), np.float32), np.zeros((1, 3), np.float32)),
        (np.zeros((1, 4), np.float32),),
        (np.zeros(3, np.float32),),
        (np.zeros((1, 3), np.float64),),
        (np.zeros((1, 3), np.int8),),
    ],
)
def test_tensors_that_do_not_fit_are_a_failed_inference(backend, tensors):
    with pytest.raises(BackendError, match="expected"):
        backend.infer(tensors)
    assert backend.infer(ones())[0].tolist() == [[3.0] * 3]


@pytest.mark.parametrize("content", [b"", b"no model", bytes(4096), b"\x1c\0\0\0TFL3" + bytes(64)])
def test_a_file_that_is_no_model_is_refused_with_its_name(name, tmp_path, content):
    path = tmp_path / "broken.model"
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        open_backend(name, path)
    assert str(path) in str(caught.value)


def test_a_model_file_that_is_cut_short_is_refused(name, model, tmp_path):
    whole = model.read_bytes()
    path = tmp_path / "cut.model"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelFileError):
        open_backend(name, path)


def test_a_file_that_is_not_there_is_refused(name, tmp_path):
    with pytest.raises(ModelFileError):
        open_backend(name, tmp_path / "none.model")


def test_a_device_that_it_does_not_know_is_refused(name, model):
    with pytest.raises(ConfigError, match="device 'abacus'"):
        open_backend(name, model, BackendOptions(device="abacus"))


@pytest.mark.parametrize("options", [BackendOptions(threads=1), BackendOptions(threads=2, plain_kernels=True)])
def test_options_do_not_change_what_it_computes(name, model, options):
    assert open_backend(name, model, options).infer(ones())[0].tolist() == [[3.0] * 3]


def test_two_of_them_do_not_disturb_each_other(name, model):
    first, second = open_backend(name, model), open_backend(name, model)
    (one,) = first.infer(ones(1))
    first.close()
    assert second.infer(ones(2))[0].tolist() == [[5.0] * 3]
    assert one.tolist() == [[3.0] * 3]


def test_a_process_that_has_closed_two_of_them_still_hears_signals(name, model):
    if name == EDGETPU_STAND_IN:
        pytest.skip("the stand-in lives in this process alone")
    ran = subprocess.run([sys.executable, "-X", "faulthandler", "-c", OUTLIVED, name, model], capture_output=True)
    assert ran.returncode == 99, ran.stderr
