"""Debian's Darknet as the thing to compare with: its own word on how long it predicted."""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess

from benchmarks.tiny_yolo import CFG, TinyYolo

_PREDICTED = re.compile(r"Predicted in (?P<seconds>[0-9.]+) seconds")


def predict_s(network: TinyYolo, pictures: int) -> float:
    """Run `darknet detector test` on the network's picture several times; return its median prediction in seconds.

    Its figure is the bare forward pass: loading, resizing and boxes are not in it. Raises FileNotFoundError where
    darknet is not installed.
    """
    program = shutil.which("darknet")
    if program is None:
        raise FileNotFoundError("the program darknet is not installed")
    folder = network.weights.parent
    data = folder / "tiny.data"
    data.write_text(f"classes=20\nnames={network.labels}\n", encoding="utf-8")
    names = f"{network.picture}\n" * pictures
    # It asks for the next picture until its input ends. With `-out` it opens no window.
    arguments = [program, "detector", "test", str(data), str(CFG), str(network.weights), "-out", str(folder / "drawn")]
    done = subprocess.run(arguments, input=names, cwd=folder, capture_output=True, text=True, check=False)
    seconds = [float(match["seconds"]) for match in _PREDICTED.finditer(done.stdout)]
    if len(seconds) != pictures:
        raise RuntimeError(f"darknet gave {len(seconds)} predictions of {pictures}: {done.stderr.strip()[-300:]}")
    return statistics.median(seconds)
