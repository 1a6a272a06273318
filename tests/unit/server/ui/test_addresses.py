"""What the addresses of lists ask for: taken exactly, refused in words where it can be nothing."""

from __future__ import annotations

import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_server.ui.views import device_filter, event_filter
from skerry_server.ui.views.device_filter import ROWS_A_PAGE, device_search, tags_from
from skerry_server.ui.views.event_filter import event_search

SITES = frozenset({"home"})


def test_an_empty_address_asks_for_all_that_the_visitor_may_see():
    wanted = device_search({}, sites=SITES)
    assert (wanted.sites, wanted.limit, wanted.state, wanted.tags, wanted.after_id) == (
        SITES,
        ROWS_A_PAGE,
        None,
        {},
        None,
    )


def test_every_part_of_the_filter_arrives():
    query = {"q": " gate ", "state": "offline", "site": "home", "group": "g", "board": "b", "version": "1.0.0"}
    wanted = device_search({**query, "tag": "wing=east, spare", "out": "1", "after": "cam-7"}, sites=None)
    assert (wanted.text, wanted.state, wanted.site, wanted.group) == ("gate", "offline", "home", "g")
    assert (wanted.board, wanted.agent_version, wanted.is_decommissioned) == ("b", "1.0.0", True)
    assert (wanted.tags, wanted.after_id) == ({"wing": "east", "spare": None}, "cam-7")


def test_the_next_page_keeps_the_filter_and_nothing_else():
    query = {"q": "a&b", "state": "", "evil": "x", "after": "cam-1"}
    assert device_filter.address(query, after="cam-50") == "/devices?q=a%26b&after=cam-50"
    assert device_filter.address({}) == "/devices"
    assert event_filter.address({"label": "car"}, before=7) == "/events?label=car&before=7"


@pytest.mark.parametrize(
    "query",
    [
        {"state": "asleep"},
        {"after": "../../etc"},
        {"tag": "Bad Key=1"},
        {"q": "x" * 129},
        {"q": "a\x00b"},
        {"site": "\ud800"},
    ],
)
def test_a_device_list_that_cannot_be_is_refused(query):
    with pytest.raises(ConfigError):
        device_search(query, sites=None)


@pytest.mark.parametrize("query", [{"kind": "smell"}, {"before": "-1"}, {"before": "٣"}, {"before": "9" * 19}])
def test_an_event_feed_that_cannot_be_is_refused(query):
    with pytest.raises(ConfigError):
        event_search(query, sites=None)


def test_an_event_feed_asks_for_one_more_than_it_shows_to_know_of_a_next_page():
    assert event_search({"label": "car"}, sites=SITES).limit == event_filter.ROWS_A_PAGE + 1


def test_tags_to_be_set_need_values():
    assert tags_from("wing=east, floor = 2") == {"wing": "east", "floor": "2"}
    with pytest.raises(ConfigError, match="key=value"):
        tags_from("wing")


def test_an_event_feed_is_of_a_time_as_the_browser_s_fields_say_it():
    wanted = event_search({"from": "2026-11-22T17:30", "to": "2026-11-22T18:00"}, sites=SITES)
    assert wanted.until_ms - wanted.since_ms == 1_800_000
    assert event_filter.address({"from": "2026-11-22T17:30"}, before=7) == "/events?from=2026-11-22T17%3A30&before=7"
    for text in ("yesterday", "9999-99-99T00:00", "0001-01-01T00:00"):
        with pytest.raises(ConfigError, match="no date and time"):
            event_search({"from": text}, sites=SITES)
