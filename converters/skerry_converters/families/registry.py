"""The targets by name, and which of them a machine can make from a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skerry_converters.families.base import Target
from skerry_converters.families.edgetpu_files import EDGETPU_TARGETS
from skerry_converters.families.mcu_files import MCU_TARGETS
from skerry_converters.families.onnx_files import ONNX_TARGETS
from skerry_converters.families.openvino_files import OPENVINO_TARGETS
from skerry_converters.families.tflite_files import TFLITE_TARGETS
from skerry_converters.sources.base import SourceFacts
from skerry_converters.toolchains.environment import Progress
from skerry_converters.toolchains.onnx2tf import ONNX2TF
from skerry_edge.foundation.errors import ConfigError, MissingError
from skerry_edge.foundation.nearest import suggestion

ALL = "all"
TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (*ONNX_TARGETS, *TFLITE_TARGETS, *OPENVINO_TARGETS, *EDGETPU_TARGETS, *MCU_TARGETS)
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The targets to make, and those that `all` left out with the reason for each."""

    targets: tuple[Target, ...]
    left_out: Mapping[str, str]


def parse_targets(text: str) -> tuple[str, ...]:
    """Return the names in a comma-separated list, each once; `all` stands alone.

    Raises ConfigError, naming the nearest target.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise ConfigError("no target to convert to", todo=f"known: {', '.join((*TARGETS, ALL))}")
    if ALL in names and len(names) > 1:
        raise ConfigError("'all' stands for every target and is given alone", found=text)
    for name in names:
        if name != ALL and name not in TARGETS:
            todo = suggestion(name, TARGETS, otherwise=f"known: {', '.join((*TARGETS, ALL))}")
            raise ConfigError("unknown target", found=f"'{name}'", todo=todo)
    return names


def choose_targets(names: tuple[str, ...], facts: SourceFacts, *, calibrated: bool) -> Choice:
    """Return what to make from a source; ``calibrated`` says whether there is calibration data.

    `all` leaves out what cannot be made here. Raises MissingError for a named target that cannot be made here, and
    ConfigError for one that lacks calibration data.
    """
    everything = names == (ALL,)
    reasons = {
        name: _reason(TARGETS[name], facts, calibrated=calibrated) for name in (TARGETS if everything else names)
    }
    left_out = {name: reason for name, reason in reasons.items() if reason is not None}
    if left_out and not everything:
        name, reason = next(iter(left_out.items()))
        kind = ConfigError if reason is NEEDS_CALIBRATION else MissingError
        raise kind(f"target '{name}' cannot be made", where=facts.where, found=reason)
    return Choice(targets=tuple(TARGETS[name] for name in reasons if name not in left_out), left_out=left_out)


def prepare(choice: Choice, facts: SourceFacts, progress: Progress) -> None:
    """Set up the tools with environments of their own that a choice needs, which may take minutes the first time.

    Raises MissingError where one cannot be set up.
    """
    if facts.kind == "onnx" and any("onnx" not in target.forms for target in choice.targets):
        ONNX2TF.ensure(progress)


NEEDS_CALIBRATION = "it needs calibration data: give it with --calibration"


def _reason(target: Target, facts: SourceFacts, *, calibrated: bool) -> str | None:
    reason = target.unavailable_reason(facts)
    if reason is None and target.calibrated and not facts.quantized and not calibrated:
        return NEEDS_CALIBRATION
    return reason
