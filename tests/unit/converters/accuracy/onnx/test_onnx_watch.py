"""Values inside a float ONNX network, one sample at a time."""

import numpy as np
import pytest

from skerry_converters.accuracy.onnx_watch import watch_onnx


@pytest.fixture
def network(drawing, tmp_path):
    drawing.conv(drawing.node("Relu", [drawing.conv("x", "a")], "r"), "y")
    return drawing.save(tmp_path / "net.onnx", "y")


def test_tensors_come_in_the_order_that_was_asked_for(network, samples, run):
    sample = next(iter(samples))
    ((made, entering, activated, convolved),) = watch_onnx(network, ["y", "x", "r", "a"], [sample])
    assert np.array_equal(entering, sample)
    assert np.array_equal(activated, np.maximum(convolved, 0))
    assert convolved.min() < 0
    assert np.allclose(made, run(network, sample)[0], atol=1e-5)


def test_samples_are_read_one_at_a_time(network, samples):
    read = []

    def counted():
        for sample in samples:
            read.append(sample)
            yield sample

    watching = watch_onnx(network, ["a"], counted())
    next(watching)
    assert len(read) == 1
    assert len(list(watching)) == len(samples) - 1


def test_the_input_alone_can_be_watched(network, samples):
    assert [len(values) for values in watch_onnx(network, ["x"], samples)] == [1] * len(samples)
