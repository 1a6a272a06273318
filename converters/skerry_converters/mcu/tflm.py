"""TensorFlow Lite Micro on this machine: what memory a network takes, and what it computes."""

from __future__ import annotations

import importlib.util
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skerry_edge.backends.base import Array
from skerry_edge.foundation.errors import MissingError, VerdictError
from skerry_edge.foundation.extras import install_hint
from skerry_edge.foundation.module_program import module_command
from skerry_edge.foundation.signal_names import signal_name

TIMEOUT_S = 600.0
"""The reference kernels take seconds for the largest networks that a microcontroller can hold."""
MAX_STDERR_BYTES = 1 << 16
_MODULE = "skerry_converters.mcu.tflm_worker"


class TflmError(VerdictError):
    """TensorFlow Lite Micro cannot run the network."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arena:
    """The smallest tensor arena that a run succeeds with: ``total_bytes``.

    ``activation_bytes`` of it are reused from operator to operator, ``persistent_bytes`` hold structures and state; the
    rest is needed while memory is planned. Measured with the reference kernels where pointers have 64 bits: structures
    are smaller on a 32-bit microcontroller, while kernels made for a chip (ESP-NN, CMSIS-NN) may take scratch memory.
    """

    total_bytes: int
    activation_bytes: int
    persistent_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TflmRun:
    """The arena, and each output with one row a run."""

    arena: Arena
    outputs: tuple[Array, ...]


def run_tflm(model: bytes, inputs: tuple[Array, ...], *, where: str, timeout_s: float = TIMEOUT_S) -> TflmRun:
    """Measure the arena of a `.tflite` model and run it on ``inputs``, each with one row a run, as one stream.

    It runs in a process of its own, with exactly the arena that is reported. Raises MissingError where `tflite-micro`
    is not installed, TflmError with its own words where it cannot run the network.
    """
    if importlib.util.find_spec("tflite_micro") is None:
        raise MissingError(
            "TensorFlow Lite Micro is not installed",
            found="no package tflite-micro",
            todo=f"{install_hint('mcu')}; its wheels are for Linux on x86-64",
        )
    with tempfile.TemporaryDirectory(prefix="skerry-") as folder:
        paths = [Path(folder, name) for name in ("model.tflite", "inputs.npz", "result.npz")]
        paths[0].write_bytes(model)
        arrays = {f"input_{number}": one for number, one in enumerate(inputs)}
        np.savez(paths[1], **arrays)  # type: ignore[arg-type]  # numpy's stub takes the keywords for its option
        _work(paths, where, timeout_s)
        return _result(paths[2], where)


def _work(paths: list[Path], where: str, timeout_s: float) -> None:
    with tempfile.TemporaryFile() as stderr:
        try:
            done = subprocess.run(
                module_command(_MODULE, *(str(path) for path in paths)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise TflmError(
                "TensorFlow Lite Micro did not end in time", where=where, found=f"over {timeout_s:g} s"
            ) from error
        if done.returncode:
            stderr.seek(max(0, stderr.seek(0, 2) - MAX_STDERR_BYTES))
            words = _last_words(stderr.read().decode("utf-8", "replace"))
            how = f"{signal_name(-done.returncode)}: " if done.returncode < 0 else ""
            raise TflmError("TensorFlow Lite Micro cannot run the network", where=where, found=f"{how}{words}")


def _last_words(text: str) -> str:
    """Return the last different lines that were printed, the oldest first."""
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    return "; ".join(lines[-3:])[:300] or "no word of why"


def _result(path: Path, where: str) -> TflmRun:
    try:
        with np.load(path) as arrays:
            arena = Arena(
                total_bytes=int(arrays["arena_bytes"]),
                activation_bytes=int(arrays["head_bytes"]),
                persistent_bytes=int(arrays["tail_bytes"]),
            )
            count = sum(name.startswith("output_") for name in arrays.files)
            return TflmRun(arena=arena, outputs=tuple(arrays[f"output_{number}"] for number in range(count)))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise TflmError("TensorFlow Lite Micro left no result", where=where, found=str(error)) from error
