"""Models as TensorFlow functions whose weights are constants, which is what its converter takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from skerry_edge.contracts.manifest import Tensor


def freeze(model: Callable[..., Any], inputs: Sequence[Tensor]) -> Any:  # noqa: ANN401  # TensorFlow ships no types
    """Return ``model``, called with one array an input and ``training=False``, as a concrete function."""
    specs = [tf.TensorSpec(one.shape, one.dtype, one.name) for one in inputs]

    def call(*arrays: Any) -> Any:  # noqa: ANN401  # TensorFlow ships no types
        return model(arrays[0] if len(arrays) == 1 else list(arrays), training=False)

    concrete = tf.function(call).get_concrete_function(*specs)
    # Left as variables, the weights of a Keras 3 model do not reach the file.
    return convert_variables_to_constants_v2(concrete)
