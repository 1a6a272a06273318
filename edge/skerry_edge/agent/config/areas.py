"""What is wrong between the parts of a detection pipeline's configuration: areas, names of zones, labels. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion
from skerry_edge.vision.polygons import fault_of

KeyPath = tuple[str | int, ...]
Problem = tuple[KeyPath, ConfigError]
"""A key, counted from the pipeline's own table, and what is wrong with it."""


def problem_of(pipeline: DetectionPipeline) -> Problem | None:
    """Return the first thing that is wrong, whatever model runs."""
    return next(_problems(pipeline), None)


def label_problem(pipeline: DetectionPipeline, known: Collection[str]) -> Problem | None:
    """Return the first label that is not among those of the model, ``known``: nothing would ever be found under it."""
    for key, label in _named_labels(pipeline):
        if label not in known:
            todo = suggestion(label, known, otherwise=f"its labels: {', '.join(sorted(known))}"[:500])
            return key, ConfigError("the model knows no such label", found=f"'{label}'", todo=todo)
    return None


def _problems(pipeline: DetectionPipeline) -> Iterator[Problem]:
    areas = [("zones", index, one.points) for index, one in enumerate(pipeline.zones)]
    areas += [("masks", index, one.points) for index, one in enumerate(pipeline.masks)]
    for kind, index, points in areas:
        if (fault := fault_of(points)) is not None:
            todo = "name the corners in their order around the area; `skerry agent preview` draws them"
            yield (kind, index, "points"), ConfigError("this is no area", found=fault, todo=todo)
    yield from _zone_problems(pipeline)
    for label, limit in pipeline.limits.items():
        if limit.min_area > limit.max_area:
            found = f"min_area {limit.min_area:g}, max_area {limit.max_area:g}"
            yield ("limits", label), ConfigError("no object is small and large enough for this", found=found)
    if pipeline.labels:
        yield from _unwanted_labels(pipeline)


def _zone_problems(pipeline: DetectionPipeline) -> Iterator[Problem]:
    names = [zone.name for zone in pipeline.zones]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield ("zones", index, "name"), ConfigError("two zones have the same name", found=f"'{name}'")
    for name in pipeline.events.zones:
        if name not in names:
            todo = suggestion(name, names, otherwise=f"zones here: {', '.join(names) or 'none'}")
            yield ("events", "zones"), ConfigError("there is no such zone", found=f"'{name}'", todo=todo)


def _unwanted_labels(pipeline: DetectionPipeline) -> Iterator[Problem]:
    """Find limits and zones for labels that are not looked for; what is blurred need not be."""
    for key, label in _named_labels(pipeline):
        if label not in pipeline.labels and key[0] in ("limits", "zones"):
            todo = suggestion(label, pipeline.labels, otherwise="add it to 'labels'")
            yield key, ConfigError("this label is not looked for", found=f"'{label}'", todo=todo)


def _named_labels(pipeline: DetectionPipeline) -> Iterator[tuple[KeyPath, str]]:
    yield from ((("labels",), label) for label in pipeline.labels)
    yield from ((("limits", label), label) for label in pipeline.limits)
    for index, zone in enumerate(pipeline.zones):
        yield from ((("zones", index, "labels"), label) for label in zone.labels)
    if pipeline.privacy is not None:
        yield from ((("privacy", "labels"), label) for label in pipeline.privacy.labels)
