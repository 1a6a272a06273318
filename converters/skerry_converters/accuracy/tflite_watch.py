"""Values of tensors inside a float TFLite network, from LiteRT."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter, OpResolverType

from skerry_converters.accuracy.float_graph import FloatArray
from skerry_converters.tflite_file.reader import parse_tflite


def watch_tflite(path: Path, tensors: Sequence[str], samples: Iterable[FloatArray]) -> Iterator[Sequence[FloatArray]]:
    """Yield, for each sample of a network's one input, the values of ``tensors``; see `Watch`.

    Of tensors that share a name the first is meant. Raises KeyError for a name that the main graph does not have, and
    what reading the file raises.
    """
    data = path.read_bytes()
    numbers = {tensor.name: tensor.index for tensor in reversed(parse_tflite(data, where=path.name).main.tensors)}
    yield from watch_numbers(data, [numbers[name] for name in tensors], samples)


def watch_numbers(data: bytes, tensors: Sequence[int], samples: Iterable[FloatArray]) -> Iterator[Sequence[FloatArray]]:
    """Do as `watch_tflite` with the bytes of a sound file and the numbers of tensors of its main graph."""
    interpreter = Interpreter(
        model_content=data,
        # A delegate would keep what is inside it to itself.
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    entering = interpreter.get_input_details()[0]["index"]
    for sample in samples:
        interpreter.set_tensor(entering, sample)
        interpreter.invoke()
        yield [interpreter.get_tensor(one) for one in tensors]
