"""Make the golden files beside this script with Darknet itself: see README.md for how to build its library."""

from __future__ import annotations

import argparse
import ctypes
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
SHIM = """
#include "darknet.h"
int layer_count(network *net) { return net->n; }
int is_head(network *net, int i) { return net->layers[i].type == REGION || net->layers[i].type == YOLO; }
int is_convolution(network *net, int i) { return net->layers[i].type == CONVOLUTIONAL; }
int has_batch_norm(network *net, int i) { return net->layers[i].batch_normalize; }
int filter_count(network *net, int i) { return net->layers[i].n; }
int weight_count(network *net, int i) { return net->layers[i].nweights; }
float *weights_of(network *net, int i) { return net->layers[i].weights; }
float *biases_of(network *net, int i) { return net->layers[i].biases; }
float *scales_of(network *net, int i) { return net->layers[i].scales; }
float *means_of(network *net, int i) { return net->layers[i].rolling_mean; }
float *variances_of(network *net, int i) { return net->layers[i].rolling_variance; }
int output_count(network *net, int i) { return net->layers[i].outputs; }
float *output_of(network *net, int i) { return net->layers[i].output; }
"""
"""What Python's ctypes cannot read without knowing Darknet's structs."""

FLOATS = ("weights", "biases", "scales", "means", "variances")


def main() -> None:
    """Write `NAME.npz` for every `NAME.cfg` beside this script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="Darknet's source folder with libdarknet.so built in it")
    darknet = load_library(parser.parse_args().source.resolve())
    for seed, cfg in enumerate(sorted(HERE.glob("*.cfg"))):
        arrays = golden(darknet, cfg, np.random.default_rng(seed))
        np.savez_compressed(cfg.with_suffix(".npz"), **arrays)
        print(cfg.stem, {name: array.shape for name, array in arrays.items()})


def load_library(source: Path) -> ctypes.CDLL:
    """Compile the shim against Darknet's library and load both."""
    with tempfile.TemporaryDirectory() as folder:
        shim = Path(folder) / "shim.c"
        shim.write_text(SHIM)
        library = Path(folder) / "shim.so"
        command = ["gcc", "-shared", "-fPIC", f"-I{source / 'include'}", str(shim), "-o", str(library)]
        subprocess.run([*command, "-Wl,--no-as-needed", f"-L{source}", "-ldarknet", f"-Wl,-rpath,{source}"], check=True)
        darknet = ctypes.CDLL(str(library))
    for name in ("load_network", "network_predict", *(f"{what}_of" for what in FLOATS), "output_of"):
        getattr(darknet, name).restype = ctypes.c_void_p
    return darknet


def golden(darknet: ctypes.CDLL, cfg: Path, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Return the weights file, the picture (height, width, 3) and the activated output of every head."""
    net = ctypes.c_void_p(darknet.load_network(str(cfg).encode(), None, 0))
    darknet.set_batch_network(net, 1)
    layers = range(darknet.layer_count(net))
    for index in layers:
        if darknet.is_convolution(net, index):
            randomise(darknet, net, index, random)
    with tempfile.NamedTemporaryFile(suffix=".weights") as file:
        darknet.save_weights(net, file.name.encode())
        weights = Path(file.name).read_bytes()
    height, width = (int(re.search(rf"^{key}=(\d+)", cfg.read_text(), re.MULTILINE)[1]) for key in ("height", "width"))
    picture = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    planar = np.ascontiguousarray(picture.transpose(2, 0, 1) / np.float32(255), dtype=np.float32)
    darknet.network_predict(net, planar.ctypes.data_as(ctypes.c_void_p))
    heads = [index for index in layers if darknet.is_head(net, index)]
    outputs = {
        f"head_{number}": floats(darknet.output_of(net, index), darknet.output_count(net, index)).copy()
        for number, index in enumerate(heads)
    }
    return {"weights": np.frombuffer(weights, np.uint8), "picture": picture, **outputs}


def randomise(darknet: ctypes.CDLL, net: ctypes.c_void_p, index: int, random: np.random.Generator) -> None:
    """Give a convolution weights that keep values near 1, and batch-norm statistics such as training leaves."""
    filters, count = darknet.filter_count(net, index), darknet.weight_count(net, index)
    values = {
        "weights": random.normal(0, (filters / count) ** 0.5 * 2, count),
        "biases": random.normal(0, 0.5, filters),
    }
    if darknet.has_batch_norm(net, index):
        values["scales"] = random.uniform(0.5, 1.5, filters)
        values["means"] = random.normal(0, 0.5, filters)
        values["variances"] = random.uniform(0.2, 2, filters)
    for what, numbers in values.items():
        floats(getattr(darknet, f"{what}_of")(net, index), len(numbers))[:] = numbers


def floats(address: int, count: int) -> np.ndarray:
    """View ``count`` floats of Darknet's memory."""
    return np.ctypeslib.as_array(ctypes.cast(address, ctypes.POINTER(ctypes.c_float)), (count,))


if __name__ == "__main__":
    main()
