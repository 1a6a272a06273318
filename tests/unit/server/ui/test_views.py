"""What pages say: what differs and stands out, how commands ended, how ingest does; devices' words stay text."""

from __future__ import annotations

import pytest

from skerry_edge.contracts.messages import State
from skerry_server.api.model_comparison import ModelOut
from skerry_server.health import Health
from skerry_server.ingest.second_chance import Outcome
from skerry_server.registry.models import CommandRow, DesiredRow, WorkerHealthRow
from skerry_server.registry.orders.standing import Standing
from skerry_server.ui import readings as module
from skerry_server.ui.faults import fault_html
from skerry_server.ui.pulse import Pulse, chips, ingest_facts, read_pulse, troubles
from skerry_server.ui.region import read_click
from skerry_server.ui.shared import Shared
from skerry_server.ui.templating import render
from skerry_server.ui.views.commands import command_line
from skerry_server.ui.views.dead_letters import outcome_text
from skerry_server.ui.views.models import model_lines
from skerry_server.ui.views.overview import shares, tiles
from skerry_server.ui.views.wish import differences, wish_view
from skerry_server.workers import WorkerHealth, own_worker

NOW_MS = 1_700_000_000_000


def wanted(version, *, config=None, models=None, published_ms=NOW_MS):
    return DesiredRow(
        device="cam-1",
        version=version,
        ts_ms=NOW_MS,
        config=config or {},
        models=models or {},
        author="ann",
        published_ms=published_ms,
    )


def state(version, **models):
    return State(
        v=1,
        id="m1",
        session="00000001-0000abcd",
        seq=1,
        ts=0,
        clock="synced",
        config_version=version,
        config_sha256="",
        models=models,
    )


def test_nested_configurations_are_compared_key_by_key():
    found = differences({"a": {"b": 1, "c": [1]}, "d": True}, {"a": {"b": 2, "c": [1]}})
    assert [(one.key, one.wanted, one.applied, one.is_same) for one in found] == [
        ("a.b", "1", "2", False),
        ("a.c", "[1]", "[1]", True),
        ("d", "true", "—", False),
    ]


def test_what_is_wanted_is_held_against_what_is_applied():
    versions = [wanted(2, config={"x": 2}, models={"camera": "signs@2.0.0"}), wanted(1, config={"x": 1})]
    waiting = Standing(device="cam-1", version=2, progress="waiting", reason="the device is offline")
    view = wish_view(versions, state(1, camera="signs@1.0.0", ear="alexa@1.0.0"), waiting)
    assert view.summary == "Version 2 is wanted, version 1 is applied; the device is offline."
    assert [(one.key, one.is_same) for one in view.models] == [("camera", False), ("ear", True)]
    assert [(one.wanted, one.applied) for one in view.config] == [("2", "1")]


@pytest.mark.parametrize(
    ("versions", "applied", "progress", "tone"),
    [
        ([], None, None, "plain"),
        ([1], None, "waiting", "warn"),
        ([1], 1, "applied", "good"),
        ([2, 1], 1, "waiting", "warn"),
        ([2, 1], 1, "refused", "bad"),
        ([1], None, "refused", "bad"),
    ],
)
def test_a_wish_says_how_far_it_has_come(versions, applied, progress, tone):
    rows = [wanted(one) for one in versions]
    standing = Standing(device="cam-1", version=versions[0], progress=progress, reason="no") if progress else None
    assert wish_view(rows, None if applied is None else state(applied), standing).tone == tone


def test_a_refused_wish_tells_the_device_s_own_reason():
    standing = Standing(device="cam-1", version=2, progress="refused", reason="unknown key 'heartbeet'")
    view = wish_view([wanted(2), wanted(1)], state(1), standing)
    assert view.summary == "The device refused version 2: unknown key 'heartbeet'"


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"ok": True}, "done"),
        ({"ok": False}, "failed"),
        ({"sent_ms": 1}, "waits for the answer"),
        ({}, "waits to be sent"),
        ({"sent_ms": 1, "expires_ms": NOW_MS}, "expired without an answer"),
    ],
)
def test_a_command_says_how_it_stands(changes, outcome):
    values = {"id": "c", "name": "ping", "args": {}, "ts_ms": 0, "expires_ms": NOW_MS + 1, "author": "ann"}
    assert command_line(CommandRow(**values | changes), now_ms=NOW_MS).outcome == outcome


def model(version, **figures):
    nothing = dict.fromkeys(
        ("inference_p50_ms", "inference_p95_ms", "end_to_end_p50_ms", "end_to_end_p95_ms"), None
    ) | {"drop_share": None, "error_share": None, "confidence": None}
    return ModelOut(model="signs", version=version, devices=1, events=0, **nothing | figures)


def test_the_version_that_is_slower_drops_more_or_is_less_sure_stands_out():
    good = model("1.0.0", inference_p95_ms=50.0, drop_share=0.0, confidence=0.9)
    bad = model("2.0.0", inference_p95_ms=61.0, drop_share=0.03, confidence=0.8)
    fine, marked = model_lines([good, bad])
    assert {one.tone for one in (fine.inference_p95, fine.drops, fine.confidence)} == {"plain"}
    assert {one.tone for one in (marked.inference_p95, marked.drops, marked.confidence)} == {"warn"}
    assert model_lines([model("3.0.0")])[0].inference.text == "—"


def test_tiles_are_coloured_only_where_there_is_something():
    tones = {one.name: one.tone for one in tiles({"online": 3}, open_alerts={"critical": 1}, events=0)}
    assert tones["Online"] == "good"
    assert (tones["Offline"], tones["Open alerts"]) == ("plain", "bad")


def test_shares_name_the_largest_and_add_up_the_rest():
    made = shares({f"v{number}": number for number in range(1, 9)}, href="/devices?version=")
    assert [one.number for one in made] == [8, 7, 6, 5, 4, 3, 3]
    assert (made[0].percent, made[0].href, made[-1].name) == (100.0, "/devices?version=v8", "2 others")
    assert shares({}) == []


def test_the_header_says_what_does_not_work_and_counts_only_what_there_is():
    health = Health(["store", "registry"])
    health.works("registry", "here")
    health.fails("store", "it burns")
    pulse = Pulse(parts=health.parts(), workers=[], open_alerts={"warning": 2}, dead_letters=None, trouble=None)
    assert {one.name: one.text for one in chips(pulse)} == {
        "store": "Store away",
        "registry": "Registry",
        "workers": "No worker",
        "alerts": "2 open alerts",
    }
    assert troubles(pulse) == [
        "Store: it burns",
        "No worker takes in what devices publish: start 'skerry server ingest'",
    ]
    assert ingest_facts([]) == []


def test_a_process_that_takes_nothing_in_shows_how_all_workers_are(database):
    for name, age_s in (("w1", 0), ("w2", 0), ("w3", 90)):
        health = Health()
        for part in ("broker", "store", "registry", "spool"):
            health.works(part, "fine")
        if name == "w2":
            health.fails("store", "connection refused")
            health.metrics.spool_owed_bytes.value = 5e6
        health.metrics.received.add(10)
        WorkerHealth(database=database, health=health, name=name).tell()
        with database.transaction() as session:
            row = session.get(WorkerHealthRow, name)
            row.seen_ms -= age_s * 1000
    api = Health(["store", "registry"])
    api.works("store", "fine")
    api.works("registry", "fine")
    pulse = read_pulse(database, api, None)
    shown = {one.name: (one.text, one.tone) for one in chips(pulse)}
    assert (shown["broker"], shown["store"]) == (("Broker", "good"), ("Store away", "bad"))
    assert shown["workers"] == ("1 worker silent", "bad")
    assert troubles(pulse) == ["Store: w2: connection refused", "Worker w3 has said nothing for 1 min 30 s"]
    facts = {name: (text, tone) for name, text, tone in ingest_facts(pulse.workers)}
    assert (facts["Received"], facts["Owed to the store"]) == (("30", "plain"), ("5.0 MB", "warn"))
    assert facts["Worker w3"] == ("silent for 1 min 30 s", "bad")


def test_ingest_says_within_which_time_most_became_durable():
    health = Health()
    assert {name: text for name, text, _ in ingest_facts(own_worker(health))}["Lag"] == "—"
    for lag_s in [0.2] * 99 + [100.0]:
        health.metrics.lag_seconds.observe(lag_s)
    assert {name: text for name, text, _ in ingest_facts(own_worker(health))}["Lag"] == "95 % ≤ 250 ms"


def test_the_outcome_of_a_replay_names_the_first_reason():
    outcomes = [Outcome(id=1, topic="t", refusal=None), Outcome(id=2, topic="t", refusal="schema: no ts")]
    assert outcome_text(outcomes) == "1 taken in, 1 refused again: schema: no ts"


def test_many_pages_that_ask_at_once_cost_one_reading():
    seconds, asked = [0.0], []
    shared = Shared(lambda sites: asked.append(sites) or len(asked), every_s=1.0, clock_s=lambda: seconds[0])
    home = frozenset({"home"})
    assert [shared.get(None), shared.get(None), shared.get(home)] == [1, 1, 2]
    seconds[0] = 1.0
    assert shared.get(None) == 3
    assert asked == [None, home, None]


def test_what_takes_long_to_read_is_read_less_often():
    seconds, read = [0.0], []

    def slow(_sites):
        seconds[0] += 2.0
        read.append(seconds[0])
        return len(read)

    shared = Shared(slow, every_s=1.0, clock_s=lambda: seconds[0])
    assert shared.get(None) == 1
    seconds[0] = 41.0
    assert shared.get(None) == 1
    seconds[0] = 42.0
    assert shared.get(None) == 2


def test_the_last_hour_s_events_are_not_counted_with_each_look_at_the_newest(database, monkeypatch):
    asked = []
    monkeypatch.setattr(module, "count_events_since", lambda *_, **about: asked.append(about["sites"]) or 7)
    monkeypatch.setattr(module, "NEWS_S", 0.0)
    monkeypatch.setattr(module, "SPREAD_S", 3600.0)
    readings = module.Readings(database, Health())
    for _ in range(3):
        readings.news.get(None)
        assert readings.spread.get(None).events_last_hour == 7
    assert asked == [None]


@pytest.mark.parametrize("said", [None, [], {"act": 1, "of": "", "picked": []}, {"act": "a", "of": "", "picked": [1]}])
def test_a_click_that_our_listener_never_sends_is_refused(said):
    with pytest.raises(ValueError, match="listener"):
        read_click(said)


def test_whatever_is_put_into_a_template_stays_text():
    evil = "<script>alert(1)</script>"
    page = render("banner.html", troubles=[evil]) + fault_html(404, what=evil, detail=evil)
    assert evil not in page
    assert page.count("&lt;script&gt;") == 3
