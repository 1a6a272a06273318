"""AdamW (arXiv 1711.05101) with the norm of the gradients clipped, on TensorFlow variables."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from skerry_converters.training.variables import Value

_FIRST_DECAY, _SECOND_DECAY, _EPSILON = 0.9, 0.999, 1e-7
_KERNEL_AXES = 4
"""Only kernels decay, as is usual: scales and biases are few, and shrinking them helps nothing."""


class AdamW:
    """Moves variables against their gradients; its own state is two averages for each, and the number of moves."""

    def __init__(self, variables: Sequence[Value], *, weight_decay: float, clip_norm: float) -> None:
        self._variables = tuple(variables)
        self._weight_decay = weight_decay
        self._clip_norm = clip_norm
        self._firsts = [tf.Variable(tf.zeros_like(one)) for one in variables]
        self._seconds = [tf.Variable(tf.zeros_like(one)) for one in variables]
        self._moves = tf.Variable(0.0)

    def state(self) -> list[Value]:
        """Return the variables that make up the state, in a fixed order."""
        return [*self._firsts, *self._seconds, self._moves]

    def move(self, gradients: Sequence[Value], norm: Value, rate: Value) -> None:
        """Make one move with learning rate ``rate``; ``norm`` is that of all gradients together."""
        gradients, _ = tf.clip_by_global_norm(gradients, self._clip_norm, use_norm=norm)
        moves = self._moves.assign_add(1.0)
        # Averages that begin at zero are too small at first.
        first_scale = 1 / (1 - tf.pow(_FIRST_DECAY, moves))
        second_scale = 1 / (1 - tf.pow(_SECOND_DECAY, moves))
        for variable, gradient, first, second in zip(
            self._variables, gradients, self._firsts, self._seconds, strict=True
        ):
            first.assign(_FIRST_DECAY * first + (1 - _FIRST_DECAY) * gradient)
            second.assign(_SECOND_DECAY * second + (1 - _SECOND_DECAY) * tf.square(gradient))
            step = first * first_scale / (tf.sqrt(second * second_scale) + _EPSILON)
            if len(variable.shape) == _KERNEL_AXES:
                step += self._weight_decay * variable
            variable.assign_sub(rate * step)
