"""OpenCV's DNN module as its documentation shows it: a net read from ONNX, `setInput`, `forward`."""

from __future__ import annotations

import cv2

from skerry_edge.bench.speed.peers.program import Opened, PeerOrder, Ready, run_peer
from skerry_edge.bench.speed.subject import seeded_tensor


def open_opencv(order: PeerOrder) -> Opened:
    """Load an ONNX file with nothing said but the threads. OpenCV 5 reads no Darknet files any more."""
    if order.threads:
        cv2.setNumThreads(order.threads)
    net = cv2.dnn.readNetFromONNX(str(order.file))
    tensors = {one.name: seeded_tensor(one) for one in order.inputs}
    leaving = net.getUnconnectedOutLayersNames()

    def forward() -> object:
        for name, tensor in tensors.items():
            net.setInput(tensor, name)
        return net.forward(leaving)

    return Ready(version=cv2.__version__), forward


if __name__ == "__main__":
    run_peer(open_opencv)
