"""The data of a conversion: what it is calibrated with, and what its files are judged on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.calibration.items import Progress
from skerry_converters.calibration.opening import DEFAULT_LIMIT, DEFAULT_SEED, open_calibration
from skerry_converters.gates.held_out import HeldOut
from skerry_converters.gates.made_inputs import MadeInputs
from skerry_converters.gates.opening import Judged, open_gate_data, set_aside
from skerry_converters.sources.base import SourceFacts
from skerry_edge.contracts.manifest import AudioInput
from skerry_edge.foundation.errors import ConfigError

MADE_INPUTS = 8
"""How many inputs are made where no data is given: as many as the colour check takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataChoice:
    """Where the data lies; at most ``limit`` samples to calibrate with, chosen by ``seed``."""

    calibration: Path | None = None
    gate_data: Path | None = None
    limit: int = DEFAULT_LIMIT
    seed: int = DEFAULT_SEED


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ConversionData:
    """Opened data; ``calibration`` is what is left of it where a part was set aside."""

    calibration: CalibrationSet | None
    held_out: HeldOut


def open_data(choice: DataChoice, facts: SourceFacts, progress: Progress) -> ConversionData:
    """Open what ``choice`` names; without gate data a part of the calibration data is set aside for the gates.

    Without any data inputs are made from the seed. Raises ConfigError, and what opening raises.
    """
    described = facts.description
    if choice.calibration is None and choice.gate_data is None:
        _refuse_silence(facts)
        made = MadeInputs(described.input, facts.inputs, count=MADE_INPUTS, seed=choice.seed)
        return ConversionData(calibration=None, held_out=made)
    if len(facts.inputs) != 1:
        raise ConfigError(
            "only networks of one input can be calibrated, or judged on given data",
            where=facts.where,
            found=f"{len(facts.inputs)} inputs",
            todo="leave out --calibration and --gate-data",
        )
    network = Judged(
        model_input=described.input, tensor=facts.inputs[0], decoder=described.output, labels=described.labels
    )
    calibration = None
    if choice.calibration is not None:
        calibration = open_calibration(
            choice.calibration,
            network.model_input,
            network.tensor,
            limit=choice.limit,
            seed=choice.seed,
            progress=progress,
        )
        if choice.gate_data is None:
            rest, held_out = set_aside(choice.calibration, calibration, network, seed=choice.seed)
            return ConversionData(calibration=rest, held_out=held_out)
    assert choice.gate_data is not None  # noqa: S101  # for the type checker: one of the two was given
    gate = open_gate_data(choice.gate_data, network, calibration=calibration, seed=choice.seed, progress=progress)
    return ConversionData(calibration=calibration, held_out=gate)


def _refuse_silence(facts: SourceFacts) -> None:
    if isinstance(facts.description.input, AudioInput):
        raise ConfigError(
            "a network that listens can be judged on recordings alone: no noise makes it hear anything",
            where=facts.where,
            todo="give --gate-data a folder of WAV or FLAC files, some of them with the word",
        )
