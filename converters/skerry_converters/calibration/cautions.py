"""What is doubtful about calibration data: nothing that stops a conversion, all that its report should say."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_converters.calibration.calibration_set import CalibrationSet
from skerry_converters.calibration.items import Item
from skerry_converters.calibration.similarity import alike, alike_groups, stacked

ADVISED_SAMPLES = 100
"""TensorFlow's and OpenVINO's guides advise 100 to 500, and 300."""
_SHOWN = 3
_UNITS = {"pictures": "pictures", "video": "frames", "recordings": "recordings", "arrays": "rows"}
"""What the items of each kind of source are called."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TooFew:
    """Ranges from few samples miss what the network meets in the field."""

    count: int
    unit: str

    def __str__(self) -> str:
        return f"only {self.count} {self.unit} to calibrate with; {ADVISED_SAMPLES} or more are advised"


@dataclass(frozen=True, kw_only=True, slots=True)
class NearlyAlike:
    """Groups of two and more that look alike, by name: they count as little more than one sample each."""

    groups: tuple[tuple[str, ...], ...]
    count: int

    def __str__(self) -> str:
        spare = sum(len(group) - 1 for group in self.groups)
        shown = "; ".join(", ".join(group[:_SHOWN]) for group in self.groups[:_SHOWN])
        return f"{spare} of {self.count} samples look like another one: {shown}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Leak:
    """A sample of the gate data that was calibrated with: the same content, or one that looks alike."""

    calibration: str
    gate: str
    same: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Leakage:
    """Gate data that is not held out: what the gates measure with it is too good."""

    leaks: tuple[Leak, ...]
    count: int

    def __str__(self) -> str:
        shown = "; ".join(
            f"{leak.gate} {'is' if leak.same else 'looks like'} {leak.calibration}" for leak in self.leaks[:_SHOWN]
        )
        return f"{len(self.leaks)} of {self.count} gate samples were calibrated with: {shown}"


Caution = TooFew | NearlyAlike | Leakage


def cautions(calibration: CalibrationSet, gate: CalibrationSet | None = None) -> tuple[Caution, ...]:
    """Return what is doubtful about calibration data, and about gate data beside it where there is some."""
    found: list[Caution] = []
    items = calibration.items
    if len(items) < ADVISED_SAMPLES:
        found.append(TooFew(count=len(items), unit=_UNITS[calibration.source.kind]))
    groups = _look_alikes(items)
    if groups:
        found.append(NearlyAlike(groups=groups, count=len(items)))
    leaks = _leaks(items, gate.items) if gate else ()
    if gate and leaks:
        found.append(Leakage(leaks=leaks, count=len(gate.items)))
    return tuple(found)


def _look_alikes(items: tuple[Item, ...]) -> tuple[tuple[str, ...], ...]:
    """Return the labels of items that look alike, or that are equal where there is no look to compare."""
    groups = alike_groups([item.fingerprint for item in items])
    equal: dict[str, list[int]] = {}
    for group in groups:
        equal.setdefault(items[group[0]].content_sha256, []).extend(group)
    return tuple(tuple(items[place].label for place in group) for group in equal.values() if len(group) > 1)


def _leaks(calibration: tuple[Item, ...], gate: tuple[Item, ...]) -> tuple[Leak, ...]:
    owners = {item.content_sha256: item for item in calibration}
    looks = [(item, item.fingerprint) for item in calibration if item.fingerprint is not None]
    rows = stacked([look for _, look in looks]) if looks else None
    leaks = []
    for item in gate:
        owner = owners.get(item.content_sha256)
        if owner is not None:
            leaks.append(Leak(calibration=owner.label, gate=item.label, same=True))
        elif rows is not None and item.fingerprint is not None:
            close = alike(item.fingerprint, rows)
            if close.any():
                leaks.append(Leak(calibration=looks[int(close.argmax())][0].label, gate=item.label, same=False))
    return tuple(leaks)
