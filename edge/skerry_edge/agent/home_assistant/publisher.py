"""Keeps Home Assistant's picture of the device at the broker, and takes it away when it is not wanted any more."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from skerry_edge.agent.bulletins import Bulletin
from skerry_edge.agent.home_assistant.discovery import Appearance, discovery_payload, discovery_topic
from skerry_edge.agent.loop import NEVER_S
from skerry_edge.agent.session import Session
from skerry_edge.agent.state import Throttle
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import SkerryError

_log = logging.getLogger(__name__)
MARK = "home-assistant"
"""In the state directory: the topic under which the device is known to Home Assistant, if it is."""
_TOPIC = re.compile(r"[A-Za-z0-9_/-]{1,128}/device/skerry-[a-z0-9-]{1,63}/config\Z")
INTERVAL_S = 5.0
"""A label that is seen for the first time makes a new entity; a busy street shows many at once."""


class Discovery:
    """Publishes how the device appears whenever that changes (a Duty)."""

    def __init__(self, read: Callable[[], Appearance], *, prefix: str, state_dir: Path, session: Session) -> None:
        self._read = read
        self._prefix = prefix
        self._session = session
        self._mark = state_dir / MARK
        self._throttle = Throttle(INTERVAL_S)
        self._published: Appearance | None = None

    def act(self, now_s: float) -> float:
        """Publish a change (see Duty)."""
        appearance = self._read()
        if appearance == self._published:
            return NEVER_S
        if not self._throttle.passes(now_s):
            return self._throttle.due_s()
        if self._published is None:
            self._remember(discovery_topic(self._prefix, appearance.device))
        self._published = appearance
        topic = discovery_topic(self._prefix, appearance.device)
        self._session.post(Bulletin(topic=topic, make=partial(discovery_payload, appearance)))
        return NEVER_S

    def _remember(self, topic: str) -> None:
        """Keep the topic, so that a later run that is not to use it takes the message away."""
        forget_elsewhere(self._mark, topic, self._session)
        try:
            write_atomic(self._mark, topic.encode())
        except SkerryError as error:
            _log.warning("Home Assistant will go on showing this device when it is switched off: %s", error)


def forget(state_dir: Path, session: Session) -> None:
    """Take the device away from Home Assistant if an earlier run made it known there."""
    forget_elsewhere(state_dir / MARK, None, session)


def forget_elsewhere(mark: Path, topic: str | None, session: Session) -> None:
    """Have the broker forget the message that ``mark`` names, unless that is ``topic``."""
    try:
        known = mark.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        _log.warning("cannot tell whether Home Assistant knows this device: %s", error)
        return
    if not _TOPIC.match(known):
        _log.warning("%s is damaged; a message of old may stay at the broker", mark)
    elif known != topic:
        taken = None if topic is not None else partial(mark.unlink, missing_ok=True)
        session.post(Bulletin(topic=known, make=bytes, when_taken=taken))
