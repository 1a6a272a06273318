"""An object's life as events: when it begins, when an update is worth sending, and when it ends. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.watching.debounce import Debounced
from skerry_edge.agent.watching.sieve import anchor_of
from skerry_edge.contracts.messages import Sight
from skerry_edge.vision.polygons import contains
from skerry_edge.vision.tracking.tracker import Track


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """Something to tell of an object; ``ts_ms`` is when it was seen so, ``began_ms`` when its begin was told of.

    ``after`` is how it is now, ``before`` what was told last. An end has no zones. A picture of it now is a good one
    where ``is_good_look``.
    """

    phase: Literal["begin", "update", "end"]
    track: int
    label: str
    ts_ms: int
    began_ms: int
    after: Sight
    before: Sight | None = None
    is_good_look: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Present:
    """An object that has begun and not ended: its track, its name and the zones that it is in."""

    track: Track
    label: str
    zones: tuple[str, ...]


class _Story:
    """One object's: ``told`` is what was told last, None before its begin."""

    def __init__(self, track: Track, label: str, places: dict[str, Debounced[bool]]) -> None:
        self.track = track
        self.label = label
        self.places = places
        self.seen_ms = 0
        self.began_ms = 0
        self.told: Sight | None = None
        self.told_s = 0.0

    @property
    def zones(self) -> tuple[str, ...]:
        return tuple(name for name, is_in in self.places.items() if is_in.value)

    def now(self) -> Sight:
        return Sight(score=round(self.track.best_score, 4), box=self.track.box.edges, zones=self.zones)


class Storyteller:
    """Follows the tracks of one pipeline; ``name_of`` names a class."""

    def __init__(self, config: DetectionPipeline, name_of: Callable[[int], str]) -> None:
        self._config = config
        self._events = config.events
        self._name_of = name_of
        self._stories: dict[int, _Story] = {}

    @property
    def present(self) -> list[Present]:
        """The objects that have begun and not ended."""
        return [
            Present(track=one.track, label=one.label, zones=one.zones)
            for one in self._stories.values()
            if one.told is not None
        ]

    def follow(self, tracks: Sequence[Track], *, now_s: float, ts_ms: int) -> list[Told]:
        """Take the tracks after a picture that was captured at ``ts_ms``, and return what is to be told."""
        told = [*self._ends(self._gone(tracks))]
        for track in tracks:
            story = self._stories.get(track.number)
            if story is None:
                story = self._stories[track.number] = self._begin_story(track)
            story.track = track
            if track.is_in_sight:
                story.seen_ms = ts_ms
                self._place(story, now_s)
                one = self._news(story, now_s)
                if one is not None:
                    told.append(one)
        return told

    def end_all(self) -> list[Told]:
        """Return the end of every object that is there, and forget them."""
        ended, self._stories = list(self._stories.values()), {}
        return self._ends(ended)

    def _gone(self, tracks: Sequence[Track]) -> list[_Story]:
        there = {one.number for one in tracks}
        return [self._stories.pop(number) for number in list(self._stories) if number not in there]

    def _ends(self, stories: Sequence[_Story]) -> list[Told]:
        return [
            Told(
                phase="end",
                track=one.track.number,
                label=one.label,
                ts_ms=one.seen_ms,
                began_ms=one.began_ms,
                after=Sight(score=round(one.track.best_score, 4), box=one.track.box.edges),
                before=one.told,
            )
            for one in stories
            if one.told is not None
        ]

    def _begin_story(self, track: Track) -> _Story:
        """Begin with the zones that it is first seen in: what appears in one has not just entered it by an error."""
        label = self._name_of(track.class_id)
        is_in = self._is_in(track, label)
        places = {name: Debounced(inside, self._events.debounce_s) for name, inside in is_in.items()}
        return _Story(track, label, places)

    def _is_in(self, track: Track, label: str) -> dict[str, bool]:
        anchor = anchor_of(track.box.edges, self._config)
        zones = (zone for zone in self._config.zones if not zone.labels or label in zone.labels)
        return {zone.name: contains(zone.points, anchor) for zone in zones}

    def _place(self, story: _Story, now_s: float) -> None:
        for name, inside in self._is_in(story.track, story.label).items():
            story.places[name].give(inside, now_s)

    def _news(self, story: _Story, now_s: float) -> Told | None:
        after = story.now()
        if story.told is None:
            if not self._is_due(story):
                return None
            story.began_ms = story.seen_ms
            return self._tell(story, "begin", after, now_s, is_good_look=True)
        is_better = story.track.box.score >= story.told.score + self._events.better_by
        if after.zones == story.told.zones and not is_better:
            return None
        if now_s - story.told_s < self._events.update_interval_s:
            return None
        return self._tell(story, "update", after, now_s, is_good_look=is_better)

    def _is_due(self, story: _Story) -> bool:
        if story.track.seen_s - story.track.began_s < self._events.min_duration_s:
            return False
        return not self._events.zones or not set(self._events.zones).isdisjoint(story.zones)

    def _tell(
        self, story: _Story, phase: Literal["begin", "update"], after: Sight, now_s: float, *, is_good_look: bool
    ) -> Told:
        before, story.told, story.told_s = story.told, after, now_s
        return Told(
            phase=phase,
            track=story.track.number,
            label=story.label,
            ts_ms=story.seen_ms,
            began_ms=story.began_ms,
            after=after,
            before=before,
            is_good_look=is_good_look,
        )
