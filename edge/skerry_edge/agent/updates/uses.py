"""How pipelines run a model now: by which variant and backend, and whether another can be tried beside it."""

from __future__ import annotations

from collections.abc import Sequence

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.backends.choice import choose_variant
from skerry_edge.backends.registry import shared_accelerator
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.models.catalogue import resolve_model
from skerry_edge.ota.job import Use


def use_of(pipeline: DetectionPipeline) -> Use:
    """Return how a pipeline runs its model now. Raises a SkerryError where that cannot be told."""
    present = resolve_model(pipeline.model)
    first = next(iter(pipeline.backends), None)
    variant, backend = choose_variant(Bundle.open(present), variant=pipeline.variant, backend=first)
    return Use(
        variant=variant,
        backend=backend,
        threads=pipeline.threads,
        present=str(present.absolute()),
        start_deadline_s=pipeline.start_deadline_s,
        exclusive=shared_accelerator(backend) is not None,
    )


def use_of_all(pipelines: Sequence[DetectionPipeline]) -> Use:
    """Return how all users of a model run it. Raises ConfigError where they differ in the variant."""
    uses = [use_of(one) for one in pipelines]
    variants = sorted({one.variant for one in uses})
    if len(variants) != 1:
        raise ConfigError(
            "the pipelines that run this model take different variants of it",
            found=", ".join(variants),
            todo="give them one 'variant', or models of different names: a release brings one variant to a device",
        )
    return uses[0]
