"""Alerts as rows: one that lasts for each cause, seen to by people, and silenced where they ask for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_server.errors import ConflictError
from skerry_server.registry.alerts import (
    AlertSearch,
    Cause,
    acknowledge,
    count_firings,
    count_open_alerts,
    fire,
    list_alerts,
    mark_notified,
    open_alerts,
    over_untold,
    resolve,
    worsen,
)
from skerry_server.registry.fleet.groups import add_group, add_members, groups_of
from skerry_server.registry.silences import active_silences, add_silence, end_silence, holds_for


def cause(device="cam-1", *, rule="hot", subject="", value=81.5):
    return Cause(rule=rule, device=device, subject=subject, severity="warning", value=value, detail="81.5 °C\x00")


def test_of_one_cause_one_alert_lasts(fleet):
    with fleet.transaction() as session:
        assert fire(session, [cause()], now_ms=5) == 1
        assert fire(session, [cause(value=90.0), cause(subject="camera"), cause(device=None)], now_ms=6) == 2
        assert fire(session, [cause(device=None)], now_ms=9) == 0
        first = open_alerts(session)[0]
        assert (first.began_ms, first.value, first.detail) == (5, 81.5, "81.5 °C\ufffd")
        assert count_open_alerts(session) == {"warning": 3}


def test_what_is_over_fires_again_as_another(fleet):
    with fleet.transaction() as session:
        fire(session, [cause()], now_ms=5)
        (one,) = open_alerts(session)
        assert resolve(session, [one.id], now_ms=9) == 1
        assert resolve(session, [one.id], now_ms=10) == 0
        assert fire(session, [cause()], now_ms=11) == 1
        session.expire_all()
        assert [(row.state, row.ended_ms) for row in list_alerts(session, AlertSearch())] == [
            ("firing", None),
            ("resolved", 9),
        ]
        assert count_firings(session, since_ms=8) == {("hot", "cam-1", ""): 2}
        assert count_firings(session, since_ms=9) == {("hot", "cam-1", ""): 1}


def test_people_who_were_told_of_an_alert_are_to_be_told_of_its_end_once(fleet):
    with fleet.transaction() as session:
        fire(session, [cause(), cause(subject="camera")], now_ms=5)
        told, untold = open_alerts(session)
        mark_notified(session, [told.id], now_ms=6)
        resolve(session, [told.id, untold.id], now_ms=9)
        assert [row.id for row in over_untold(session, since_ms=0)] == [told.id]
        mark_notified(session, [told.id], now_ms=10)
        assert over_untold(session, since_ms=0) == []


def test_an_alert_is_seen_to_once_and_only_while_it_fires(fleet, ann):
    with fleet.transaction() as session:
        fire(session, [cause()], now_ms=5)
        (one,) = open_alerts(session)
        acknowledge(session, ann, one.id)
        assert (one.state, one.acknowledged_by) == ("acknowledged", "ann")
        assert fire(session, [cause()], now_ms=6) == 0
    with pytest.raises(ConflictError), fleet.transaction() as session:
        acknowledge(session, ann, one.id)


def test_what_gets_worse_fires_again_and_is_to_be_told_again(fleet, ann):
    with fleet.transaction() as session:
        fire(session, [cause()], now_ms=5)
        (one,) = open_alerts(session)
        mark_notified(session, [one.id], now_ms=6)
        acknowledge(session, ann, one.id)
        worsen(session, one.id, replace(cause(value=95.0), severity="critical"))
        session.expire_all()
        assert (one.state, one.severity, one.value) == ("firing", "critical", 95.0)
        assert (one.acknowledged_by, one.notified_ms) == (None, None)


def test_alerts_are_found_by_device_state_rule_and_site(fleet):
    with fleet.transaction() as session:
        for device in ("cam-1", "bell-1", None):
            fire(session, [cause(device=device)], now_ms=5)
        fire(session, [cause(rule="offline")], now_ms=6)

        def found(**wanted):
            return [(row.rule, row.device) for row in list_alerts(session, AlertSearch(**wanted))]

        assert found(device="cam-1") == [("offline", "cam-1"), ("hot", "cam-1")]
        assert found(rule="hot", sites=frozenset({"yard"})) == [("hot", "bell-1")]
        assert found(state="resolved") == []
        newest, *rest = list_alerts(session, AlertSearch())
        assert [row.id for row in list_alerts(session, AlertSearch(before_id=newest.id))] == [row.id for row in rest]


def test_a_silence_holds_for_what_all_its_fields_name_and_until_its_end(fleet, ann):
    with fleet.transaction() as session:
        add_group(session, ann, "yard-work")
        add_members(session, ann, "yard-work", ["bell-1"])
        one = add_silence(session, ann, until_ms=5_000, comment="digging", rule="offline", group="yard-work")

        def quiet(rule, device, now_ms=2_000):
            groups = groups_of(session, device) if device else ()
            silences = active_silences(session, now_ms=now_ms)
            return any(holds_for(one, rule=rule, device=device, groups=groups) for one in silences)

        assert quiet("offline", "bell-1")
        assert not quiet("hot", "bell-1")
        assert not quiet("offline", "cam-1")
        assert not quiet("offline", None)
        assert not quiet("offline", "bell-1", now_ms=5_000)
        end_silence(session, ann, one.id)
        assert not quiet("offline", "bell-1")
        add_silence(session, ann, until_ms=5_000, comment="all of it")
        assert quiet("disk", None)
        assert [row.comment for row in active_silences(session, now_ms=2_000)] == ["all of it"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("wanted", [{"until_ms": 1_000}, {"until_ms": 2_000, "device": "cam-9"}])
def test_a_silence_that_means_nothing_is_refused(fleet, ann, wanted):
    with pytest.raises(ConfigError), fleet.transaction() as session:
        add_silence(session, ann, comment="", **wanted)
