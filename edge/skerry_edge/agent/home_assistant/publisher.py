"""Keeps Home Assistant's picture of the device at the broker, and takes it away when it is not wanted any more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import islice

from skerry_edge.agent.home_assistant.discovery import Appearance, discovery_payload, platforms
from skerry_edge.agent.home_assistant.known import Known, drop_known, load_known, save_known
from skerry_edge.agent.life.loop import NEVER_S
from skerry_edge.agent.life.state_files import StateFiles
from skerry_edge.agent.mqtt.bulletins import Bulletin
from skerry_edge.agent.mqtt.session import Session
from skerry_edge.agent.reports.state import Throttle

INTERVAL_S = 5.0
"""A label that is seen for the first time makes a new entity; a busy street shows many at once."""
MAX_GONE = 100
"""Of so many entities that are gone Home Assistant is told, the ones that went last."""


class Discovery:
    """Publishes how the device appears whenever that changes (a Duty).

    What was counted once stays an entity, over a restart as well: it must be able to say 0.
    """

    def __init__(self, read: Callable[[], Appearance], *, topic: str, files: StateFiles, session: Session) -> None:
        self._read = read
        self._topic = topic
        self._files = files
        self._session = session
        self._throttle = Throttle(INTERVAL_S)
        self._published: Appearance | None = None
        known = load_known(files)
        if known is not None and known.topic != topic:
            session.post(Bulletin(topic=known.topic, make=bytes))
            known = None
        self._known = known or Known(topic=topic, components={}, counted=[])

    def act(self, now_s: float) -> float:
        """Publish a change (see Duty)."""
        appearance = self._with_what_was_counted(self._read())
        if appearance == self._published:
            return NEVER_S
        if not self._throttle.passes(now_s):
            return self._throttle.due_s()
        self._published = appearance
        components = platforms(appearance)
        gone = {key: platform for key, platform in self._known.components.items() if key not in components}
        gone = dict(islice(gone.items(), max(0, len(gone) - MAX_GONE), None))
        # Kept for a Home Assistant that is away now.
        self._known = Known(topic=self._topic, components=gone | components, counted=sorted(appearance.counted))
        save_known(self._files.folder, self._known)
        self._session.post(Bulletin(topic=self._topic, make=partial(discovery_payload, appearance, gone)))
        return NEVER_S

    def keep(self) -> None:
        """Have what Home Assistant was told on disk once more, where that lost it."""
        if self._known.components:
            save_known(self._files.folder, self._known)

    def _with_what_was_counted(self, appearance: Appearance) -> Appearance:
        counted = {*self._known.counted, *appearance.counted}
        return replace(appearance, counted=frozenset(one for one in counted if one[0] in appearance.places))


class Farewell:
    """Takes the device away from Home Assistant where an earlier run made it known there (a Duty)."""

    def __init__(self, *, files: StateFiles, session: Session) -> None:
        self._files = files
        self._known = load_known(files)
        self._is_taken = threading.Event()
        if self._known is not None:
            # That the broker has it is heard in the session's thread; the record is this one's, which may make another.
            session.post(Bulletin(topic=self._known.topic, make=bytes, when_taken=self._is_taken.set))

    def act(self, now_s: float) -> float:
        """Keep no record any more once the broker has it (see Duty)."""
        if self._known is None:
            return NEVER_S
        if not self._is_taken.is_set():
            return now_s + INTERVAL_S
        drop_known(self._files.folder)
        self._known = None
        return NEVER_S

    def keep(self) -> None:
        """Have on disk once more what is still to be taken away, where that lost it."""
        if self._known is not None:
            save_known(self._files.folder, self._known)
