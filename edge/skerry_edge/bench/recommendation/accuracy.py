"""What each variant loses against the reference, from an evaluation, a benchmark's rows or the bundle's gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from skerry_edge.backends.choice import EXACT
from skerry_edge.bench.evaluation.detection.figures import DetectionReport, Difference
from skerry_edge.bench.recommendation.result import AccuracySource, Drop
from skerry_edge.bench.speed.result import Row
from skerry_edge.contracts.bundle import GATES, Bundle
from skerry_edge.contracts.manifest import Manifest
from skerry_edge.foundation.errors import ConfigError, DataError

SAME_POINTS = 0.05
"""Below this two drops are one number in every table."""
_DIGITS = 9
NOTHING_LOST = Drop(points=0.0, low=0.0, high=0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """One variant's AP50 as a share, and what it lost."""

    ap50: float
    drop: Drop


@dataclass(frozen=True, kw_only=True, slots=True)
class Accuracies:
    """Every variant whose accuracy is known; ``missing`` tells why another one's is not, where that was said."""

    source: AccuracySource
    known: dict[str, Quality]
    missing: dict[str, str]


def from_evaluation(report: DetectionReport, manifest: Manifest, *, origin: str) -> Accuracies:
    """Return what `skerry evaluate` found; the best fp32 variant is the reference.

    Intervals are those of its paired bootstrap, where that was held against the reference. Raises ConfigError for
    another model's report, and where there is no fp32 variant to hold others against.
    """
    if (report.model.name, report.model.version) != (manifest.name, manifest.version):
        found = f"{report.model.name} {report.model.version}, expected {manifest.name} {manifest.version}"
        raise ConfigError("the evaluation is of another model", where=origin, found=found)
    scores = {name: one.ap50 for name, one in report.evaluated.items() if one.ap50 is not None}
    reference = _reference(scores, manifest, first=report.baseline, where=origin)
    paired = reference == report.baseline
    known = {
        name: Quality(
            ap50=score,
            drop=_drop(scores[reference] - score, report.variants[name].against_baseline if paired else None),
        )
        for name, score in scores.items()
    }
    known[reference] = Quality(ap50=scores[reference], drop=NOTHING_LOST)
    source = AccuracySource(
        source=f"`skerry evaluate` on {report.data.folder}, {report.data.objects} objects",
        images=report.images,
        reference=reference,
        reference_ap50=scores[reference],
    )
    missing = {name: f"{one.outcome}: {one.reason}" for name, one in report.variants.items() if name not in known}
    return Accuracies(source=source, known=known, missing=missing)


def from_rows(rows: Sequence[Row], manifest: Manifest, *, origin: str) -> Accuracies | None:
    """Return the accuracy that stands in a benchmark's rows; None where none does.

    Intervals are those of its paired bootstrap, where that was held against the reference. Raises ConfigError where no
    fp32 variant is among them, and for accuracies on different pictures.
    """
    found = {row.variant: row.accuracy for row in rows if row.accuracy is not None}
    scores = {name: one.ap50 for name, one in found.items() if one.ap50 is not None}
    if not scores:
        return None
    images = {found[name].images for name in scores}
    if len(images) > 1:
        told = " and ".join(map(str, sorted(images)))
        raise ConfigError("the accuracies are of different pictures", where=origin, found=f"{told} pictures")
    reference = _reference(scores, manifest, first=next(iter(found.values())).baseline, where=origin)
    known = {
        name: Quality(
            ap50=score,
            drop=_drop(
                scores[reference] - score,
                found[name].against_baseline if found[name].baseline == reference else None,
            ),
        )
        for name, score in scores.items()
    }
    known[reference] = Quality(ap50=scores[reference], drop=NOTHING_LOST)
    source = AccuracySource(
        source=f"`skerry bench --data` in {origin}",
        images=found[reference].images,
        reference=reference,
        reference_ap50=scores[reference],
    )
    missing = {row.variant: row.accuracy_not_measured for row in rows if row.accuracy_not_measured}
    return Accuracies(source=source, known=known, missing=missing)


class _Figures(msgspec.Struct):
    """Of a gate's accuracy figures those that matter here; AP50 and drops are in points."""

    images: int
    objects: int
    source_ap50: float
    variant_ap50: float
    drop: float
    drop_low: float | None = None
    drop_high: float | None = None


class _Gate(msgspec.Struct):
    variant: str
    accuracy: _Figures | None = None


class _Gates(msgspec.Struct):
    reports: tuple[_Gate, ...]


def from_gates(bundle: Bundle) -> Accuracies:
    """Return what the gates found when the bundle was converted, held against the network that it was made from.

    Raises BundleError where the bundle has no `gates.json`, DataError for a damaged one, and ConfigError where the
    gates had no labels.
    """
    where = f"{bundle.path}!{GATES}"
    try:
        reports = msgspec.json.decode(bundle.read_unlisted(GATES), type=_Gates).reports
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError("the gates' report is damaged", where=where, found=str(error)) from error
    judged = {one.variant: one.accuracy for one in reports if one.accuracy is not None}
    if not judged:
        raise ConfigError("the gates had no labelled pictures", where=where)
    first = next(iter(judged.values()))
    known = {
        name: Quality(ap50=one.variant_ap50 / 100, drop=Drop(points=one.drop, low=one.drop_low, high=one.drop_high))
        for name, one in judged.items()
    }
    source = AccuracySource(
        source=f"the gates when the bundle was converted, {first.objects} objects",
        images=first.images,
        reference="the network that it was made from",
        reference_ap50=first.source_ap50 / 100,
    )
    missing = {one.variant: "its gate had no labelled pictures" for one in reports if one.accuracy is None}
    return Accuracies(source=source, known=known, missing=missing)


def _reference(scores: dict[str, float], manifest: Manifest, *, first: str | None, where: str) -> str:
    """Return the fp32 variant with the highest AP50, but ``first`` where that one is as good by what tables show.

    Two runtimes' fp32 differ by a box now and then, and intervals are known against ``first`` alone.
    """
    exact = [name for name in sorted(scores) if _is_exact(manifest, name)]
    if not exact:
        raise ConfigError("no fp32 variant was evaluated, and drops are held against one", where=where)
    best = max(exact, key=lambda name: scores[name])
    return first if first in exact and _points(scores[best] - scores[first]) < SAME_POINTS else best


def _is_exact(manifest: Manifest, name: str) -> bool:
    return name in manifest.variants and manifest.variants[name].precision == EXACT


def _drop(lost: float, against: Difference | None) -> Drop:
    """Return a lost share of AP50 in points, with the interval of the paired comparison where there was one."""
    if against is None or against.low is None or against.high is None:
        return Drop(points=_points(lost), low=None, high=None)
    return Drop(points=_points(lost), low=_points(-against.high), high=_points(-against.low))


def _points(share: float) -> float:
    """Return a share in points, rounded so that 0.9 - 0.895 is half a point and not a trace more."""
    return round(100 * share, _DIGITS)
