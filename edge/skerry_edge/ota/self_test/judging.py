"""The verdict of the self-test; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from skerry_edge.ota.machine.happenings import Failed
from skerry_edge.ota.machine.health import MUCH_FOUND, SLOW_FLOOR_MS
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.self_test.measured import Finding, Measured, Word

FEW_LIVE = 3
"""In what the device saw last, fewer objects say nothing: one may have been on the edge of being seen."""
_SHOWN = 5
MEMORY_SHARE = 0.5
"""Of the memory that is free now, a new model may take so much more than the one before it."""

_Findings = Sequence[Sequence[Finding]]


def verdict(present: Measured | None, new: Measured, limits: Limits, *, free_mb: float | None) -> Failed | None:
    """Return why the new model is not switched to, None where it may be; ``present`` is the one that runs."""
    faults = _own_faults(new)
    if present is not None:
        faults = chain(faults, _costs(present, new, limits, free_mb), _losses(present, new, limits))
    return next(faults, None)


def labels_lost(present: Sequence[str], new: Sequence[str], limits: Limits) -> Failed | None:
    """Return what speaks against a model that knows the labels ``new``, where the present one knows ``present``."""
    lost = [one for one in present if one not in new]
    if not lost or not limits.keeps_labels:
        return None
    found = f"it does not know {', '.join(lost[:_SHOWN])}{' and more' if len(lost) > _SHOWN else ''} any more"
    return Failed(reason="accuracy", detail=found)


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
    lost = labels_lost(present.labels, new.labels, limits)
    if lost is not None:
        yield lost
    yield from _differences(present.seen, new.seen, limits, few=1, where="the golden inputs")
    yield from _differences(present.live, new.live, limits, few=FEW_LIVE, where="what the device saw last")
    # A word that nobody said has somebody's door opened; an object more in a picture may be there.
    words = [[one for one in some if isinstance(one, Word)] for some in new.seen]
    heard, again = _found_again(words, present.seen)
    if heard and again < limits.agreement * heard:
        found = f"the present model hears {again} of the {heard} words that it hears in the golden recordings"
        yield Failed(reason="accuracy", detail=found)


def _differences(theirs: _Findings, ours: _Findings, limits: Limits, *, few: int, where: str) -> Iterator[Failed]:
    """Yield what speaks against a model that finds ``ours``, where the present one finds ``theirs``."""
    expected, again = _found_again(theirs, ours)
    if expected >= few and again < limits.agreement * expected:
        found = f"{again} of the {expected} objects or words that the present model finds in {where}"
        yield Failed(reason="accuracy", detail=found)
    # Where the present model finds next to nothing, a better one may find anything.
    more, _ = _found_again(ours, theirs)
    if expected >= few and more >= MUCH_FOUND and more > limits.rate_times * expected:
        found = f"{more} objects or words in {where}, and the present model finds {expected}"
        yield Failed(reason="accuracy", detail=found)


def _found_again(theirs: _Findings, ours: _Findings) -> tuple[int, int]:
    """Return how many of one model's findings are sure, and how many of those another one has, too."""
    sure = [(one, others) for some, others in zip(theirs, ours, strict=True) for one in some if one.is_sure]
    return len(sure), sum(any(one.is_like(other) for other in others) for one, others in sure)
