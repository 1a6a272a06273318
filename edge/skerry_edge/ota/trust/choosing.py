"""Which of the signed targets a device takes for a release, and whether it may. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.release import MAX_TARGET_BYTES, Kind, Release, decode_release
from skerry_edge.ota.choice import Choice, Target, Wanted
from skerry_edge.ota.trust.counters import Counters
from skerry_edge.ota.trust.device import Device, version_order

Fits = Callable[[Release], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A target as the signed metadata lists it; ``sha256`` None where it gives other hashes alone."""

    path: str
    location: str
    length: int
    sha256: str | None
    custom: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a device has releases of; ``variant`` is that of the backend which it runs, None for the agent."""

    kind: Kind
    name: str
    variant: str | None = None


def choose(
    wanted: Wanted,
    listed: Sequence[Listed],
    device: Device,
    counters: Counters,
    *,
    have_sha256: str | None = None,
) -> Choice:
    """Return the target of ``wanted`` for ``device``, and the patch to it from the file that has ``have_sha256``.

    Raises ReleaseError: ``not-found``, ``wrong-board``, ``wrong-platform``, ``agent-too-old``, ``counter``, ``terms``.
    """
    prefix = f"{wanted.kind}/{wanted.name}/{wanted.version}/"
    there = [(one, decode_release(one.path, one.custom)) for one in listed if one.path.startswith(prefix)]
    full = [(one, release) for one, release in there if release.patch is None]
    full = _narrowed(
        wanted, full, lambda one: one.variant == wanted.variant or one.kind == "agent", "not-found", device
    )
    full = _narrowed(wanted, full, lambda one: device.board in one.boards, "wrong-board", device)
    full = _narrowed(
        wanted, full, lambda one: one.kind == "model" or device.interpreter.takes(one), "wrong-platform", device
    )
    # Of several that run here, the one for the newest glibc is the one that was made for such a device.
    chosen, release = max(full, key=lambda one: device.interpreter.glibc_for(one[1].platform) or (0, 0))
    _check_agent(release, device)
    _check_counter(wanted, release, counters.lowest(wanted.subject))
    target = _target(chosen)
    return Choice(release=release, target=target, **_patch(there, target, device, have_sha256))


def newest(wanted: Subject, listed: Sequence[Listed], device: Device, counters: Counters) -> Wanted | None:
    """Return the release of ``wanted`` with the highest counter that `choose` would take; None where there is none.

    What cannot be read is passed over: it may be for agents to come.
    """
    prefix = f"{wanted.kind}/{wanted.name}/"
    found = [one for one in listed if one.path.startswith(prefix)]
    best: Wanted | None = None
    for version in sorted({one.path.split("/")[2] for one in found}):
        asked = Wanted(kind=wanted.kind, name=wanted.name, version=version, variant=wanted.variant)
        counter = _counter_of(asked, found, device, counters)
        if counter is not None and (best is None or counter > (best.counter or 0)):
            best = msgspec.structs.replace(asked, counter=counter)
    return best


def _counter_of(asked: Wanted, listed: Sequence[Listed], device: Device, counters: Counters) -> int | None:
    try:
        return choose(asked, listed, device, counters).release.counter
    except ReleaseError:
        return None


def _narrowed(
    wanted: Wanted, there: list[tuple[Listed, Release]], fits: Fits, reason: str, device: Device
) -> list[tuple[Listed, Release]]:
    """Return those that fit. Raises ReleaseError where none does, with what there is instead."""
    found = [one for one in there if fits(one[1])]
    if found:
        return found
    others = ", ".join(sorted(one.path for one, _ in there)[:10])
    raise ReleaseError(
        reason,
        _WHY[reason],
        where=f"{wanted.subject} {wanted.version}",
        found=f"for board {device.board}, variant {wanted.variant}, {device.interpreter}: {others or 'no target'}",
    )


_WHY = {
    "not-found": "the repository has no such release",
    "wrong-board": "the release is not for this board",
    "wrong-platform": "no wheels of the release run here",
}


def _check_agent(release: Release, device: Device) -> None:
    least = release.minimum_agent
    if least is not None and version_order(device.agent_version) < version_order(least):
        raise ReleaseError(
            "agent-too-old",
            "the release asks for a newer agent",
            where=f"{release.subject} {release.version}",
            found=f"agent {device.agent_version} instead of {least} or newer",
            todo="update the agent first",
        )


def _check_counter(wanted: Wanted, release: Release, floor: int) -> None:
    where = f"{release.subject} {release.version}"
    if wanted.counter not in (None, release.counter):
        found = f"{wanted.counter} in the order, {release.counter} in the signed metadata"
        raise ReleaseError(
            "counter", "the order and the metadata differ in the release counter", where=where, found=found
        )
    if release.counter < floor:
        raise ReleaseError(
            "counter",
            "the release counter is lower than one that the device must not go below",
            where=where,
            found=f"{release.counter}, below {floor}",
            todo="publish it anew, with a higher counter",
        )


def _target(listed: Listed) -> Target:
    if listed.sha256 is None or not 1 <= listed.length <= MAX_TARGET_BYTES:
        found = f"{listed.length} bytes, sha256 {listed.sha256}"
        raise ReleaseError("terms", "a target has no length or hash to go by", where=listed.path, found=found)
    return Target(path=listed.path, location=listed.location, sha256=listed.sha256, length=listed.length)


def _patch(
    there: list[tuple[Listed, Release]], full: Target, device: Device, have_sha256: str | None
) -> dict[str, Any]:
    """Return the fields of a Choice for the patch that leads from the file held to ``full``; none without any."""
    for listed, release in there:
        patch = release.patch
        if (
            patch is not None
            and have_sha256 == patch.from_sha256
            and (patch.to_sha256, patch.to_length) == (full.sha256, full.length)
            and device.board in release.boards
            and listed.length < full.length
        ):
            return {"patch": _target(listed), "patch_from_sha256": patch.from_sha256}
    return {}
