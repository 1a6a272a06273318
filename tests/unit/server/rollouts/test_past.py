"""What a device would refuse, by what rollouts brought to it."""

from __future__ import annotations

import pytest

from skerry_server.rollouts.past import Taken, past_of

COUNTERS = {"1.0.0": 1, "2.0.0": 2, "3.0.0": 3}
TWO = Taken(version="2.0.0", counter=2, from_version="1.0.0", state="committed")
THREE = Taken(version="3.0.0", counter=3, from_version="2.0.0", state="committed")
THREE_AND_BACK = Taken(version="3.0.0", counter=3, from_version="2.0.0", state="returned")


@pytest.mark.parametrize(
    ("taken", "running", "refused"),
    [
        ((), "0.9.0", []),
        ((TWO,), "2.0.0", []),
        ((TWO, THREE), "3.0.0", ["1.0.0"]),
        ((TWO, THREE_AND_BACK), "2.0.0", ["1.0.0", "2.0.0"]),
        # A stick brought 3.0.0: the device keeps 2.0.0, whichever came before that.
        ((TWO,), "3.0.0", ["1.0.0"]),
        ((), "3.0.0", ["1.0.0", "2.0.0"]),
    ],
)
def test_a_device_refuses_a_lower_counter_but_for_the_version_that_it_keeps(taken, running, refused):
    past = past_of(taken, running=running, counters=COUNTERS)
    assert [version for version, counter in COUNTERS.items() if past.refuses(version, counter)] == refused
