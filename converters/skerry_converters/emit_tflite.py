"""The layer list as a TFLite file: Keras model, then TensorFlow's converter; fp32, NHWC, batch 1."""

from __future__ import annotations

import os
from collections.abc import Sequence

from skerry_converters.layers import Network, Shape, Weights
from skerry_edge.backends.native_output import held_stderr
from skerry_edge.foundation.errors import DataError


def emit_tflite(network: Network, shapes: Sequence[Shape], weights: Weights) -> bytes:
    """Return the bytes of a float32 TFLite model; outputs are the heads' raw values in order.

    TensorFlow's chatter is held back. Raises DataError, with TensorFlow's own words, where it cannot convert.
    """
    # Read once, when TensorFlow and Keras are first imported; a person's own Keras settings must not matter here.
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with held_stderr() as chatter:
        import tensorflow as tf  # noqa: PLC0415  # heavy, and its log level must be set before
        from tensorflow.python.framework.convert_to_constants import (  # noqa: PLC0415  # part of TensorFlow
            convert_variables_to_constants_v2,
        )

        from skerry_converters.emit_keras import INPUT, build_keras  # noqa: PLC0415  # imports Keras

        channels, height, width = network.input
        model = build_keras(network, shapes, weights)
        function = tf.function(lambda image: model(image, training=False)).get_concrete_function(
            tf.TensorSpec((1, height, width, channels), tf.float32, INPUT)
        )
        # Left as variables, the weights of a Keras 3 model do not reach the file.
        frozen = convert_variables_to_constants_v2(function)
        try:
            data = tf.lite.TFLiteConverter.from_concrete_functions([frozen], model).convert()
        except Exception as error:  # the converter raises its own class, ValueError and others
            raise DataError(
                "TensorFlow cannot convert the network", found=f"{error}"[:300] or chatter.text()[-300:]
            ) from error
    return _in_signature_order(data)


def _in_signature_order(data: bytes) -> bytes:
    """Put the file's outputs into the order of the function's results, which the converter does not keep."""
    from tensorflow.lite.python import schema_py_generated as schema  # noqa: PLC0415  # heavy

    buffer = bytearray(data)
    model = schema.Model.GetRootAs(buffer, 0)
    signature = model.SignatureDefs(0)
    by_name = {
        signature.Outputs(place).Name().decode(): signature.Outputs(place).TensorIndex()
        for place in range(signature.OutputsLength())
    }
    outputs = model.Subgraphs(0).OutputsAsNumpy()  # a view: writing to it writes to the buffer
    outputs[:] = [by_name[f"output_{number}"] for number in range(len(outputs))]
    return bytes(buffer)
