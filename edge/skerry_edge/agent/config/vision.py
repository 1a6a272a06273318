"""What a detection pipeline does with what its network finds: areas, limits, tracking, events and pictures."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from skerry_edge.agent.config.parts import Name, Part, Seconds, Share, Wait

MAX_AREAS = 32
"""So many zones fit into one event and one state, however long their names are."""
MAX_CORNERS = 64
Label = Annotated[str, Meta(min_length=1, max_length=128)]
Labels = Annotated[tuple[Label, ...], Meta(max_length=1000)]
Points = Annotated[tuple[tuple[Share, Share], ...], Meta(max_length=MAX_CORNERS)]
"""A polygon's corners as [x, y] in shares of the picture, from its top left corner."""


class ZoneConfig(Part, frozen=True, kw_only=True):
    """An area with a name: objects enter and leave it and are counted in it; ``labels`` are those that do, or all."""

    name: Name
    points: Points
    labels: Labels = ()


class MaskConfig(Part, frozen=True, kw_only=True):
    """An area that is not looked at: objects that stand in it are not there, and nothing moves in it."""

    points: Points


class LimitConfig(Part, frozen=True, kw_only=True):
    """What an object of one label must be to count: its score, and its box's area as a share of the picture."""

    min_score: Share = 0.0
    min_area: Share = 0.0
    max_area: Share = 1.0


class TrackingConfig(Part, frozen=True, kw_only=True):
    """When boxes of several pictures are one object.

    An object that is not seen for ``lost_after_s`` is gone. ``min_iou`` is how far a box must overlap the place where
    the object is expected. What scores less than the pipeline's ``score_threshold`` begins nothing, but what scores at
    least ``low_score`` of it, a share, keeps an object that is there.
    """

    lost_after_s: Seconds = 2.0
    min_iou: Annotated[float, Meta(gt=0.0, lt=1.0)] = 0.2
    low_score: Share = 0.5


class EventsConfig(Part, frozen=True, kw_only=True):
    """When an object is told of.

    It begins once it was seen for ``min_duration_s`` (0: at first sight) and, where ``zones`` are named, was in one of
    them. Entering or leaving a zone, and a change of a count, counts when it has lasted for ``debounce_s``. An update
    tells of another zone, or of a score that is better by ``better_by``, at most one every ``update_interval_s``.
    """

    min_duration_s: Wait = 0.0
    zones: Annotated[tuple[Name, ...], Meta(max_length=MAX_AREAS)] = ()
    debounce_s: Wait = 0.5
    update_interval_s: Wait = 2.0
    better_by: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.1


class MotionConfig(Part, frozen=True, kw_only=True):
    """A gate that spares the network pictures in which nothing moves.

    It opens when more than ``min_area`` of the picture differs by ``min_difference`` of 255 grey levels from how it
    was in the last seconds, stays open for ``open_s`` after that and as long as an object is tracked, and lets one
    picture through every ``look_every_s`` in any case.
    """

    min_area: Share = 0.002
    min_difference: Annotated[int, Meta(ge=1, le=255)] = 20
    open_s: Wait = 2.0
    look_every_s: Seconds = 10.0


class PrivacyConfig(Part, frozen=True, kw_only=True):
    """What is made unrecognisable in every picture that leaves the device, before it is a JPEG.

    ``outside`` blurs all that is in no box, ``inside`` the boxes of ``labels`` (of all labels where none is named).
    """

    blur: Literal["outside", "inside"]
    labels: Labels = ()
