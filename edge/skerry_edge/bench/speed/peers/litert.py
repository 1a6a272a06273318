"""LiteRT as its documentation shows it: an interpreter, `set_tensor`, `invoke`, `get_tensor`."""

from __future__ import annotations

from importlib.metadata import version

from skerry_edge.backends.litert import import_runtime
from skerry_edge.bench.speed.peers.program import Opened, PeerOrder, Ready, run_peer
from skerry_edge.bench.speed.subject import seeded_tensor


def open_litert(order: PeerOrder) -> Opened:
    """Load a TFLite file with nothing said but the threads."""
    runtime = import_runtime()
    interpreter = runtime.Interpreter(model_path=str(order.file), num_threads=order.threads or None)
    interpreter.allocate_tensors()
    tensors = [seeded_tensor(one) for one in order.inputs]
    entering = [one["index"] for one in interpreter.get_input_details()]
    leaving = [one["index"] for one in interpreter.get_output_details()]

    def invoke() -> object:
        for place, tensor in zip(entering, tensors, strict=True):
            interpreter.set_tensor(place, tensor)
        interpreter.invoke()
        return [interpreter.get_tensor(place) for place in leaving]

    package = runtime.__name__.partition(".")[0].replace("_", "-")
    return Ready(version=version(package)), invoke


if __name__ == "__main__":
    run_peer(open_litert)
