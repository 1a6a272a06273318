"""A simulated fleet, everything that it does in a given time, and how a server judges that."""

from __future__ import annotations

from collections import Counter

import pytest

from skerry_edge.contracts.messages import Event, Heartbeat, session_order
from skerry_server.ingest.validate import Accepted, DeadLetter, Delivery, examine
from skerry_server.simulate.acts import Connect, Cut, Publish
from skerry_server.simulate.fleet import Fleet
from skerry_server.simulate.trouble import parse_trouble

START_MS = 1_800_000_000_000


class Onlooker:
    """A server reduced to its judgement of what is published, with wills where a connection breaks."""

    def __init__(self, sites):
        self.wills = {}
        self.letters = Counter()
        self.heard = {device: {"heartbeat": set(), "event": set()} for device in sites}
        self.messages = []
        self._sites = sites

    def watch(self, done):
        for device, act in done:
            if isinstance(act, Connect):
                self.wills[device] = act.will
            elif isinstance(act, Publish):
                self._take(act.message)
            elif isinstance(act, Cut):
                self._take(self.wills.pop(device))
            else:
                del self.wills[device]
        return self

    def _take(self, message):
        delivery = Delivery(topic=message.topic, payload=message.payload, is_retained=False, received_ms=1)
        judged = examine(delivery)
        if isinstance(judged, DeadLetter):
            self.letters[judged.reason] += 1
            return
        assert isinstance(judged, Accepted)
        device = judged.topic.device
        if judged.topic.site != self._sites[device]:
            self.letters["identity"] += 1
            return
        if judged.message is None:
            return
        self.messages.append((device, judged.message))
        if isinstance(judged.message, Heartbeat | Event):
            key = (session_order(judged.message.session), judged.message.seq)
            self.heard[device][judged.topic.kind].add(key)


@pytest.fixture
def make_fleet():
    """Return a function that makes a fleet of devices that beat ten times a second."""

    def make(count=30, *, seed=7, trouble="harsh", rate=10.0, start_ms=START_MS, **more):
        return Fleet(count, rate=rate, seed=seed, trouble=parse_trouble(trouble), start_ms=start_ms, **more)

    return make


@pytest.fixture
def play():
    """Return a function that lets a fleet do what it does within ``seconds``, asked every ``step_ms``."""

    def run(fleet, seconds=4.0, *, step_ms=None):
        end_ms = fleet.start_ms + int(seconds * 1000)
        done = []
        for until_ms in range(fleet.start_ms, end_ms, step_ms or end_ms - fleet.start_ms):
            done += [(device.name, act) for device, acts in fleet.advance(until_ms) for act in acts]
        return done + [(device.name, act) for device, acts in fleet.advance(end_ms) for act in acts]

    return run


@pytest.fixture
def look():
    """Return a function that has everything judged that a fleet does."""

    def look_at(fleet, done):
        return Onlooker({one.name: one.site for one in fleet.devices}).watch(done)

    return look_at
