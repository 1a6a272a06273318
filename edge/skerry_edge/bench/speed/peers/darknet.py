"""Darknet's own library as its Python example shows it, from an image in memory to boxes after NMS."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skerry_edge.bench.speed.peers.program import Opened, PeerOrder, Ready, run_peer
from skerry_edge.foundation.errors import DataError, MissingError
from skerry_edge.vision.images import Pixels

_DEBIAN = Path("/usr/lib/darknet/libdarknet.so")
"""Debian's package keeps the library where no linker looks for it."""
_SCORE, _IOU = 0.5, 0.45
"""What `detector test` takes where nothing is said (darknet's examples/detector.c)."""


def darknet_library() -> str | None:
    """Return where Darknet's library is, or None where it is not installed."""
    return ctypes.util.find_library("darknet") or (str(_DEBIAN) if _DEBIAN.is_file() else None)


class _Image(ctypes.Structure):
    """`image` of darknet.h: planes of floats, 0 to 1."""

    _fields_ = (
        ("w", ctypes.c_int),
        ("h", ctypes.c_int),
        ("c", ctypes.c_int),
        ("data", ctypes.POINTER(ctypes.c_float)),
    )


def open_darknet(order: PeerOrder) -> Opened:
    """Load cfg and weights with nothing said but the threads.

    Raises MissingError where the library is not installed, DataError for a cfg whose input is not the bundle's.
    """
    path = darknet_library()
    if path is None:
        raise MissingError("Darknet's library is not installed", todo="install Debian's package darknet")
    if order.threads:
        # OpenMP reads it as the library is loaded.
        os.environ["OMP_NUM_THREADS"] = str(order.threads)
    library = _declared(ctypes.CDLL(path))
    network = library.load_network(os.fsencode(order.description or ""), os.fsencode(order.file), 0)
    library.set_batch_network(network, 1)
    _check_size(library, network, order)
    planes, image = _loaded(order.frames.read()[0])
    found = ctypes.c_int()

    def detect(held: object = planes) -> object:  # noqa: ARG001  # the image points into it
        outputs = library.network_predict_image(network, image)
        boxes = library.get_network_boxes(network, image.w, image.h, _SCORE, _SCORE, None, 1, ctypes.byref(found))
        library.do_nms_sort(boxes, found.value, order.classes, _IOU)
        library.free_detections(boxes, found.value)
        return outputs

    return Ready(version="Debian's" if path == str(_DEBIAN) else path), detect


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer, floats, number, real = ctypes.c_void_p, ctypes.POINTER(ctypes.c_float), ctypes.c_int, ctypes.c_float
    numbers = ctypes.POINTER(number)
    for name, arguments, result in (
        ("load_network", [ctypes.c_char_p, ctypes.c_char_p, number], pointer),
        ("set_batch_network", [pointer, number], None),
        ("network_width", [pointer], number),
        ("network_height", [pointer], number),
        ("network_predict_image", [pointer, _Image], floats),
        ("get_network_boxes", [pointer, number, number, real, real, numbers, number, numbers], pointer),
        ("do_nms_sort", [pointer, number, number, real], None),
        ("free_detections", [pointer, number], None),
    ):
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, result
    return library


def _loaded(frame: Pixels) -> tuple[NDArray[np.float32], _Image]:
    """Return a frame as Darknet holds what it has read: planes of red, green and blue; the image points into them."""
    planes = np.ascontiguousarray(frame[:, :, ::-1].transpose(2, 0, 1), np.float32) / np.float32(255)
    channels, height, width = planes.shape
    data = planes.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    return planes, _Image(w=width, h=height, c=channels, data=data)


def _check_size(library: ctypes.CDLL, network: int, order: PeerOrder) -> None:
    found = library.network_height(network), library.network_width(network)
    (described,) = order.inputs
    sizes = dict(zip(described.layout, described.shape, strict=True))
    expected = sizes["H"], sizes["W"]
    if found != expected:
        raise DataError(
            "the cfg's input is not that of the bundle",
            where=str(order.description),
            found=f"{found[1]}x{found[0]}, expected {expected[1]}x{expected[0]}",
        )


if __name__ == "__main__":
    run_peer(open_darknet)
