"""The courier: each notification once, a channel that fails again later, and none held up by another."""

from __future__ import annotations

import pytest

from skerry_edge.foundation.backoff import Backoff
from skerry_server.alerts.courier import GIVE_UP_MS, HOLD_MS, Courier
from skerry_server.errors import RegistryError
from skerry_server.health import Health
from skerry_server.registry.notifications import Notification, add_notifications, claim_due, waiting_by_channel

NOW_MS = 1_700_000_000_000


class Rig:
    def __init__(self, database, channels):
        self.database, self.channels, self.health, self.now_ms = database, channels, Health(), NOW_MS
        backoff = Backoff(first_s=10.0, max_s=60.0, chance_share=0.0)
        self.courier = Courier(
            channels=channels, database=database, health=self.health, now_ms=lambda: self.now_ms, backoff=backoff
        )

    def add(self, channel, title):
        with self.database.transaction() as session:
            one = Notification(channel=channel, severity="warning", title=title, body="body")
            add_notifications(session, [one], now_ms=self.now_ms)

    def turn(self, after_s=0):
        self.now_ms += after_s * 1000
        for channel in self.channels:
            self.courier.turn(channel)
        self.courier.give_up()

    def waiting(self):
        with self.database.reading() as session:
            return {name: one.count for name, one in waiting_by_channel(session).items()}


@pytest.fixture
def mail(make_channel):
    return make_channel("mail")


@pytest.fixture
def chat(make_channel):
    return make_channel("chat")


@pytest.fixture
def rig(database, mail, chat):
    return Rig(database, [mail, chat])


def test_what_is_due_is_brought_in_order_and_once(rig, mail):
    rig.add("mail", "first")
    rig.add("mail", "second")
    rig.turn()
    rig.turn(600)
    assert [title for _, title, _ in mail.carrier.taken] == ["first", "second"]
    assert rig.waiting() == {}
    assert rig.health.alerts.sent.values() == {"mail": 2, "chat": 0}


def test_a_channel_that_fails_is_tried_again_ever_later_and_holds_up_no_other(rig, mail, chat):
    mail.carrier.is_away = True
    rig.add("mail", "first")
    rig.add("mail", "second")
    rig.add("chat", "other")
    rig.turn()
    assert [title for _, title, _ in chat.carrier.taken] == ["other"]
    assert rig.waiting() == {"mail": 2}
    assert rig.health.remarks()["alerts channel 'mail'"].startswith("1 times in a row")
    for after_s, attempts in ((9, 1), (1, 2), (19, 2), (1, 3)):
        rig.turn(after_s)
        assert rig.health.alerts.failed.values() == {"mail": attempts, "chat": 0}
    mail.carrier.is_away = False
    rig.turn(40)
    assert [title for _, title, _ in mail.carrier.taken] == ["first", "second"]
    assert rig.health.remarks() == {}


def test_what_is_a_day_old_or_has_no_channel_any_more_is_given_up_aloud(rig, mail, caplog):
    mail.carrier.is_away = True
    rig.add("mail", "old")
    rig.add("pager", "nobody")
    rig.turn()
    rig.turn(GIVE_UP_MS // 1000 + 1)
    assert rig.waiting() == {}
    assert rig.health.alerts.given_up.values() == {"pager": 1, "mail": 1, "chat": 0}
    assert "given up" in caplog.text


def test_what_one_process_has_taken_no_other_gets_until_its_time_has_passed(rig, mail):
    rig.add("mail", "first")
    with rig.database.transaction() as session:
        assert len(claim_due(session, "mail", now_ms=rig.now_ms, hold_ms=HOLD_MS, limit=9)) == 1
    rig.turn()
    assert mail.carrier.taken == []
    rig.turn(HOLD_MS // 1000)
    assert len(mail.carrier.taken) == 1


def test_each_channel_s_failures_are_counted_from_the_start(rig):
    assert rig.health.alerts.failed.values() == {"mail": 0, "chat": 0}


def test_what_failed_once_is_said_no_longer_when_it_works_where_there_is_no_channel(database, monkeypatch):
    rig = Rig(database, [])

    def failing():
        raise RegistryError("the registry's database cannot be used")

    with monkeypatch.context() as patch:
        patch.setattr(database, "transaction", failing)
        rig.courier.give_up()
    assert list(rig.health.remarks()) == ["alerts courier"]
    rig.courier.give_up()
    assert rig.health.remarks() == {}
