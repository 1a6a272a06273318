"""Who gets a release, and who does not and why: a device held against what a rollout aims at. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from skerry_edge.foundation.nearest import suggestion
from skerry_server.rollouts.past import Past
from skerry_server.rollouts.spec import Spec, Target
from skerry_server.rollouts.stages import divide

WHY_NOT: dict[str, str] = {
    "never-heard": "the device has never said what it runs",
    "wrong-board": "the release is not for this board",
    "no-such-model": "the device does not run this model",
    "has-it": "the device runs this version already",
    "older": "the device has had a release with a higher counter, and refuses this one: publish it anew",
}
"""Why a device that is meant gets nothing, in one word, and the sentence for people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A device in service as the registry knows it. ``models`` are "name version"; ``is_present`` says: not offline."""

    device: str
    site: str
    board: str | None
    agent_version: str | None
    models: tuple[str, ...]
    is_present: bool
    groups: frozenset[str]
    tags: Mapping[str, str]
    past: Past = field(default_factory=Past)

    def version_of(self, kind: str, name: str) -> str | None:
        """Return which version of the model, or of the agent, runs here; None where none does."""
        if kind == "agent":
            return self.agent_version
        running = (one for text in self.models for one in _apart(text))
        return next((version for model, version in running if model == name), None)


def _apart(text: str) -> list[tuple[str, str]]:
    """Return the models of one pipeline, name and version: one that listens for several words joins them with "+"."""
    names, _, versions = text.rpartition(" ")
    pairs = names.split("+"), versions.split("+")
    # A version may have a "+" of its own.
    return list(zip(*pairs, strict=True)) if len(pairs[0]) == len(pairs[1]) else [(names, versions)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """What a rollout has in mind for one device: its stage, or why it gets nothing (a word of WHY_NOT)."""

    device: str
    site: str
    board: str | None
    from_version: str | None
    is_present: bool
    stage: int | None = None
    why_not: str | None = None


def plan(spec: Spec, fleet: Iterable[Candidate]) -> list[Planned]:
    """Return every device of ``fleet`` that is meant, in the order of its stage, then those that get nothing.

    The same spec and fleet give the same stages. Raises ConflictError where the canary group has nobody to begin with.
    """
    meant = {one.device: one for one in fleet if is_meant(spec, one)}
    refused = {device: why for device, one in meant.items() if (why := why_not(spec, one)) is not None}
    fit = meant.keys() - refused.keys()
    stages = divide(
        spec,
        fit,
        canaries=_canaries(spec, meant.values()),
        present={device for device in fit if meant[device].is_present},
        salt=f"{spec.subject}@{spec.version}",
    )
    found = [
        _planned(spec, meant[device], stage=number) for number, stage in enumerate(stages) for device in sorted(stage)
    ]
    return found + [_planned(spec, meant[device], why_not=refused[device]) for device in sorted(refused)]


def fits_nobody(spec: Spec, fleet: Collection[Candidate]) -> list[str]:
    """Return what the target asks for and no device of ``fleet`` has, each with what was probably meant."""
    target = spec.target
    asked = (
        ("group", target.groups, {name for one in fleet for name in one.groups}),
        ("board", target.boards, {one.board for one in fleet if one.board is not None}),
        ("site", target.sites, {one.site for one in fleet}),
        ("version", target.versions, {one.version_of(spec.kind, spec.name) or "" for one in fleet}),
        ("device", target.devices, {one.device for one in fleet}),
    )
    missing = [
        f"{what} {value}{_perhaps(value, there)}"
        for what, values, there in asked
        for value in values
        if value not in there
    ]
    tags = [(key, value) for key, value in target.tags.items() if not any(_is_tagged(one, key, value) for one in fleet)]
    return missing + [f"tag {key}={value}" if value else f"tag {key}" for key, value in tags]


def is_meant(spec: Spec, one: Candidate) -> bool:
    """Tell whether a device fits all that the target asks for."""
    target: Target = spec.target
    version = one.version_of(spec.kind, spec.name)
    return (
        _among(one.site, target.sites)
        and _among(one.board, target.boards)
        and _among(one.device, target.devices)
        and _among(version, target.versions)
        and (not target.groups or not one.groups.isdisjoint(target.groups))
        and all(_is_tagged(one, key, value) for key, value in target.tags.items())
    )


def why_not(spec: Spec, one: Candidate) -> str | None:
    """Return why a device that is meant gets nothing, a word of WHY_NOT; None where it gets the release."""
    if one.board is None:
        return "never-heard"
    if spec.boards and one.board not in spec.boards:
        return "wrong-board"
    version = one.version_of(spec.kind, spec.name)
    if version is None:
        return "no-such-model"
    if version == spec.version:
        return "has-it"
    return "older" if one.past.refuses(spec.version, spec.counter) else None


def _canaries(spec: Spec, meant: Iterable[Candidate]) -> set[str]:
    return {one.device for one in meant if spec.canary_group is not None and spec.canary_group in one.groups}


def _planned(spec: Spec, one: Candidate, *, stage: int | None = None, why_not: str | None = None) -> Planned:
    return Planned(
        device=one.device,
        site=one.site,
        board=one.board,
        from_version=one.version_of(spec.kind, spec.name),
        is_present=one.is_present,
        stage=stage,
        why_not=why_not,
    )


def _is_tagged(one: Candidate, key: str, value: str) -> bool:
    return key in one.tags and value in ("", one.tags[key])


def _perhaps(value: str, there: Collection[str]) -> str:
    question = suggestion(value, there, otherwise="")
    return f" ({question})" if question else ""


def _among(value: str | None, wanted: Collection[str]) -> bool:
    return not wanted or value in wanted
