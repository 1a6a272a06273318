"""Integer TFLite files from a float TFLite file, by the calibrator and quantizers within TensorFlow's converter.

LiteRT's quantizer leaves operators that it does not know (leaky ReLU among them) in float between a DEQUANTIZE and a
QUANTIZE, which an Edge TPU or a microcontroller cannot run; TensorFlow's makes the whole file integer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import tensorflow as tf
from tensorflow.lite.python import convert
from tensorflow.lite.python.optimize.calibrator import Calibrator

from skerry_converters.families.base import Samples
from skerry_converters.families.pool_padding import with_finite_padding
from skerry_converters.families.tf_converter import representative, told
from skerry_converters.tflite_file.half_weights import with_float32_weights
from skerry_edge.backends.native_output import held_stderr
from skerry_edge.foundation.errors import DataError


def quantize_file(path: Path, precision: Literal["int8", "int8x16"], samples: Samples, *, where: str) -> bytes:
    """Return the float TFLite file ``path`` on integers from its inputs to its outputs; ``samples`` fit its one input.

    Raises DataError, with TensorFlow's words, where an operator has no integer form.
    """
    data = prepare(path.read_bytes(), samples, where=where)
    if precision == "int8x16":
        return _to_int8x16(data, samples, where=where)
    return to_int8(calibrate(data, samples, where=where), where=where)


def prepare(data: bytes, samples: Samples, *, where: str) -> bytes:
    """Return a float file as `calibrate` needs it: weights in float32, paddings finite.

    Raises TfliteFileError where it is not sound.
    """
    return with_finite_padding(with_float32_weights(data, where=where), samples, where=where)


def calibrate(data: bytes, samples: Samples, *, where: str) -> bytes:
    """Return a prepared float file with the least and greatest value that each of its tensors has for ``samples``.

    Raises DataError, with TensorFlow's words, where it cannot be run.
    """
    with _refusals(where):
        calibrated: bytes = Calibrator(data).calibrate(representative(samples))
    return calibrated


def to_int8(calibrated: bytes, *, kept_float: Collection[str] = (), where: str) -> bytes:
    """Return a file that `calibrate` has made with int8 activations, and int8 weights by channel.

    Operators that make a tensor named in ``kept_float`` stay as they are. Raises as `quantize_file`.
    """
    with _refusals(where):
        data: bytes = convert.mlir_quantize(
            calibrated,
            fully_quantize=True,
            input_data_type=tf.int8,
            output_data_type=tf.int8,
            denylisted_nodes=set(kept_float),
        )
    return data


def _to_int8x16(data: bytes, samples: Samples, *, where: str) -> bytes:
    # The newer quantizer has no 16-bit activations.
    with _refusals(where):
        quantized: bytes = Calibrator(data).calibrate_and_quantize(
            representative(samples),
            input_type=tf.int16,
            output_type=tf.int16,
            allow_float=False,
            activations_type=tf.int16,
            bias_type=tf.int64,
        )
    return quantized


@contextmanager
def _refusals(where: str) -> Iterator[None]:
    """Turn what TensorFlow raises into a DataError with its words."""
    with held_stderr() as chatter:
        try:
            yield
        except (ValueError, RuntimeError, convert.ConverterError) as error:
            # Often the reason is printed, and the error says nothing.
            found = told(error, chatter.text())
            raise DataError("TensorFlow cannot quantize the network", where=where, found=found) from error
