"""The memory that `skerry ota publish` and `verify` take for a bundle of 500 MB, which is made of chance.

Files above 128 MB get no patches, for which both files and tables of up to six times the old one would be held at once.
`python -m benchmarks.publish_memory` prints the figures.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import BENCH, Figure, at_most, publish

from skerry_edge.contracts.manifest import Manifest, Raw, Source, Tensor, TensorInput, Variant, encode_manifest

MEGABYTES = 500
LIMIT_MB = 150.0
_BLOCK = 1_000_000
_TELLING = """
import atexit, re, sys
from pathlib import Path

def tell(path=Path(sys.argv.pop(1))):
    path.write_text(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

atexit.register(tell)
from skerry_edge.cli import main
main()
"""
"""Is `skerry`, and tells its own peak: what `wait4` tells of a child begins with what its parent held at the fork."""


def memory_figures() -> list[Figure]:
    """Publish a large bundle in a process of its own, and return its peak of resident memory."""
    with tempfile.TemporaryDirectory(dir=BENCH) as folder:
        here = Path(folder)
        bundle = _bundle(here / "large")
        _run(here, "init", "--no-passphrase")
        peak_mb = _run(here, "publish", str(bundle), "--boards", "generic-x86", "--counter", "1")
        verify_mb = _run(here, "verify")
    return [
        at_most(f"peak memory of publishing {MEGABYTES} MB", peak_mb, LIMIT_MB, "MB"),
        at_most(f"peak memory of verifying {MEGABYTES} MB", verify_mb, LIMIT_MB, "MB"),
    ]


def _run(here: Path, *arguments: str) -> float:
    """Run `skerry ota …` and return the most memory that it held, in MB."""
    folders = {"SKERRY_OTA_REPOSITORY": str(here / "repository"), "SKERRY_OTA_KEYS": str(here / "keys")}
    told = here / "peak"
    command = [sys.executable, "-c", _TELLING, str(told), "ota", *arguments]
    done = subprocess.run(command, env={**os.environ, **folders}, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise SystemExit(f"skerry ota {arguments[0]} ended with {done.returncode}")
    return int(told.read_text(encoding="ascii")) * 1024 / 1e6


def _bundle(folder: Path) -> Path:
    folder.mkdir()
    chance, digest = random.Random(1), hashlib.sha256()  # noqa: S311  # no secret
    with (folder / "model.onnx").open("wb") as file:
        for _ in range(MEGABYTES):
            block = chance.randbytes(_BLOCK)
            digest.update(block)
            file.write(block)
    tensor = Tensor(name="x", shape=(1,), layout="N")
    variant = Variant(
        file="model.onnx",
        size=MEGABYTES * _BLOCK,
        sha256=digest.hexdigest(),
        format="onnx",
        precision="fp32",
        inputs=(tensor,),
        outputs=(tensor,),
    )
    manifest = Manifest(
        schema=1,
        name="large",
        version="1.0.0",
        task="other",
        labels=(),
        license="Apache-2.0",
        source=Source(kind="onnx", files={}),
        input=TensorInput(),
        output=Raw(),
        variants={"onnx-fp32": variant},
    )
    (folder / "manifest.json").write_bytes(encode_manifest(manifest))
    return folder


if __name__ == "__main__":
    BENCH.mkdir(parents=True, exist_ok=True)
    publish("ota-publish", memory_figures())
