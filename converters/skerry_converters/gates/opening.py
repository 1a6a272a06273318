"""Where held-out inputs come from: data given for the gates, a part of the calibration data, or a seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.calibration.cautions import cautions
from skerry_converters.calibration.feeds import ModelInput
from skerry_converters.calibration.items import Progress
from skerry_converters.calibration.opening import DEFAULT_SEED, open_calibration
from skerry_converters.gates.held_out import HeldOutSamples
from skerry_edge.bench.annotations.dataset import Dataset, is_labelled, read_dataset
from skerry_edge.contracts.manifest import Classification, Decoder, MicroWakeWord, Raw, Tensor
from skerry_edge.foundation.errors import SkerryError

GATE_LIMIT = 1000
SET_ASIDE_SHARE = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """The network whose files are to be judged: its float input, and what its values mean."""

    model_input: ModelInput
    tensor: Tensor
    decoder: Decoder
    labels: tuple[str, ...]

    @property
    def finds_boxes(self) -> bool:
        """Whether annotations of boxes say anything about it."""
        return not isinstance(self.decoder, Classification | MicroWakeWord | Raw)


def open_gate_data(
    path: Path,
    network: Judged,
    *,
    calibration: CalibrationSet | None = None,
    limit: int = GATE_LIMIT,
    seed: int = DEFAULT_SEED,
    progress: Progress = lambda _done, _total: None,
) -> HeldOutSamples:
    """Open `--gate-data`, with its labels where the folder has annotations and the network finds boxes.

    What leaked from ``calibration`` is in the cautions of its facts. Raises what `open_calibration` and `read_dataset`
    raise: labels that do not fit the network are an error here.
    """
    samples = open_calibration(path, network.model_input, network.tensor, limit=limit, seed=seed, progress=progress)
    dataset = read_dataset(path, network.labels) if _has_labels(path, network) else None
    doubts = cautions(calibration, samples) if calibration else ()
    return HeldOutSamples(samples, "gate data", dataset=dataset, cautions=[str(one) for one in doubts])


def set_aside(
    path: Path,
    calibration: CalibrationSet,
    network: Judged,
    *,
    share: float = SET_ASIDE_SHARE,
    seed: int = DEFAULT_SEED,
) -> tuple[CalibrationSet, HeldOutSamples]:
    """Divide the calibration data opened from ``path``: return what to calibrate with, and what to judge by.

    Raises ConfigError where there is too little to divide.
    """
    rest, held = calibration.split(share, seed)
    doubts = [str(one) for one in cautions(rest, held)]
    dataset: Dataset | None = None
    if _has_labels(path, network):
        try:
            dataset = read_dataset(path, network.labels)
        except SkerryError as error:
            # Calibration needs no labels, so that those of another network are no reason to stop.
            doubts.append(f"the labels beside the calibration data are not used: {error}")
    return rest, HeldOutSamples(held, "set aside", dataset=dataset, cautions=doubts)


def _has_labels(path: Path, network: Judged) -> bool:
    return network.finds_boxes and path.is_dir() and is_labelled(path)
