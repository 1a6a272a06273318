"""Integer TFLite files from a float TFLite file, by the calibrator and quantizers within TensorFlow's converter.

LiteRT's quantizer leaves operators that it does not know (leaky ReLU among them) in float between a DEQUANTIZE and a
QUANTIZE, which an Edge TPU or a microcontroller cannot run; TensorFlow's makes the whole file integer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import tensorflow as tf
from tensorflow.lite.python import convert
from tensorflow.lite.python.optimize.calibrator import Calibrator

from skerry_converters.families.base import Samples
from skerry_converters.families.pool_padding import with_finite_padding
from skerry_converters.families.tf_converter import representative, told
from skerry_edge.backends.native_output import held_stderr
from skerry_edge.foundation.errors import DataError


def quantize_file(path: Path, precision: Literal["int8", "int8x16"], samples: Samples, *, where: str) -> bytes:
    """Return the float TFLite file ``path`` on integers from its inputs to its outputs; ``samples`` fit its one input.

    Raises DataError, with TensorFlow's words, where an operator has no integer form.
    """
    calibrator = Calibrator(with_finite_padding(path, samples))
    with held_stderr() as chatter:
        try:
            return _quantized(calibrator, precision, samples)
        except (ValueError, RuntimeError, convert.ConverterError) as error:
            # Often the reason is printed, and the error says nothing.
            found = told(error, chatter.text())
            raise DataError("TensorFlow cannot quantize the network", where=where, found=found) from error


def _quantized(calibrator: Calibrator, precision: Literal["int8", "int8x16"], samples: Samples) -> bytes:
    data: bytes
    if precision == "int8":
        data = convert.mlir_quantize(
            calibrator.calibrate(representative(samples)),
            fully_quantize=True,
            input_data_type=tf.int8,
            output_data_type=tf.int8,
        )
    else:
        # The newer quantizer has no 16-bit activations.
        data = calibrator.calibrate_and_quantize(
            representative(samples),
            input_type=tf.int16,
            output_type=tf.int16,
            allow_float=False,
            activations_type=tf.int16,
            bias_type=tf.int64,
        )
    return data
