"""One variant over all pictures, in a process of its own; whatever happens to it, the others go on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from skerry_edge.bench.evaluation.detection.figures import Outcome
from skerry_edge.bench.evaluation.detection.labelled import CheckedPicture
from skerry_edge.bench.evaluation.detection.meter import Measured, VariantMeter
from skerry_edge.bench.evaluation.detection.worker import DetectionOrder, detect_apart
from skerry_edge.foundation.errors import MissingError, SkerryError


@dataclass(frozen=True, kw_only=True, slots=True)
class Setback:
    """Why a variant has no figures, and the error behind it."""

    reason: str
    error: SkerryError

    @property
    def outcome(self) -> Outcome:
        """Whether this machine lacks something, or the variant broke."""
        return "not run" if isinstance(self.error, MissingError) else "failed"


def run_variant(
    order: DetectionOrder,
    pictures: tuple[CheckedPicture, ...],
    meter: VariantMeter,
    *,
    stall_s: float,
    done: Callable[[], None],
) -> Measured | Setback:
    """Run a variant over ``pictures``, those of ``order``; ``done`` is called after each."""
    count = 0
    try:
        with closing(detect_apart(order, stall_s=stall_s)) as results:
            for picture, detections in zip(pictures, results, strict=True):
                meter.add(picture, detections)
                count += 1
                done()
    except MissingError as error:
        return Setback(reason=str(error), error=error)
    except SkerryError as error:
        following = f", the next is '{pictures[count].name}'" if count < len(pictures) else ""
        return Setback(reason=f"{error} ({count} of {len(pictures)} pictures done{following})", error=error)
    return meter.measured()
