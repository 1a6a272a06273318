"""Finished targets to a model bundle: manifest, golden input and outputs, and what was calibrated with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skerry_converters.calibration.manifest import CalibrationManifest
from skerry_converters.conversion.golden import GoldenInput, golden_input, golden_outputs, shown_labels
from skerry_converters.conversion.identity import Identity
from skerry_converters.conversion.making import Made
from skerry_converters.conversion.tools import shared_tools
from skerry_converters.sources.base import SourceFacts
from skerry_edge.contracts.bundle import artifact
from skerry_edge.contracts.manifest import Artifact, Golden, Manifest, Source

CALIBRATION = "calibration.json"


def assemble(
    facts: SourceFacts,
    identity: Identity,
    made: Sequence[Made],
    calibration: CalibrationManifest | None,
    golden: GoldenInput | None = None,
) -> tuple[Manifest, dict[str, bytes]]:
    """Return a bundle's manifest and its files by name, for `write_bundle`; those that were made are still on disk.

    All of it follows from the sources, the data, the tools and the ``golden`` input, which is made where none is given;
    what the gates measured is not part of it.
    """
    files: dict[str, bytes] = {}
    for one in made:
        files.update({path.name: path.read_bytes() for path in one.emitted.files})
    if calibration is not None and any(one.variant.calibration_sha256 for one in made):
        files[CALIBRATION] = calibration.data
    golden = golden or golden_input(facts)
    listed = None
    if golden is not None:
        outputs = {one.name: _golden_outputs(golden, facts, one) for one in made}
        shows = shown_labels(golden, facts, made[0].variant, list(outputs[made[0].name].values()))
        listed = _golden(golden, outputs, shows)
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
        source=_source(facts),
        input=described.input,
        output=described.output,
        variants={one.name: one.variant for one in made},
        golden=listed,
        calibration=artifact(CALIBRATION, files[CALIBRATION]) if CALIBRATION in files else None,
        tools=shared_tools(one.backend for one in made),
    )
    return manifest, files


def _source(facts: SourceFacts) -> Source:
    return Source(
        kind=facts.kind,
        files=dict(facts.files),
        options=dict(facts.options),
        roles=dict(facts.roles),
        input_shapes=dict(facts.input_shapes),
    )


def _golden_outputs(golden: GoldenInput, facts: SourceFacts, made: Made) -> dict[str, bytes]:
    values = golden_outputs(golden, facts, made.variant, made.emitted.runnable, made.backend)
    return {f"golden/{made.name}_{place}.npy": data for place, data in enumerate(values)}


def _golden(golden: GoldenInput, outputs: Mapping[str, Mapping[str, bytes]], shows: Sequence[str]) -> Golden:
    listed: dict[str, tuple[Artifact, ...]] = {
        name: tuple(artifact(file, data) for file, data in arrays.items()) for name, arrays in outputs.items()
    }
    return Golden(input=artifact(golden.file, golden.data), outputs=listed, shows=tuple(shows))
