"""How pipelines run a model now: by which variant and backend, and whether another can be tried beside it."""

from __future__ import annotations

from collections.abc import Sequence

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.downlink.current_models import ModelUser
from skerry_edge.audio.model import BACKEND, STREAMING, load_model, path_of
from skerry_edge.backends.choice import choose_variant
from skerry_edge.backends.registry import shared_accelerator
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.models.catalogue import resolve_model
from skerry_edge.ota.job import Use


def use_of(user: ModelUser) -> Use:
    """Return how a pipeline runs a model now. Raises a SkerryError where that cannot be told."""
    if not isinstance(user.pipeline, DetectionPipeline):
        return _listening(user)
    pipeline = user.pipeline
    present = resolve_model(pipeline.model)
    first = next(iter(pipeline.backends), None)
    variant, backend = choose_variant(Bundle.open(present), variant=pipeline.variant, backend=first)
    return Use(
        own_version=_own_version(user),
        task="detection",
        variant=variant,
        backend=backend,
        threads=pipeline.threads,
        present=str(present.absolute()),
        start_deadline_s=pipeline.start_deadline_s,
        exclusive=shared_accelerator(backend) is not None,
    )


def _listening(user: ModelUser) -> Use:
    present = path_of(user.model)
    return Use(
        own_version=_own_version(user),
        task="wakeword",
        variant=load_model(present).variant or STREAMING,
        backend=BACKEND,
        # One is fastest for models this small, and what the pipeline runs them with.
        threads=1,
        present=str(present.absolute()),
        start_deadline_s=user.pipeline.start_deadline_s,
    )


def _own_version(user: ModelUser) -> str | None:
    try:
        if isinstance(user.pipeline, DetectionPipeline):
            return Bundle.open(resolve_model(user.own)).manifest.version
        return load_model(path_of(user.own)).version
    except SkerryError:
        # It is not there any more, so there is no way back to it.
        return None


def use_of_all(users: Sequence[ModelUser]) -> Use:
    """Return how all users of a model run it.

    Raises ReleaseError, reason ``variants``, where they differ in the variant; what `use_of` raises.
    """
    uses = {f"{one.name} ({one.key})": use_of(one) for one in users}
    if len({one.variant for one in uses.values()}) != 1:
        raise ReleaseError(
            "variants",
            "the pipelines that run this model take different variants of it",
            found=", ".join(f"{name} takes {one.variant}" for name, one in uses.items()),
            todo="give them one 'variant', or models of different names: a release brings one variant to a device",
        )
    return next(iter(uses.values()))
