"""TensorFlow Lite Micro in a process of its own: `python -m … MODEL INPUTS RESULT`.

Its interpreter ends the whole process where a model or an arena does not suit it, so nobody runs it in their own. MODEL
is a `.tflite` file, INPUTS an NPZ of `input_0`, … with one row a run, RESULT the NPZ to write: `arena_bytes`,
`head_bytes`, `tail_bytes` and `output_0`, … The runs are one stream: a network that keeps state keeps it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skerry_converters.tflite_file.reader import read_tflite
from skerry_edge.backends.native_output import held_stderr

MAX_ARENA_BYTES = 64 << 20
"""Far above the memory of any microcontroller."""
STEP_BYTES = 16
"""The arena's alignment."""
_ALLOCATION = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")

Arrays = dict[str, NDArray[Any]]


def main(arguments: list[str]) -> int:
    """Measure the arena, run every input and write the result; on failure say why on stderr and return 1."""
    model, inputs, result = (Path(one) for one in arguments)
    data = model.read_bytes()
    outputs = len(read_tflite(model).main.outputs)
    try:
        figures = _measure(data)
        with np.load(inputs) as arrays:
            values = _run(data, figures["arena_bytes"], dict(arrays), outputs)
    except (RuntimeError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201  # the parent reads it
        return 1
    arrays = {key: np.asarray(value) for key, value in figures.items()}
    np.savez(result, **arrays, **values)  # type: ignore[arg-type]  # numpy's stub takes the keywords for its option
    return 0


def _interpreter(data: bytes, arena_bytes: int) -> Any:  # noqa: ANN401  # tflite_micro ships no types
    from tflite_micro.python.tflite_micro import runtime  # noqa: PLC0415  # only where it is installed

    return runtime.Interpreter.from_bytes(data, arena_size=arena_bytes)


def _measure(data: bytes) -> dict[str, int]:
    """Return the smallest arena that serves, in bytes, and what of it is activations (head) and persistent (tail)."""
    interpreter = _interpreter(data, MAX_ARENA_BYTES)
    with held_stderr() as chatter:
        interpreter.print_allocations()
        found = {what: int(size) for what, size in _ALLOCATION.findall(chatter.text())}
    if set(found) != {"total", "head", "tail"}:
        raise RuntimeError("the interpreter did not say how much of its arena it used")
    return {
        "arena_bytes": _smallest(data, -(-found["total"] // STEP_BYTES) * STEP_BYTES),
        "head_bytes": found["head"],
        "tail_bytes": found["tail"],
    }


def _smallest(data: bytes, used_bytes: int) -> int:
    """Return the smallest arena that memory can be planned in, at least ``used_bytes``.

    Planning needs more for a moment than what is in use afterwards, and a run takes nothing beyond it. Nothing far too
    small is tried: that would end the process instead of raising an error.
    """
    with held_stderr():
        if _serves(data, used_bytes):
            return used_bytes
        too_small, step = used_bytes, STEP_BYTES
        while not _serves(data, used_bytes + step):
            too_small, step = used_bytes + step, 2 * step
        enough = used_bytes + step
        while enough - too_small > STEP_BYTES:
            middle = too_small + (enough - too_small) // 2 // STEP_BYTES * STEP_BYTES
            too_small, enough = (too_small, middle) if _serves(data, middle) else (middle, enough)
    return enough


def _serves(data: bytes, arena_bytes: int) -> bool:
    if arena_bytes > MAX_ARENA_BYTES:
        raise RuntimeError(f"the network needs an arena of more than {MAX_ARENA_BYTES} bytes")
    try:
        _interpreter(data, arena_bytes)
    except RuntimeError:
        return False
    return True


def _run(data: bytes, arena_bytes: int, inputs: Arrays, outputs: int) -> Arrays:
    """Return each output with one row a run, with exactly the arena that was measured."""
    interpreter = _interpreter(data, arena_bytes)
    rows: list[list[NDArray[Any]]] = [[] for _ in range(outputs)]
    for run in range(len(inputs["input_0"])):
        for number in range(len(inputs)):
            interpreter.set_input(inputs[f"input_{number}"][run], number)
        interpreter.invoke()
        for number in range(outputs):
            rows[number].append(interpreter.get_output(number).copy())
    return {f"output_{number}": np.stack(one) for number, one in enumerate(rows)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
