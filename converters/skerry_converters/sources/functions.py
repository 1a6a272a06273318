"""Models as TensorFlow functions whose weights are constants, which is what its converter takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from skerry_edge.contracts.manifest import Tensor

Call = Callable[[Sequence[Any]], Any]
"""Takes one value an input and gives values in any nesting."""


def keras_call(model: Any) -> Call:  # noqa: ANN401  # Keras ships no types
    """Return a Keras model as a `Call`, as it is outside training."""
    return lambda values: model(values[0] if len(values) == 1 else list(values), training=False)


def freeze(call: Call, inputs: Sequence[Tensor]) -> Any:  # noqa: ANN401  # TensorFlow ships no types
    """Return ``call`` as a concrete function of ``inputs`` with its results in one flat list."""
    specs = [tf.TensorSpec(one.shape, one.dtype, one.name) for one in inputs]
    concrete = tf.function(lambda *values: tf.nest.flatten(call(values))).get_concrete_function(*specs)
    # Left as variables, the weights of a Keras 3 model do not reach the file.
    return convert_variables_to_constants_v2(concrete)
