"""The data of a conversion: what it is calibrated with, and what its files are judged on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.calibration.cautions import Caution, Leakage, cautions
from skerry_converters.calibration.items import Progress
from skerry_converters.calibration.opening import DEFAULT_LIMIT, DEFAULT_SEED, open_calibration
from skerry_converters.gates.held_out import HeldOut, HeldOutSamples
from skerry_converters.gates.made_inputs import MadeInputs
from skerry_converters.gates.report import Origin
from skerry_converters.sources.base import SourceFacts
from skerry_edge.bench.annotations.annotation import AnnotationError
from skerry_edge.bench.annotations.dataset import Dataset, is_labelled, read_dataset
from skerry_edge.foundation.errors import ConfigError

HELD_OUT_SHARE = 0.2
MADE_INPUTS = 8
"""How many inputs are made where no data is given: as many as the colour check takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataChoice:
    """Where the data lies; at most ``limit`` samples are taken of each, chosen by ``seed``."""

    calibration: Path | None = None
    gate_data: Path | None = None
    limit: int = DEFAULT_LIMIT
    seed: int = DEFAULT_SEED


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ConversionData:
    """Opened data; ``cautions`` say what is doubtful about it."""

    calibration: CalibrationSet | None
    held_out: HeldOut
    cautions: tuple[str, ...] = ()


def open_data(choice: DataChoice, facts: SourceFacts, progress: Progress) -> ConversionData:
    """Open what ``choice`` names; without gate data a part of the calibration data is set aside for the gates.

    Without any data inputs are made from the seed. Raises ConfigError, and what opening raises.
    """
    if choice.calibration is None and choice.gate_data is None:
        made = MadeInputs(facts.description.input, facts.inputs, count=MADE_INPUTS, seed=choice.seed)
        return ConversionData(calibration=None, held_out=made)
    calibration = None if choice.calibration is None else _opened(choice.calibration, choice, facts, progress)
    if choice.gate_data is not None:
        gate = _opened(choice.gate_data, choice, facts, progress)
        return _with_gate_data(calibration, gate, choice.gate_data, facts)
    assert calibration is not None and choice.calibration is not None  # noqa: S101, PT018  # one of the two was given
    rest, aside = calibration.split(HELD_OUT_SHARE, choice.seed)
    dataset, doubt = _labels_beside(choice.calibration, aside, facts)
    found = cautions(rest, aside)
    held_out = _held_out(aside, "set aside", dataset, found)
    return ConversionData(calibration=rest, held_out=held_out, cautions=(*map(str, found), *doubt))


def _with_gate_data(
    calibration: CalibrationSet | None, gate: CalibrationSet, folder: Path, facts: SourceFacts
) -> ConversionData:
    found = () if calibration is None else cautions(calibration, gate)
    dataset = _dataset(folder, gate, facts)
    held_out = _held_out(gate, "gate data", dataset, found)
    return ConversionData(calibration=calibration, held_out=held_out, cautions=tuple(map(str, found)))


def _opened(path: Path, choice: DataChoice, facts: SourceFacts, progress: Progress) -> CalibrationSet:
    if len(facts.inputs) != 1:
        raise ConfigError(
            "only networks of one input can be calibrated, or judged on given data",
            where=facts.where,
            found=f"{len(facts.inputs)} inputs",
            todo="leave out --calibration and --gate-data",
        )
    return open_calibration(
        path, facts.description.input, facts.inputs[0], limit=choice.limit, seed=choice.seed, progress=progress
    )


def _held_out(
    samples: CalibrationSet, origin: Origin, dataset: Dataset | None, found: tuple[Caution, ...]
) -> HeldOutSamples:
    leaks = [one for one in found if isinstance(one, Leakage)]
    return HeldOutSamples(samples, origin, dataset=dataset, cautions=leaks)


def _dataset(folder: Path, samples: CalibrationSet, facts: SourceFacts) -> Dataset | None:
    """Return the labels of a folder of pictures that a detector is judged on, where it has labels."""
    detects = facts.description.task == "detection"
    if not detects or samples.source.kind != "pictures" or not is_labelled(folder):
        return None
    return read_dataset(folder, facts.description.labels)


def _labels_beside(folder: Path, samples: CalibrationSet, facts: SourceFacts) -> tuple[Dataset | None, tuple[str, ...]]:
    """Return the labels of calibration data, which may be another network's: then they are left out with a word."""
    try:
        return _dataset(folder, samples, facts), ()
    except (AnnotationError, ConfigError) as error:
        return None, (f"the labels of the calibration data are not used: {error}",)
