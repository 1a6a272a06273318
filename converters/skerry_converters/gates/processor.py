"""The processor that this runs on: integer kernels compute differently from one to the next."""

from __future__ import annotations

import platform
from pathlib import Path

_NAME_KEYS = ("model name", "Model", "Hardware")
_FEATURE_KEYS = ("flags", "Features")
_FEATURES = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8", "amx_bf16", "asimddp", "i8mm", "sve")
"""What ONNX Runtime, XNNPACK and oneDNN choose their kernels by."""


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the architecture, and the processor's own name and features where Linux tells them."""
    if not cpuinfo.is_file():
        return platform.machine()
    facts: dict[str, str] = {}
    for line in cpuinfo.read_text("utf-8", "replace").splitlines():
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), value.strip())
    name = next((facts[key] for key in _NAME_KEYS if key in facts), None)
    present = {feature for key in _FEATURE_KEYS for feature in facts.get(key, "").split()}
    features = " ".join(feature for feature in _FEATURES if feature in present)
    return ", ".join(part for part in (platform.machine(), name, features) if part)
