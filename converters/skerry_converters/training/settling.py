"""Folded weights made fit to be trained on: normalized by what their layers really sum up."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from skerry_converters.layers import Network
from skerry_converters.training.convolutions import Trained, TrainedConvolution, renormalized
from skerry_converters.training.graph import moments
from skerry_converters.training.variables import NetworkVariables


def settled(network: Network, trained: Trained, images: NDArray[np.uint8]) -> dict[int, TrainedConvolution]:
    """Return numbers that compute the same, normalized by their means and variances over ``images``.

    ``images`` is uint8 (pictures, side, side, 3), red green blue. Training normalizes by a batch's own statistics: with
    weights that were folded, whose statistics are lost, it would begin with another network.
    """
    variables = NetworkVariables(trained)
    measured = moments(network, variables, tf.cast(images, tf.float32) / 255.0)
    return {
        index: renormalized(one, *(value.numpy() for value in measured[index])) if index in measured else one
        for index, one in trained.items()
    }
