"""Files that passed the gate to a model bundle: manifest, golden input and outputs, and what the gate measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skerry_converters.calibration.manifest import CalibrationManifest
from skerry_converters.conversion.golden import GoldenInput, golden_input, golden_outputs
from skerry_converters.conversion.identity import Identity
from skerry_converters.conversion.outcome import Judged
from skerry_converters.gates.report import encode_reports
from skerry_converters.sources.base import SourceFacts
from skerry_edge.contracts.bundle import GATES, artifact
from skerry_edge.contracts.manifest import Artifact, Golden, Manifest, Source

CALIBRATION = "calibration.json"


def assemble(
    facts: SourceFacts, identity: Identity, passed: Sequence[Judged], calibration: CalibrationManifest | None
) -> tuple[Manifest, dict[str, bytes]]:
    """Return a bundle's manifest and its files by name, for `write_bundle`; the judged files are still on disk."""
    files: dict[str, bytes] = {GATES: encode_reports([one.gate.report for one in passed])}
    for one in passed:
        files.update({path.name: path.read_bytes() for path in one.emitted.files})
    if calibration is not None and any(one.variant.calibration_sha256 for one in passed):
        files[CALIBRATION] = calibration.data
    golden = golden_input(facts)
    listed = None
    if golden is not None:
        outputs = {one.name: _golden_outputs(golden, facts, one) for one in passed}
        listed = _golden(golden, outputs)
        files[golden.file] = golden.data
        files.update({name: data for arrays in outputs.values() for name, data in arrays.items()})
    described = facts.description
    manifest = Manifest(
        schema=1,
        name=identity.name,
        version=identity.version,
        task=described.task,
        labels=described.labels,
        license=identity.license,
        source=Source(kind=facts.kind, files=dict(facts.files), options=dict(facts.options)),
        input=described.input,
        output=described.output,
        variants={one.name: one.variant for one in passed},
        golden=listed,
        calibration=artifact(CALIBRATION, files[CALIBRATION]) if CALIBRATION in files else None,
    )
    return manifest, files


def _golden_outputs(golden: GoldenInput, facts: SourceFacts, judged: Judged) -> dict[str, bytes]:
    values = golden_outputs(golden, facts, judged.variant, judged.emitted.runnable, judged.gate.report.backend)
    return {f"golden/{judged.name}_{place}.npy": data for place, data in enumerate(values)}


def _golden(golden: GoldenInput, outputs: Mapping[str, Mapping[str, bytes]]) -> Golden:
    listed: dict[str, tuple[Artifact, ...]] = {
        name: tuple(artifact(file, data) for file, data in arrays.items()) for name, arrays in outputs.items()
    }
    return Golden(input=artifact(golden.file, golden.data), outputs=listed)
