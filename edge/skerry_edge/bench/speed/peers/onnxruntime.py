"""ONNX Runtime as its documentation shows it: a session on the CPU, and `run`."""

from __future__ import annotations

from skerry_edge.backends.onnx import import_onnxruntime
from skerry_edge.bench.speed.peers.program import Opened, PeerOrder, Ready, run_peer
from skerry_edge.bench.speed.subject import seeded_tensor


def open_onnxruntime(order: PeerOrder) -> Opened:
    """Load an ONNX file with nothing said but the threads."""
    runtime = import_onnxruntime()
    options = runtime.SessionOptions()
    if order.threads:
        options.intra_op_num_threads = order.threads
    session = runtime.InferenceSession(str(order.file), options, providers=["CPUExecutionProvider"])
    feed = {one.name: seeded_tensor(one) for one in order.inputs}
    return Ready(version=runtime.__version__), lambda: session.run(None, feed)


if __name__ == "__main__":
    run_peer(open_onnxruntime)
