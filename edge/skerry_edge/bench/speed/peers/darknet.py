"""Darknet's own library with the cfg and the weights: `load_network`, `network_predict`."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from pathlib import Path

import numpy as np

from skerry_edge.bench.speed.peers.program import Opened, PeerOrder, Ready, run_peer
from skerry_edge.bench.speed.subject import SEED
from skerry_edge.foundation.errors import DataError, MissingError

_DEBIAN = Path("/usr/lib/darknet/libdarknet.so")
"""Debian's package keeps the library where no linker looks for it."""


def darknet_library() -> str | None:
    """Return where Darknet's library is, or None where it is not installed."""
    return ctypes.util.find_library("darknet") or (str(_DEBIAN) if _DEBIAN.is_file() else None)


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
    values = np.random.default_rng(SEED).random(_values(library, network, order), np.float32)
    pointer = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))

    def predict(held: object = values) -> object:  # noqa: ARG001  # the pointer is good as long as the array lives
        return library.network_predict(network, pointer)

    return Ready(version="Debian's" if path == str(_DEBIAN) else path), predict


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    floats, number = ctypes.POINTER(ctypes.c_float), ctypes.c_int
    for name, arguments, result in (
        ("load_network", [ctypes.c_char_p, ctypes.c_char_p, number], ctypes.c_void_p),
        ("set_batch_network", [ctypes.c_void_p, number], None),
        ("network_width", [ctypes.c_void_p], number),
        ("network_height", [ctypes.c_void_p], number),
        ("network_predict", [ctypes.c_void_p, floats], floats),
    ):
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, result
    return library


def _values(library: ctypes.CDLL, network: int, order: PeerOrder) -> int:
    """Return how many values one input has."""
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
    return found[0] * found[1] * sizes["C"]


if __name__ == "__main__":
    run_peer(open_darknet)
