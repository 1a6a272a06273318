"""Which device belongs to which stage: the canary first, then the steps. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from skerry_server.errors import ConflictError
from skerry_server.rollouts.spec import Spec, size_of


def divide(
    spec: Spec, devices: Collection[str], *, canaries: Collection[str], present: Collection[str], salt: str
) -> list[list[str]]:
    """Return the stages: each of ``devices`` is in exactly one, and none is empty.

    ``canaries`` are the devices of the canary group, where the spec names one. Else canaries are drawn among those
    that are ``present`` now, as far as they reach: one that is switched off would only run out of time. ``salt``
    stands for the rollout, so that each has other devices first. Raises ConflictError where nobody is left to begin.
    """
    if not devices:
        return []
    in_order = _drawn(devices, salt)
    if spec.canary_group is not None:
        first = [one for one in in_order if one in canaries]
        if not first:
            raise ConflictError(
                "no device of the canary group is to get the release", where="canary_group", found=spec.canary_group
            )
    else:
        there = [*(one for one in in_order if one in present), *(one for one in in_order if one not in present)]
        first = there[: size_of(spec.canary, len(devices))]
    begun = set(first)
    return [first, *_steps(spec, [one for one in in_order if one not in begun], total=len(devices))]


def _steps(spec: Spec, rest: Sequence[str], *, total: int) -> list[list[str]]:
    """Return ``rest`` cut into the steps; the last one is repeated until nobody is left."""
    stages: list[list[str]] = []
    begin = 0
    while begin < len(rest):
        step = spec.steps[min(len(stages), len(spec.steps) - 1)]
        stages.append(list(rest[begin : begin + size_of(step, total)]))
        begin += len(stages[-1])
    return stages


def _drawn(devices: Collection[str], salt: str) -> list[str]:
    """Return ``devices`` in an order that looks like chance and is the same whenever it is asked for."""
    return sorted(devices, key=lambda one: hashlib.sha256(f"{salt}/{one}".encode()).digest())
