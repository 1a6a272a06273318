"""The presence of a simulated fleet as the server decides it: just what the fleet says of itself."""

from __future__ import annotations

import random

import pytest

from skerry_server.presence import Evidence, observe

LONG_MS = 10**9


def decided(messages):
    known = None
    for number, message in enumerate(messages):
        evidence = Evidence(message=message, is_retained=False, received_ms=number, limit_ms=LONG_MS)
        known = observe(known, evidence) or known
    return known.state, known.reason, known.session


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_presence_is_what_the_fleet_expects_in_the_order_sent_and_in_any_other(make_fleet, play, look, seed):
    fleet = make_fleet(60, seed=seed)
    seen = look(fleet, play(fleet))
    for one in fleet.expectation().devices:
        wanted = one.presence, one.reason, one.session
        said = [message for device, message in seen.messages if device == one.device]
        assert decided(said) == wanted
        random.Random(seed).shuffle(said)
        assert decided(said) == wanted
