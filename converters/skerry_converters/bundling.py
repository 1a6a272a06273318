"""Files that passed the gate to a model bundle: manifest, golden input and outputs, and what the gate measured."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from skerry_converters.gate import LARGEST_ERROR, Checked
from skerry_converters.golden import npy_bytes
from skerry_converters.model import SourceModel
from skerry_edge.contracts.bundle import GATES, artifact
from skerry_edge.contracts.manifest import Artifact, Golden, Manifest, Variant

GOLDEN_INPUT = "golden/input.png"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What the model's owner says about it; ``license`` is a licence's name, or "unknown"."""

    name: str
    version: str
    license: str


def assemble(
    model: SourceModel, identity: Identity, passed: Sequence[Checked], picture_png: bytes
) -> tuple[Manifest, dict[str, bytes]]:
    """Return a bundle's manifest and its files by name, for `write_bundle`."""
    files: dict[str, bytes] = {GOLDEN_INPUT: picture_png, GATES: gates_json(passed)}
    variants: dict[str, Variant] = {}
    golden_outputs: dict[str, tuple[Artifact, ...]] = {}
    for one in passed:
        files[one.target.file] = one.data
        variants[one.target.name] = _variant(one)
        arrays = {f"golden/{one.target.name}_{place}.npy": npy_bytes(value) for place, value in enumerate(one.values)}
        files.update(arrays)
        golden_outputs[one.target.name] = tuple(artifact(name, data) for name, data in arrays.items())
    manifest = Manifest(
        schema=1,
        name=identity.name,
        version=identity.version,
        task="detection",
        labels=model.labels,
        license=identity.license,
        source=model.source,
        input=model.image,
        output=model.decoder,
        variants=variants,
        golden=Golden(input=artifact(GOLDEN_INPUT, picture_png), outputs=golden_outputs),
    )
    return manifest, files


def gates_json(checked: Sequence[Checked]) -> bytes:
    """Return `gates.json`: what was measured for each file, against which limit, and on which processor."""
    content = {
        "golden": {
            one.target.name: {
                "backend": one.verdict.backend,
                "passed": one.verdict.passed,
                "largest_error": one.verdict.largest_error,
                "limit": LARGEST_ERROR,
                "reason": one.verdict.reason,
            }
            for one in checked
        },
        "processor": _processor(),
    }
    return msgspec.json.format(msgspec.json.encode(content, order="sorted"), indent=2) + b"\n"


def _variant(checked: Checked) -> Variant:
    target = checked.target
    file = artifact(target.file, checked.data)
    return Variant(
        file=file.file,
        size=file.size,
        sha256=file.sha256,
        format=target.format,
        precision=target.precision,
        inputs=checked.inputs,
        outputs=checked.outputs,
        tools=target.tool_versions(),
    )


def _processor() -> str:
    """Return the processor's own name where Linux tells it, else its architecture."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text("utf-8", "replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return f"{platform.machine()}, {value.strip()}"
    return platform.machine()
