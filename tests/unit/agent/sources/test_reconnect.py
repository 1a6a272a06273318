"""When a source is opened again, and what is news of its failures."""

from __future__ import annotations

import itertools

from skerry_edge.agent.sources import reconnect
from skerry_edge.agent.sources.reconnect import STABLE_AFTER_S, Outages


def test_waits_grow_from_failure_to_failure_and_end_at_half_a_minute() -> None:
    outages, waits = Outages(), []
    for _ in range(12):
        outages = reconnect.failed(outages, "refused", 0.0)
        waits.append(reconnect.delay_s(outages, 1.0))
    assert waits[:3] == [0.5, 1.0, 2.0]
    assert waits == sorted(waits)
    assert waits[-1] == 30.0


def test_a_wrong_login_is_tried_rarely_since_cameras_lock_accounts() -> None:
    assert reconnect.delay_s(reconnect.failed(Outages(), "unauthorized", 0.0), 1.0) == 30.0


def test_only_a_source_that_lasts_is_well_again() -> None:
    failed = reconnect.failed(reconnect.failed(Outages(), "refused", 0.0), "refused", 1.0)
    flapping = reconnect.failed(reconnect.delivered(failed, 2.0), "ended", 3.0)
    lasting = reconnect.failed(reconnect.delivered(failed, 2.0), "ended", 2.0 + STABLE_AFTER_S)
    assert (flapping.failures, lasting.failures) == (3, 1)


def test_a_failure_is_news_once_and_so_is_its_end() -> None:
    refused = reconnect.failed(Outages(), "refused", 0.0)
    again = reconnect.failed(refused, "refused", 1.0)
    worse = reconnect.failed(again, "unauthorized", 2.0)
    well = reconnect.delivered(worse, 3.0)
    steps = [Outages(), refused, again, worse, well, reconnect.delivered(well, 4.0)]
    news = [reconnect.is_news(before, after) for before, after in itertools.pairwise(steps)]
    assert news == [True, False, True, True, False]


def test_a_source_that_delivers_from_the_start_is_no_news() -> None:
    assert not reconnect.is_news(Outages(), reconnect.delivered(Outages(), 0.0))
