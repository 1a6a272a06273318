"""What a board's runtime is called where a pipeline names its backends."""

from __future__ import annotations

import pytest

from skerry_boards.loader import all_boards
from skerry_boards.schema import Runtime
from skerry_edge.backends.registry import entry_of


@pytest.mark.parametrize(
    ("runtime", "choice"),
    [
        (Runtime(backend="litert"), "litert"),
        (Runtime(backend="openvino", device="gpu"), "openvino:gpu"),
        (Runtime(backend="onnx", device="tensorrt"), "onnx:tensorrt"),
        (Runtime(backend="litert", device="edgetpu"), "edgetpu"),
    ],
)
def test_it_is_the_backend_with_its_device(runtime, choice):
    assert runtime.choice == choice


def test_every_runtime_of_a_computers_profile_can_be_chosen():
    computers = [board for board in all_boards() if board.kind == "computer"]
    assert computers
    for board in computers:
        for runtime in board.runtimes:
            assert entry_of(runtime.choice), board.name
