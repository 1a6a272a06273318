"""OpenVINO as its documentation shows it: a model compiled for the CPU, and `infer`."""

from __future__ import annotations

from skerry_edge.backends.openvino import import_runtime
from skerry_edge.bench.speed.peers.program import Opened, PeerOrder, Ready, run_peer
from skerry_edge.bench.speed.subject import seeded_tensor


def open_openvino(order: PeerOrder) -> Opened:
    """Load an OpenVINO or ONNX file with nothing said but the threads.

    Left to itself it may compute a float file in bf16 or f16; what it chose is its word on its arithmetic.
    """
    runtime = import_runtime()
    properties = {"INFERENCE_NUM_THREADS": order.threads} if order.threads else {}
    compiled = runtime.Core().compile_model(str(order.file), "CPU", properties)
    precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    request = compiled.create_infer_request()
    tensors = [seeded_tensor(one) for one in order.inputs]
    return Ready(version=runtime.__version__, precision=precision), lambda: request.infer(tensors)


if __name__ == "__main__":
    run_peer(open_openvino)
