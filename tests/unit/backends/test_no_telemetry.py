"""Runtimes tell nobody what a device runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_onnx_runtime_leaves_no_mark_of_its_telemetry(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir()
    temporary.mkdir()
    program = "from skerry_edge.backends.onnx import import_onnxruntime; print(import_onnxruntime().__version__)"
    environment = {"HOME": str(home), "TMPDIR": str(temporary), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip()
    assert [*home.rglob("*"), *temporary.rglob("*")] == []
