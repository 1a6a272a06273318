"""A detection pipeline's model: opened on one backend, and tried before it is trusted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from skerry_edge.agent.config.areas import label_problem
from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.watching.observer import score_threshold_of
from skerry_edge.agent.watching.sieve import lowest_score
from skerry_edge.backends.base import BackendError, BackendOptions
from skerry_edge.backends.registry import shared_accelerator
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import ImageInput
from skerry_edge.models.catalogue import resolve_model
from skerry_edge.models.golden import check_golden
from skerry_edge.ota.model_store import is_unproved
from skerry_edge.vision.detector import Detector


def open_detector(config: DetectionPipeline, backend: str | None) -> Detector:
    """Open the model on ``backend``, None where the model chooses.

    Raises ConfigError for a label that the model does not know, and what `Detector.open` raises.
    """
    path = resolve_model(config.model)
    manifest = Bundle.open(path).manifest
    problem = label_problem(config, manifest.labels)
    if problem is not None:
        raise problem[1]
    least = lowest_score(config, score_threshold_of(config, manifest))
    return Detector.open(
        path,
        variant=config.variant,
        backend=backend,
        options=BackendOptions(threads=config.threads),
        score_threshold=least,
    )


def warm_up(detector: Detector) -> None:
    """Run once on a grey picture, so that a model that loads and does not run is found out before it is trusted.

    Raises BackendError.
    """
    image = detector.manifest.input
    assert isinstance(image, ImageInput)  # noqa: S101  # Detector.open refuses any other
    detector.detect(np.full((image.height, image.width, 3), 127, np.uint8))


def prove(detector: Detector, bundle: Path) -> None:
    """Hold a release that has not proved itself here against its golden outputs, where nobody could before.

    An accelerator that serves one process runs the model before: there the self-test of an update could not try this
    one. Raises BackendError where it computes something else, BundleError where it has no golden outputs.
    """
    if shared_accelerator(detector.backend_name) is None or not is_unproved(bundle):
        return
    check = check_golden(Bundle.open(bundle), detector.variant_name, detector.backend_name)
    if not check.passed:
        raise BackendError(
            "the model does not compute here what it did when it was made",
            where=f"variant {detector.variant_name} on {detector.backend_name}",
            found=f"{check.sqnr_db:.1f} dB against its golden outputs, {check.needed_db:.0f} dB needed",
        )
