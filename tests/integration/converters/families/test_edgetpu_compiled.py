"""An Edge TPU file where the compiler is on the PATH; the compiler is a stand-in, no Edge TPU takes part."""

from types import SimpleNamespace

import pytest

from skerry_converters.families import edgetpu_files
from skerry_converters.families.registry import TARGETS
from skerry_converters.sources.opening import open_source


@pytest.fixture
def compiler(monkeypatch):
    """Writes a file of its own beside the one that it is given, and maps 3 of 4 operators."""

    def compiled(path, folder):
        made = folder / f"{path.stem}_edgetpu.tflite"
        made.write_bytes(b"compiled " + path.read_bytes()[:8])
        return SimpleNamespace(
            compiled=made,
            log=SimpleNamespace(version="16.0"),
            explanation=SimpleNamespace(mapped_operators=3, operators=range(4)),
            disagreements=range(1),
        )

    monkeypatch.setattr(edgetpu_files.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(edgetpu_files, "compile_edgetpu", compiled)


@pytest.mark.usefixtures("compiler")
def test_the_compiled_file_comes_first_and_its_uncompiled_twin_is_what_a_gate_runs(shared_data, tmp_path):
    source = open_source(shared_data / "tflite" / "mlperf_tiny_vww.tflite")
    emitted = TARGETS["edgetpu-int8"].make(source, None, tmp_path)
    assert [one.name for one in emitted.files] == ["model-edgetpu.tflite", "model-edgetpu-uncompiled.tflite"]
    assert emitted.runnable == emitted.files[1]
    assert emitted.format == "edgetpu"
    assert emitted.tools["edgetpu_compiler"] == "16.0"
    assert emitted.notes == ("3 of 4 operators are mapped", "the prediction was wrong about 1 of them")
    described = emitted.variant(None)
    assert (described.format, [one.file for one in described.extra_files]) == (
        "edgetpu",
        ["model-edgetpu-uncompiled.tflite"],
    )
