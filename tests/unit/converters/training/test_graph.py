"""The trainable graph: what it computes is what the layer list says, folded or not."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from skerry_converters.layers import Network
from skerry_converters.reference import run_reference
from skerry_converters.training.convolutions import Trained, fold, fresh, renormalized
from skerry_converters.training.graph import infer, train
from skerry_converters.training.settling import settled
from skerry_converters.training.variables import NetworkVariables


@pytest.fixture
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 64, 64, 3), dtype=np.uint8)


def inferred(network: Network, trained: Trained, pictures: np.ndarray) -> np.ndarray:
    raw: np.ndarray = infer(network, NetworkVariables(trained), tf.constant(pictures / np.float32(255))).numpy()
    return raw


def test_its_inference_is_the_reference_on_the_folded_weights(
    network: Network, trained: Trained, pictures: np.ndarray
) -> None:
    raw = inferred(network, trained, pictures)
    for picture, output in zip(pictures, raw, strict=True):
        planar = (picture / np.float32(255)).transpose(2, 0, 1)
        (expected,) = run_reference(network, fold(trained), planar)
        assert np.abs(expected).max() > 1
        assert np.abs(output.transpose(2, 0, 1) - expected).max() < 1e-4


def test_numbers_that_went_through_variables_are_unchanged(trained: Trained) -> None:
    again = NetworkVariables(trained).trained()
    for index, one in trained.items():
        assert np.array_equal(again[index].kernel, one.kernel)
        assert np.array_equal(again[index].bias, one.bias)


def test_training_normalizes_by_the_batch_and_moves_the_statistics_towards_it(
    network: Network, trained: Trained, pictures: np.ndarray
) -> None:
    variables = NetworkVariables(trained)
    output = train(network, variables, tf.constant(pictures / np.float32(255)), "float32")
    # Normalized by exactly this batch, inference computes what training did.
    by_batch = settled(network, trained, pictures)
    variable, moved = output.statistics[0]
    mean = by_batch[0].normalization.mean  # type: ignore[union-attr]  # the first convolution is normalized
    assert np.allclose(moved.numpy(), 0.97 * variable.numpy() + 0.03 * mean, atol=1e-5)
    assert len(output.statistics) == 2 * 8


def test_settled_numbers_compute_the_same_and_train_as_they_infer(
    network: Network, trained: Trained, pictures: np.ndarray
) -> None:
    before = inferred(network, trained, pictures)
    settled_numbers = settled(network, trained, pictures)
    assert np.abs(inferred(network, settled_numbers, pictures) - before).max() < 1e-3
    while_training = train(
        network, NetworkVariables(settled_numbers), tf.constant(pictures / np.float32(255)), "float32"
    )
    assert np.abs(while_training.raw.numpy() - before).max() < 0.02
    unsettled = train(network, NetworkVariables(trained), tf.constant(pictures / np.float32(255)), "float32")
    assert np.abs(unsettled.raw.numpy() - before).max() > 0.5


def test_half_precision_trains_on_nearly_the_same_values(network: Network, pictures: np.ndarray) -> None:
    variables = NetworkVariables(fresh(network, 1))
    images = tf.constant(pictures / np.float32(255))
    full, half = (train(network, variables, images, precision).raw.numpy() for precision in ("float32", "bfloat16"))
    assert half.dtype == np.float32
    assert np.abs(half - full).max() < 0.2


def test_a_convolution_without_normalization_cannot_be_renormalized(trained: Trained) -> None:
    head = trained[max(trained)]
    with pytest.raises(ValueError, match="not normalized"):
        renormalized(head, head.bias, head.bias)


def test_a_fresh_head_sees_hardly_any_object(network: Network, pictures: np.ndarray) -> None:
    raw = inferred(network, fresh(network, 0), pictures)
    objectness = 1 / (1 + np.exp(-raw.reshape(6, 2, 2, 2, 8)[..., 4]))
    assert objectness.max() < 0.25
