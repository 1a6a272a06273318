"""onnx2tf: an ONNX file to a float32 TFLite file.

Its other precisions are not used: in 2.6.9 `float16`, dynamic-range and 16-bit activation files were found broken. It
pins its dependencies hard and needs Python 3.12, hence the environment of its own.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from skerry_converters.sources.base import ModelFile
from skerry_converters.sources.layouts import moved_input, moved_output
from skerry_converters.tflite_file.fixed_shapes import with_fixed_shapes
from skerry_converters.tflite_file.known_shapes import with_known_shapes
from skerry_converters.tflite_file.reader import read_tflite
from skerry_converters.toolchains.environment import Toolchain
from skerry_edge.foundation.errors import DataError

VERSION = "2.6.9"
TIMEOUT_S = 1800.0
ONNX2TF = Toolchain(
    name="onnx2tf",
    requirements=(
        f"onnx2tf=={VERSION}",
        "ai-edge-litert==2.1.2",
        "backports.strenum==1.2.8",
        "flatbuffers==25.12.19",
        "h5py==3.14.0",
        "iniconfig==2.3.1",
        "markdown-it-py==4.3.0",
        "mdurl==0.1.2",
        "ml_dtypes==0.5.4",
        "mpmath==1.3.0",
        "numpy==2.2.6",
        "onnx==1.20.1",
        "onnx-ir==1.1.0",
        "onnxoptimizer==0.4.2",
        "onnxruntime==1.26.0",
        "onnxscript==0.6.2",
        "onnxsim==0.6.5",
        # The same module as `opencv-python`, which onnx2tf asks for, without its need for a desktop's libraries.
        "opencv-python-headless==4.13.0.92",
        "packaging==26.3",
        "pluggy==1.7.0",
        "protobuf==7.35.1",
        "psutil==5.9.5",
        "Pygments==2.21.0",
        "pytest==9.0.2",
        "rich==15.0.0",
        "setuptools==81.0.0",
        "sne4onnx==2.0.1",
        "sng4onnx==2.0.1",
        "sympy==1.14.0",
        "tqdm==4.67.1",
        "typing_extensions==4.16.0",
    ),
    oldest_python=(3, 12),
    newest_python=(3, 13),
    size="650 MB",
)


def onnx_to_tflite(model: ModelFile, folder: Path, *, where: str) -> ModelFile:
    """Write ``model``, an ONNX file of fixed shapes, as `source.tflite` into ``folder``.

    Raises MissingError where onnx2tf cannot be set up, DataError with its words where it cannot convert.
    """
    python = ONNX2TF.ensure()
    with tempfile.TemporaryDirectory(dir=folder.resolve()) as out:
        program = python.with_name("onnx2tf")
        # Absolute, since it writes into the folder that it runs in.
        line = [str(python), "-I", str(program), "-i", str(model.path.resolve()), "-o", out, "-n", "-coion"]
        try:
            done = subprocess.run(
                line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, cwd=out
            )
        except subprocess.TimeoutExpired as error:
            raise DataError("onnx2tf did not end", where=where, found=f"still running after {TIMEOUT_S:g} s") from error
        made = Path(out, f"{model.path.stem}_float32.tflite")
        if done.returncode != 0 or not made.is_file():
            raise DataError("onnx2tf cannot convert the network", where=where, found=_told(done.stdout + done.stderr))
        path = folder / "source.tflite"
        path.write_bytes(with_known_shapes(with_fixed_shapes(made.read_bytes()), where=where))
    graph = read_tflite(path).main
    entering = [graph.tensors[index].shape for index in graph.inputs]
    leaving = [graph.tensors[index].shape for index in graph.outputs]
    if (len(entering), len(leaving)) != (len(model.inputs), len(model.outputs)):
        raise DataError(
            "onnx2tf changed the number of inputs or outputs",
            where=where,
            found=f"{len(entering)} and {len(leaving)}, expected {len(model.inputs)} and {len(model.outputs)}",
        )
    return ModelFile(
        path=path,
        inputs=tuple(map(moved_input, model.inputs, entering)),
        outputs=tuple(map(moved_output, model.outputs, leaving)),
        tools={"onnx2tf": VERSION},
    )


def _told(text: str) -> str:
    """Return the lines of onnx2tf's output that say what it could not do."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and "it/s" not in line]
    telling = [line for line in lines if "error" in line.lower()]
    return "; ".join((telling or lines)[-3:])[-400:] or "no output"
