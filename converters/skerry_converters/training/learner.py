"""A network that learns: its variables, their moving average, the optimizer, and the graph of one step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from skerry_converters.layers import Network, Region
from skerry_converters.training.batches import Batch
from skerry_converters.training.config import LearningPart, LossPart
from skerry_converters.training.convolutions import Trained
from skerry_converters.training.graph import infer, train
from skerry_converters.training.optimizer import AdamW
from skerry_converters.training.region_loss import Truth, region_loss
from skerry_converters.training.schedule import Moment
from skerry_converters.training.variables import NetworkVariables, Value
from skerry_edge.foundation.errors import VerdictError

LOSSES = ("coord", "object", "noobject", "classes", "anchors")
_PICTURES = tf.TensorSpec([None, None, None, 3], tf.uint8)
_NUMBER = tf.TensorSpec([], tf.float32)
_BATCH = (
    _PICTURES,
    tf.TensorSpec([None, None, 4], tf.float32),
    tf.TensorSpec([None, None], tf.int32),
    tf.TensorSpec([None, None], tf.bool),
)


class DivergedError(VerdictError):
    """The loss or its gradients are no numbers any more."""


class Learner:
    """Steps change its variables; what it infers and exports is their moving average."""

    def __init__(self, network: Network, start: Trained, learning: LearningPart, loss: LossPart) -> None:
        self._network = network
        (self._region,) = (head for head in network.heads if isinstance(head, Region))
        self._learning = learning
        self._loss = loss
        self._variables = NetworkVariables(start)
        self._averages = NetworkVariables(start)
        self._optimizer = AdamW(
            self._variables.trainable(), weight_decay=learning.weight_decay, clip_norm=learning.clip_norm
        )
        # Autograph does not know `match`, and there is no Python control flow to be turned into a graph.
        self._step = tf.function(self._graph_step, input_signature=(*_BATCH, *[_NUMBER] * 3), autograph=False)
        self._infer = tf.function(self._graph_infer, input_signature=(_PICTURES,), autograph=False)

    def step(self, batch: Batch, moment: Moment, *, anchor_pull: float) -> dict[str, float]:
        """Learn from a batch; return the parts of its loss by name, and the norm of the gradients as ``gradient``.

        Raises DivergedError, with nothing changed, where the loss or a gradient is no finite number.
        """
        figures = self._step(
            batch.images, batch.boxes, batch.class_ids, batch.counts, moment.learning_rate, moment.ema, anchor_pull
        )
        named = dict(zip((*LOSSES, "gradient"), figures.numpy().tolist(), strict=True))
        if not np.isfinite(figures.numpy()).all():
            raise DivergedError(
                "the loss is no finite number any more",
                found=", ".join(f"{name} {value:g}" for name, value in named.items()),
                todo="train again with a smaller learning.rate, or more learning.warmup_steps",
            )
        return named

    def infer(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the raw output of the averaged network for uint8 pictures (batch, side, side, 3), red green blue."""
        raw: NDArray[np.float32] = self._infer(images).numpy()
        return raw

    def trained(self) -> Trained:
        """Return the averaged network."""
        return self._averages.trained()

    def state(self) -> list[NDArray[np.float32]]:
        """Return all that the next step depends on."""
        return [one.numpy() for one in self._stateful()]

    def restore(self, state: Sequence[NDArray[np.float32]]) -> None:
        """Go on from what `state` returned. Raises ValueError where it is not of such a network."""
        for variable, value in zip(self._stateful(), state, strict=True):
            variable.assign(value)

    def _stateful(self) -> list[Value]:
        return [*self._variables.all(), *self._averages.all(), *self._optimizer.state()]

    def _graph_infer(self, images: Value) -> Value:
        return infer(self._network, self._averages, _shares(images))

    def _graph_step(
        self, images: Value, boxes: Value, class_ids: Value, counts: Value, rate: Value, ema: Value, pull: Value
    ) -> Value:
        trainable = self._variables.trainable()
        with tf.GradientTape() as tape:
            output = train(self._network, self._variables, _shares(images), self._learning.precision)
            truth = Truth(boxes=boxes, class_ids=class_ids, counts=counts)
            losses = region_loss(output.raw, truth, self._region, self._loss, pull)
            total = losses.total
        gradients = tape.gradient(total, trainable)
        norm = tf.linalg.global_norm(gradients)

        def learn() -> Value:
            self._optimizer.move(gradients, norm, rate)
            for statistic, value in output.statistics:
                statistic.assign(value)
            for average, variable in zip(self._averages.all(), self._variables.all(), strict=True):
                average.assign(ema * average + (1 - ema) * variable)
            return tf.constant(0)

        tf.cond(tf.math.is_finite(total) & tf.math.is_finite(norm), learn, lambda: tf.constant(0))
        return tf.stack([*(getattr(losses, name) for name in LOSSES), norm])


def _shares(images: Value) -> Value:
    """Return 8-bit pixels as shares of full scale."""
    return tf.cast(images, tf.float32) / 255.0
