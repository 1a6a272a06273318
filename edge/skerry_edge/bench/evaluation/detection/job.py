"""A whole evaluation: pictures checked, every variant run, and the figures of all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from rich.progress import Progress

from skerry_edge.bench.average_precision import RESAMPLES
from skerry_edge.bench.coco import CocoEvaluator, why_no_coco
from skerry_edge.bench.evaluation.detection.comparison import variant_figures
from skerry_edge.bench.evaluation.detection.figures import DataFacts, DetectionReport, ModelFacts, VariantFigures
from skerry_edge.bench.evaluation.detection.labelled import LabelledSet, read_labelled
from skerry_edge.bench.evaluation.detection.meter import Measured, VariantMeter
from skerry_edge.bench.evaluation.detection.plan import PlannedVariant, baseline_of, plan_variants
from skerry_edge.bench.evaluation.detection.running import Setback, run_variant
from skerry_edge.bench.evaluation.detection.worker import DetectionOrder
from skerry_edge.bench.evaluation.versions import versions
from skerry_edge.bench.intervals import CONFIDENCE
from skerry_edge.bench.matching import LOW_SCORE
from skerry_edge.bench.sizes import SizeRange
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import Classification, Manifest, MicroWakeWord, Raw
from skerry_edge.foundation.errors import ConfigError, DataError, MissingError, SkerryError, VerdictError

_PACKAGES = ("numpy", "opencv-python-headless", "pycocotools", "onnxruntime", "ai-edge-litert", "openvino")


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluationOrder:
    """What is to be evaluated. ``variants`` empty means all; ``threshold`` None means the model's own.

    A variant that gives nothing for ``stall_s`` seconds is given up; 0 waits for ever.
    """

    model: Path
    data: Path
    sizes: tuple[SizeRange, ...]
    variants: tuple[str, ...] = ()
    threshold: float | None = None
    threads: int = 0
    stall_s: float = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """The figures, and what they were made of; ``setbacks`` says what kept each other variant from having some."""

    report: DetectionReport
    labels: tuple[str, ...]
    measured: dict[str, Measured]
    setbacks: dict[str, Setback]

    def require_success(self) -> None:
        """Raise MissingError where nothing could be run; DataError or VerdictError where a variant broke.

        A variant that this machine cannot run is no failure where another one ran.
        """
        broken = {name: one for name, one in self.setbacks.items() if one.outcome == "failed"}
        if broken:
            damaged = any(one.error.exit_code == DataError.exit_code for one in broken.values())
            family: type[SkerryError] = DataError if damaged else VerdictError
            raise family(f"{len(broken)} of {len(self.report.variants)} variants failed", **self._told(broken))
        if not self.measured:
            raise MissingError("no variant of the model can run here", **self._told(self.setbacks))

    def _told(self, setbacks: dict[str, Setback]) -> dict[str, str]:
        found = "; ".join(f"{name}: {one.reason}" for name, one in setbacks.items())
        return {"where": self.report.model.path, "found": found}


def evaluate_detector(order: EvaluationOrder, bar: Progress) -> Evaluation:
    """Evaluate a bundle's variants on a labelled folder.

    A variant that cannot be run, crashes or hangs is told in its row, and the others go on. Raises BundleError for what
    is no bundle, ConfigError for a model that finds no objects, an unknown variant and a folder without labels, and
    what `read_labelled` raises.
    """
    bundle = Bundle.open(order.model)
    threshold = _threshold(bundle.manifest, order)
    planned = plan_variants(bundle, order.variants)
    task = bar.add_task("checking the pictures", total=None)
    labelled = read_labelled(
        order.data, bundle.manifest.labels, lambda count: bar.update(task, total=count), lambda: bar.advance(task)
    )
    return _Job(order=order, bundle=bundle, threshold=threshold, labelled=labelled, bar=bar).run(planned)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    """What every step of one evaluation needs."""

    order: EvaluationOrder
    bundle: Bundle
    threshold: float
    labelled: LabelledSet
    bar: Progress

    def run(self, planned: tuple[PlannedVariant, ...]) -> Evaluation:
        coco_missing = why_no_coco()
        outcomes = {one.name: self._outcome(one, with_coco=coco_missing is None) for one in planned}
        measured = {name: one for name, one in outcomes.items() if isinstance(one, Measured)}
        setbacks = {name: one for name, one in outcomes.items() if isinstance(one, Setback)}
        baseline = baseline_of(self.bundle, tuple(measured))
        rows = {one.name: self._row(one, outcomes[one.name], measured, baseline) for one in planned}
        return Evaluation(
            report=self._report(rows, baseline, coco_missing),
            labels=self.bundle.manifest.labels,
            measured=measured,
            setbacks=setbacks,
        )

    def _outcome(self, planned: PlannedVariant, *, with_coco: bool) -> Measured | Setback:
        if planned.backend is None:
            reason = planned.reason or "no backend loads it"
            return Setback(reason=reason, error=MissingError(reason))
        task = self.bar.add_task(escape(planned.name), total=len(self.labelled.pictures))
        labels = self.bundle.manifest.labels
        coco = CocoEvaluator(labels) if with_coco else None
        detection = DetectionOrder(
            bundle=self.order.model,
            variant=planned.name,
            backend=planned.backend,
            threads=self.order.threads,
            low_score=min(LOW_SCORE, self.threshold),
            pictures=tuple(one.path for one in self.labelled.pictures),
        )
        return run_variant(
            detection,
            self.labelled.pictures,
            VariantMeter(labels, self.order.sizes, self.threshold, coco),
            stall_s=self.order.stall_s,
            done=lambda: self.bar.advance(task),
        )

    def _row(
        self, planned: PlannedVariant, outcome: Measured | Setback, measured: dict[str, Measured], baseline: str | None
    ) -> VariantFigures:
        if isinstance(outcome, Setback):
            return VariantFigures(outcome=outcome.outcome, reason=outcome.reason, backend=planned.backend)
        task = self.bar.add_task(f"comparing {escape(planned.name)}", total=1)
        against = measured[baseline] if baseline not in (None, planned.name) else None
        figures = variant_figures(outcome, against, planned.backend, self.bundle.manifest.labels, self.order.sizes)
        self.bar.advance(task)
        return figures

    def _report(
        self, rows: dict[str, VariantFigures], baseline: str | None, coco_missing: str | None
    ) -> DetectionReport:
        manifest, truths = self.bundle.manifest, [one.truth for one in self.labelled.pictures]
        return DetectionReport(
            images=len(truths),
            variants=rows,
            baseline=baseline,
            threshold=self.threshold,
            confidence=CONFIDENCE,
            resamples=RESAMPLES,
            coco_not_measured=coco_missing,
            model=ModelFacts(name=manifest.name, version=manifest.version, path=str(self.order.model)),
            data=DataFacts(
                folder=str(self.labelled.folder),
                layout=self.labelled.layout,
                objects=sum(int(truth.counted.sum()) for truth in truths),
                left_out=sum(int((~truth.counted).sum()) for truth in truths),
                images_without_objects=sum(not len(truth) for truth in truths),
            ),
            versions=versions(_PACKAGES),
        )


def _threshold(manifest: Manifest, order: EvaluationOrder) -> float:
    """Return the score above which a device reports. Raises ConfigError for a model that finds no objects."""
    decoder = manifest.output
    if isinstance(decoder, MicroWakeWord | Raw | Classification):
        raise ConfigError(
            "only models that find objects can be evaluated on labelled pictures",
            where=str(order.model),
            found=f"its task is {manifest.task}",
        )
    return decoder.score_threshold if order.threshold is None else order.threshold
