"""What people are told: many alerts in one message, not too often, and nothing that nobody wants to hear."""

from __future__ import annotations

from dataclasses import replace

from skerry_server.alerts.digest import MAX_LINES, MAX_MESSAGES, Alert, Timing, merged, messages

TIMING = Timing(group_wait_ms=30_000, group_interval_ms=300_000, repeat_ms=3_600_000)
T0 = 1_700_000_000_000


def alert(number, *, site="harbour", began_s=0, **changes):
    defaults = {
        "rule": "offline",
        "kind": "offline",
        "device": f"cam-{number}",
        "subject": "",
        "severity": "critical",
        "detail": "nothing heard for 90 s",
    }
    return Alert(id=number, site=site, began_ms=T0 + began_s * 1000, **(defaults | changes))


def told(alerts, at_s, *, sizes=None):
    return messages(alerts, sizes or {}, TIMING, now_ms=T0 + round(at_s * 1000))


def test_what_begins_within_the_wait_is_told_in_one_message_that_guesses_the_cause():
    alerts = [alert(number, began_s=number % 20) for number in range(37)]
    assert told(alerts, 29) == []
    (one,) = told(alerts, 30, sizes={"harbour": 40})
    assert one.title == "[critical] 37 devices of site harbour are offline since 14 Nov 22:13 UTC: broker or uplink?"
    assert one.body.splitlines()[0] == "cam-0: nothing heard for 90 s"
    assert one.body.splitlines()[MAX_LINES:] == ["… and 27 more"]
    assert len(one.alerts) == 37


def test_few_devices_of_a_large_site_have_no_common_cause():
    (one,) = told([alert(1), alert(2), alert(3)], 30, sizes={"harbour": 40})
    assert "uplink" not in one.title


def test_sites_and_rules_are_told_apart():
    alerts = [alert(1), alert(2, site="yard"), alert(3, rule="hot", kind="temperature", severity="warning")]
    assert [one.title[:30] for one in told(alerts, 30)] == [
        "[critical] cam-1 of site harbo",
        "[critical] cam-2 of site yard ",
        "[warning] cam-3 of site harbou",
    ]


def test_what_joins_a_group_waits_until_the_group_may_be_told_of_again():
    alerts = [alert(1, notified_ms=T0 + 30_000), alert(2, began_s=40)]
    assert told(alerts, 329) == []
    (one,) = told(alerts, 330)
    assert one.alerts == (2,)


def test_what_is_worse_than_what_was_told_does_not_wait():
    alerts = [alert(1, severity="warning", notified_ms=T0 + 30_000), alert(2, severity="critical")]
    assert [one.alerts for one in told(alerts, 31)] == [(2,)]


def test_what_lasts_is_told_again_unless_it_was_seen_to_or_silenced():
    alerts = [
        alert(1, notified_ms=T0),
        alert(2, notified_ms=T0, is_acknowledged=True),
        alert(3, notified_ms=T0, is_silenced=True),
        alert(4, is_silenced=True),
    ]
    assert told(alerts, 3599) == []
    (one,) = told(alerts, 3600)
    assert (one.occasion, one.alerts) == ("still", (1,))
    assert "is still offline since" in one.title
    never = replace(TIMING, repeat_ms=0)
    assert messages(alerts, {}, never, now_ms=T0 + 10**9) == []


def test_what_is_over_is_told_once_gathered():
    alerts = [alert(number, notified_ms=T0, ended_ms=T0 + 60_000) for number in (1, 2)]
    assert told(alerts, 89) == []
    (one,) = told(alerts, 90)
    assert one.title == "[resolved] 2 devices of site harbour are no longer offline"


def test_ends_gather_for_longer_while_others_of_the_group_last():
    over = alert(1, notified_ms=T0, ended_ms=T0 + 60_000)
    lasting = alert(2, notified_ms=T0)
    assert told([over, lasting], 359) == []
    assert [one.alerts for one in told([over, lasting], 360)] == [(1,)]


def test_more_messages_than_anybody_reads_become_one():
    alerts = [alert(number, site=f"s{number}") for number in range(MAX_MESSAGES + 1)]
    (one,) = merged(told(alerts, 30))
    assert one.title == "[critical] 6 alerts of 6 kinds and sites"
    assert len(one.body.splitlines()) == len(one.alerts) == 6
    assert len(merged(told(alerts[:-1], 30))) == MAX_MESSAGES
    over = [replace(one, notified_ms=T0, ended_ms=T0) for one in alerts]
    assert [one.title for one in merged(told(over, 30))] == ["[resolved] 6 alerts of 6 kinds and sites"]
    (mixed,) = merged(told([*over, alert(9, severity="info")], 30))
    assert (mixed.occasion, mixed.severity) == ("firing", "info")


def test_a_device_cannot_steer_a_message():
    evil = alert(1, subject="a\r\nBcc: x@y", detail="b\x1b[2J\n" + "z" * 5000)
    (one,) = told([evil], 30)
    assert "\n" not in one.title
    assert "\r" not in one.title
    assert "\x1b" not in one.body
    assert len(one.body) == 200


def test_the_server_and_models_are_named_as_such():
    server = alert(1, site=None, rule="spool", kind="spool", device=None, subject="spool")
    model = alert(2, site=None, rule="drift", kind="confidence-drift", device=None, subject="signs 1.0.0")
    gone = alert(3, rule="old", kind=None)
    titles = sorted(one.title.partition(" since")[0] for one in told([server, model, gone], 30))
    assert titles == [
        "[critical] cam-3 of site harbour is under the rule 'old'",
        "[critical] model signs 1.0.0 is scoring differently than before",
        "[critical] the server is filling its spool",
    ]
