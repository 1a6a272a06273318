"""The verdict of the self-test; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from skerry_edge.ota.machine.happenings import Failed
from skerry_edge.ota.machine.health import SLOW_FLOOR_MS
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.self_test.measured import Finding, Measured, Word

MEMORY_SHARE = 0.5
"""Of the memory that is free now, a new model may take so much more than the one before it."""


def verdict(present: Measured | None, new: Measured, limits: Limits, *, free_mb: float | None) -> Failed | None:
    """Return why the new model is not switched to, None where it may be; ``present`` is the one that runs."""
    faults = _own_faults(new)
    if present is not None:
        faults = chain(faults, _costs(present, new, limits, free_mb), _losses(present, new, limits))
    return next(faults, None)


def _own_faults(new: Measured) -> Iterator[Failed]:
    if new.sqnr_db < new.needed_db:
        found = f"{new.sqnr_db:.1f} dB against its golden outputs, {new.needed_db:.0f} dB needed"
        yield Failed(reason="golden", detail=found)
    if new.unproved:
        yield Failed(reason="golden", detail=new.unproved)


def _costs(present: Measured, new: Measured, limits: Limits, free_mb: float | None) -> Iterator[Failed]:
    if new.inference_ms > limits.slower_times * max(present.inference_ms, SLOW_FLOOR_MS):
        found = f"{new.inference_ms:.1f} ms an inference, {present.inference_ms:.1f} ms with the present model"
        yield Failed(reason="budget", detail=found)
    more_mb = new.peak_mb - present.peak_mb
    if free_mb is not None and more_mb > MEMORY_SHARE * free_mb:
        yield Failed(reason="budget", detail=f"{more_mb:.0f} MB more memory, and {free_mb:.0f} MB are free")


def _losses(present: Measured, new: Measured, limits: Limits) -> Iterator[Failed]:
    expected, again = _found_by(new, [[one for one in some if one.label in new.labels] for some in present.seen])
    if expected and again < limits.agreement * expected:
        found = f"{again} of the {expected} objects or words that the present model finds in the golden inputs"
        yield Failed(reason="accuracy", detail=found)
    # A word that nobody said has somebody's door opened; an object more in a picture may be there.
    heard, again = _found_by(present, [[one for one in some if isinstance(one, Word)] for some in new.seen])
    if heard and again < limits.agreement * heard:
        found = f"the present model hears {again} of the {heard} words that it hears in the golden recordings"
        yield Failed(reason="accuracy", detail=found)


def _found_by(model: Measured, findings: Iterable[Sequence[Finding]]) -> tuple[int, int]:
    """Return how many of another model's findings are sure, and how many of those this model has, too."""
    sure = [(one, ours) for some, ours in zip(findings, model.seen, strict=True) for one in some if one.is_sure]
    return len(sure), sum(any(one.is_like(other) for other in ours) for one, ours in sure)
