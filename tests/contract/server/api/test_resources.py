"""What each kind of resource gives and takes."""

from __future__ import annotations

import pytest

from skerry_server.api import model_comparison
from skerry_server.api.resources.telemetry import whole_moments
from skerry_server.stores.base import Point
from skerry_server.ui.pulse import read_pulse, troubles

V1 = "/api/v1"


@pytest.fixture
def ann(fleet):
    """An administrator's client."""
    return fleet.as_("ann")


def every(client, path, key, **query):
    """Return what all pages together hold, and how many pages there were."""
    found, pages, cursor = [], 0, {}
    while True:
        page = client.get(f"{V1}/{path}", params={**query, **cursor}).json()
        found += page[key]
        pages += 1
        if page["next"] is None:
            return found, pages
        cursor = {"cursor": page["next"]}


@pytest.mark.parametrize(
    ("path", "key", "limit", "number"),
    [
        ("devices", "devices", 1, 3),
        ("events", "events", 2, 6),
        ("devices/cam-1/samples", "samples", 2, 5),
        ("audit", "changes", 3, 14),
        ("alerts", "alerts", 1, 2),
        ("stages", "stages", 1, 1),
        ("commands", "commands", 1, 1),
        ("dead-letters", "dead_letters", 1, 1),
        ("devices/cam-1/desired/history", "versions", 1, 1),
    ],
)
def test_pages_together_hold_everything_once(ann, path, key, limit, number):
    found, pages = every(ann, path, key, limit=limit)
    assert len(found) >= number
    assert len({str(one) for one in found}) == len(found)
    assert pages == -(-len(found) // limit)


def test_points_of_one_moment_stay_on_one_page():
    points = [Point(measurement="inference", tags={}, fields={}, time_ns=time) for time in (9, 8, 8, 8, 7)]
    page, cursor = whole_moments(points, 2)
    assert ([one.time_ns for one in page], cursor) == ([9, 8, 8, 8], "8")
    assert whole_moments(points, 5) == (points, None)


def test_devices_are_found_by_what_they_are(ann):
    ann.patch(f"{V1}/devices/cam-2", json={"name": "Gate", "tags": {"floor": "2", "door": "north"}})
    for query, wanted in (
        ({"presence": "online"}, ["bell-1", "cam-1", "cam-2"]),
        ({"presence": "offline"}, []),
        ({"site": "yard"}, ["bell-1"]),
        ({"group": "yard-only"}, ["bell-1"]),
        ({"tag": ["floor=2", "door"]}, ["cam-2"]),
        ({"tag": "floor=3"}, []),
        ({"text": "gate"}, ["cam-2"]),
        ({"board": "raspberry-pi-5", "text": "cam"}, ["cam-1", "cam-2"]),
    ):
        assert [one["device"] for one in ann.get(f"{V1}/devices", params=query).json()["devices"]] == wanted


def test_what_has_not_changed_is_not_sent_again(ann):
    first = ann.get(f"{V1}/devices/cam-1")
    again = {"if-none-match": first.headers["etag"]}
    unchanged = ann.get(f"{V1}/devices/cam-1", headers=again)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    ann.patch(f"{V1}/devices/cam-1", json={"note": "new"})
    assert ann.get(f"{V1}/devices/cam-1", headers=again).json()["note"] == "new"


def test_a_change_of_one_thing_leaves_the_rest(ann):
    ann.patch(f"{V1}/devices/cam-1", json={"name": "Gate", "note": "north", "tags": {"floor": "2"}})
    changed = ann.patch(f"{V1}/devices/cam-1", json={"note": None}).json()
    assert (changed["name"], changed["note"], changed["tags"]) == ("Gate", None, {"floor": "2"})


def test_a_device_out_of_service_leaves_the_list_and_comes_back(ann):
    ann.post(f"{V1}/devices/cam-1/decommission")
    assert "cam-1" not in ann.get(f"{V1}/devices").text
    assert [one["device"] for one in ann.get(f"{V1}/devices?decommissioned=true").json()["devices"]] == ["cam-1"]
    ann.post(f"{V1}/devices/cam-1/recommission")
    assert "cam-1" in ann.get(f"{V1}/devices").text


def test_a_device_that_moves_has_what_it_is_to_run_taken_along(fleet, ann):
    assert ann.put(f"{V1}/devices/cam-1/site", json={"site": "barn"}).json()["site"] == "barn"
    (notice,) = fleet.downlink.told
    assert (notice.topic, notice.payload, notice.retain) == ("skerry/v1/home/cam-1/desired", b"", True)
    assert ann.get(f"{V1}/devices/cam-1/desired").json()["desired"]["published_ms"] is None


def test_an_erased_device_is_gone_with_its_numbers(fleet, ann):
    assert ann.delete(f"{V1}/devices/cam-1").json()["rows"]["events"] == 2
    assert ann.get(f"{V1}/devices/cam-1").status_code == 404
    assert "cam-1" not in ann.get(f"{V1}/events").text
    assert [one.topic for one in fleet.downlink.told] == ["skerry/v1/home/cam-1/desired"]


def test_numbers_come_in_windows_by_series(ann, fleet):
    span = {"since_ms": fleet.now_ms - 120_000, "until_ms": fleet.now_ms, "step_s": 60}
    answer = ann.get(f"{V1}/devices/cam-1/telemetry", params={**span, "fields": "cpu_percent"}).json()
    (series,) = answer["series"]
    assert series["tags"]["device"] == "cam-1"
    assert list(series["fields"]) == ["cpu_percent"]
    assert set(series["fields"]["cpu_percent"]) == {10.0}
    assert series["times_ms"] == sorted(series["times_ms"])
    assert answer["step_s"] == 60
    wide = ann.get(f"{V1}/devices/cam-1/telemetry", params={"since_ms": 0, "step_s": 1}).json()
    assert wide["step_s"] > 1


def test_models_are_held_against_each_other(ann):
    (model,) = ann.get(f"{V1}/models").json()["models"]
    assert (model["model"], model["version"], model["devices"], model["events"]) == ("tiny", "1.0.0", 3, 3)
    assert (model["inference_p95_ms"], model["drop_share"], model["confidence"]) == (30.0, 0.1, 0.5)


def test_a_comparison_of_models_is_cut_by_their_number_and_not_by_the_fleet_s_and_says_so(fleet, ann, monkeypatch):
    # Three devices, in as many as two windows.
    for most, is_cut in ((3, False), (1, True)):
        monkeypatch.setattr(model_comparison, "MAX_POINTS", most)
        found = ann.get(f"{V1}/models").json()
        assert (found["is_cut"], [one["devices"] for one in found["models"]]) == (is_cut, [3])
    (of_the_yard,) = fleet.as_("yara").get(f"{V1}/models").json()["models"]
    assert (of_the_yard["devices"], of_the_yard["inference_p95_ms"], of_the_yard["events"]) == (1, 30.0, 1)


def test_an_order_that_comes_again_with_its_key_orders_nothing_new(fleet, ann):
    wish, key = {"name": "ping", "expires_s": 60}, {"idempotency-key": "k1"}
    first = ann.post(f"{V1}/devices/cam-1/commands", json=wish, headers=key)
    again = ann.post(f"{V1}/devices/cam-1/commands", json=wish, headers=key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert fleet.downlink.woken == 1
    other = ann.post(f"{V1}/devices/cam-1/commands", json={"name": "restart"}, headers=key)
    assert other.status_code == 409
    assert first.json()["state"] == "waiting"
    assert ann.get(f"{V1}/commands/{first.json()['id']}").json()["expires_ms"] == first.json()["ts_ms"] + 60_000


def test_a_group_is_ordered_device_by_device(ann):
    answer = ann.post(f"{V1}/groups/all/commands", json={"name": "ping"})
    assert sorted(one["device"] for one in answer.json()["commands"]) == ["bell-1", "cam-1", "cam-2"]


def test_a_desired_state_is_put_only_on_the_version_that_was_looked_at(fleet, ann):
    path = f"{V1}/devices/cam-1/desired"
    tag = ann.get(path).headers["etag"]
    # The device knows of a first version already.
    assert tag == '"2"'
    done = ann.put(path, json={"config": {"heartbeat_interval_s": 5}}, headers={"if-match": tag})
    assert (done.json()["version"], done.headers["etag"], fleet.downlink.woken) == (3, '"3"', 1)
    late = ann.put(path, json={"config": {}}, headers={"if-match": tag})
    assert (late.status_code, late.json()["found"]) == (412, "version 3, not 2")
    assert ann.put(path, json={"config": {}}).status_code == 422
    assert ann.put(path, json={"config": {"x": "y" * 70_000}}, headers={"if-match": "*"}).status_code == 422


def test_a_stage_tells_who_would_get_what_before_it_is_applied(ann):
    before = ann.get(f"{V1}/stages/1").json()
    assert before["devices"] == 3
    (own,) = [one for one in before["effects"] if one["device"] == "cam-1"]
    assert own["changes"] == [
        {"key": "config.heartbeat_interval_s", "before": 10, "after": 20},
        {"key": "config.url", "before": None, "after": "rtsp://camera-at-home.example"},
        {"key": "models.camera", "before": None, "after": "tiny"},
    ]
    applied = ann.post(f"{V1}/stages/1/apply").json()
    assert applied["versions"] == {"bell-1": 2, "cam-1": 3, "cam-2": 2}
    assert ann.post(f"{V1}/stages/1/apply").status_code == 409
    assert before["rollout"] is None
    rollout = ann.get(f"{V1}/stages/1").json()["rollout"]
    assert (rollout["summary"], rollout["counts"]["waiting"]) == ("0 of 3 have it; 3 not yet", 3)
    assert all(one["changes"] == [] for one in ann.get(f"{V1}/stages/1").json()["effects"])


def test_alerts_are_acknowledged_once_and_silenced_for_a_while(ann):
    (alert, _) = ann.get(f"{V1}/alerts", params={"state": "firing"}).json()["alerts"]
    done = ann.post(f"{V1}/alerts/{alert['id']}/acknowledge").json()
    assert (done["state"], done["acknowledged_by"]) == ("acknowledged", "ann")
    assert ann.post(f"{V1}/alerts/{alert['id']}/acknowledge").status_code == 409
    made = ann.post(f"{V1}/silences", json={"device": "cam-1", "lasts_s": 60}).json()
    assert made["until_ms"] == made["created_ms"] + 60_000
    assert ann.delete(f"{V1}/silences/{made['id']}").status_code == 204
    assert [one["device"] for one in ann.get(f"{V1}/silences").json()["silences"]] == ["cam-2", None]


@pytest.mark.parametrize(
    ("wish", "status", "told"),
    [
        ({}, 422, "all alerts"),
        ({"device": "cam-1", "everything": True}, 422, "leave out one"),
        ({"rule": "disk-spase"}, 404, "did you mean 'disk-space'?"),
    ],
)
def test_a_silence_says_what_it_is_of_and_of_rules_that_there_are(ann, wish, status, told):
    refused = ann.post(f"{V1}/silences", json={"lasts_s": 60, **wish})
    assert refused.status_code == status
    assert told in str(refused.json())


def test_a_silence_of_everything_is_asked_for_and_said_on_every_page(fleet, ann):
    assert troubles(read_pulse(fleet.database, fleet.context.health, None)) == []
    assert ann.post(f"{V1}/silences", json={"lasts_s": 60, "everything": True, "comment": "a move"}).status_code == 201
    (said,) = troubles(read_pulse(fleet.database, fleet.context.health, None))
    assert said.startswith("Nobody is told of any alert: silenced until ")
    assert said.endswith(" by ann, a move")


def test_dead_letters_are_searched_replayed_and_deleted(ann):
    (letter,) = ann.get(f"{V1}/dead-letters", params={"reason": "topic", "text": "gossip"}).json()["dead_letters"]
    assert ann.get(f"{V1}/dead-letters", params={"text": "nowhere"}).json()["dead_letters"] == []
    outcome = ann.post(f"{V1}/dead-letters/{letter['id']}/replay").json()
    assert (outcome["taken_in"], outcome["outcomes"][0]["id"]) == (0, letter["id"])
    assert ann.post(f"{V1}/dead-letters/replay", json={"everything": True}).json()["taken_in"] == 0
    assert ann.delete(f"{V1}/dead-letters/{letter['id']}").status_code == 204
    assert ann.get(f"{V1}/dead-letters/{letter['id']}").status_code == 404


def test_every_change_is_in_the_audit_under_who_made_it(fleet, ann):
    fleet.as_("oli").patch(f"{V1}/devices/cam-1", json={"name": "Gate"})
    (change,) = ann.get(f"{V1}/audit", params={"actor": "oli"}).json()["changes"]
    assert (change["action"], change["subject"], change["detail"]["name"]) == ("device.describe", "cam-1", "Gate")
    assert ann.get(f"{V1}/audit/verify").json()["holds"] is True


def test_a_token_can_do_no_more_than_who_made_it_and_ends_when_it_is_revoked(fleet, ann):
    vic, yves = signed_in(fleet, "vic"), signed_in(fleet, "yves")
    assert vic.post(f"{V1}/tokens", json={"name": "t", "role": "operator"}).status_code == 403
    assert vic.post(f"{V1}/tokens", json={"name": "t", "user": "ann"}).status_code == 403
    made = yves.post(f"{V1}/tokens", json={"name": "t", "expires_s": 60}).json()
    assert (made["sites"], made["role"]) == (["yard"], "viewer")
    own = fleet.client(authorization=f"Bearer {made['secret']}")
    assert [one["device"] for one in own.get(f"{V1}/devices").json()["devices"]] == ["bell-1"]
    # A token that ends must not make one that does not.
    assert own.post(f"{V1}/tokens", json={"name": "t"}).status_code == 403
    assert "secret" not in yves.get(f"{V1}/tokens").text
    assert vic.delete(f"{V1}/tokens/{made['id']}").status_code == 404
    assert yves.delete(f"{V1}/tokens/{made['id']}").status_code == 204
    assert own.get(f"{V1}/devices").status_code == 401


def signed_in(fleet, name):
    client = fleet.client()
    session = client.post(f"{V1}/session", json={"user": name, "password": "correct horse battery"}).json()
    client.headers["x-csrf-token"] = session["csrf_token"]
    return client


def test_the_last_administrator_stays(ann):
    assert ann.patch(f"{V1}/users/ann", json={"role": "viewer"}).status_code == 409
    assert ann.delete(f"{V1}/users/ann").status_code == 409
    changed = ann.patch(f"{V1}/users/oli", json={"sites": ["home"], "disabled": True}).json()
    assert (changed["role"], changed["sites"], changed["disabled"]) == ("operator", ["home"], True)


def test_errors_have_one_form(ann):
    for path, status in (("devices/nobody", 404), ("devices?limit=0", 422), ("nothing", 404), ("events?kind=x", 422)):
        answer = ann.get(f"{V1}/{path}")
        assert answer.status_code == status
        assert list(answer.json()) == ["error", "where", "found", "todo"]
    assert list(ann.post(f"{V1}/devices").json()) == ["error", "where", "found", "todo"]
    broken = ann.post(f"{V1}/users", content=b"{", headers={"content-type": "application/json"})
    assert (broken.status_code, list(broken.json())) == (400, ["error", "where", "found", "todo"])


@pytest.mark.parametrize(
    "text",
    [
        '{"config": {"a": "\\ud800"}}',
        '{"config": {"\\udfff": 1}}',
        '{"config": {"a": 123456789012345678901234567890}}',
        '{"config": {"a": NaN}}',
        '{"config": {"a": 1e999}}',
        '{"config": ' + '{"a":' * 100 + "1" + "}" * 100 + "}",
        '{"config": ' + '{"a":' * 20_000 + "1" + "}" * 20_000 + "}",
        '{"models": {"camera": "\\u0000"}}',
        "[]",
        "\xff",
    ],
)
def test_what_could_not_be_handed_on_to_a_device_is_refused_and_changes_nothing(ann, text):
    headers = {"if-match": "*", "content-type": "application/json"}
    before = ann.get(f"{V1}/devices/cam-1/desired").json()
    answer = ann.put(f"{V1}/devices/cam-1/desired", content=text.encode("latin-1"), headers=headers)
    assert answer.status_code in (400, 422)
    assert list(answer.json()) == ["error", "where", "found", "todo"]
    staged = text.replace("{", '{"group": "all", ', 1).encode("latin-1")
    assert ann.post(f"{V1}/stages", content=staged, headers=headers).status_code in (400, 422)
    assert ann.get(f"{V1}/devices/cam-1/desired").json() == before
