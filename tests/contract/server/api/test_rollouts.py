"""Rollouts over HTTP: planned, made, approved by a second person, started, watched, undone."""

from __future__ import annotations

import pytest

from skerry_server.health import Health
from skerry_server.registry.leases import acquire
from skerry_server.rollouts.job import RolloutJob
from skerry_server.rollouts.post import LEASE

WISH = {
    "kind": "model",
    "name": "tiny",
    "version": "2.0.0",
    "counter": 2,
    "canary": "1",
    "gates": {"soak_s": 0},
    "probation_s": 5,
    "deadline_s": 60,
}


@pytest.fixture
def look(fleet):
    """Return a function that lets the job look once."""
    with fleet.database.transaction() as session:
        acquire(session, LEASE, "test", term_ms=600_000)
    job = RolloutJob(
        database=fleet.database,
        store=None,
        health=Health([]),
        holder="test",
        hears=lambda _session: True,
        now_ms=lambda: fleet.now_ms,
    )
    return job.look


def test_a_dry_run_says_who_gets_what_and_why_not_and_keeps_nothing(fleet):
    oli = fleet.as_("oli")
    found = oli.post("/api/v1/rollouts/plan", json=WISH | {"boards": ["raspberry-pi-5"]}).json()
    assert sum(found["stages"]) + sum(found["left_out"].values()) == len(found["planned"])
    assert {one["why_not"] for one in found["planned"]} >= {None}
    assert {one["from_version"] for one in found["planned"] if one["stage"] is not None} == {"1.0.0"}
    elsewhere = oli.post("/api/v1/rollouts/plan", json=WISH | {"boards": ["jetson-orin-nano"]}).json()
    assert elsewhere["stages"] == []
    assert "wrong-board" in elsewhere["left_out"]
    assert oli.get("/api/v1/rollouts").json() == {"rollouts": [], "next": None}


def test_a_rollout_is_approved_by_a_second_person_and_watched_to_its_end(fleet, look):
    oli, ann = fleet.as_("oli"), fleet.as_("ann")
    made = oli.post("/api/v1/rollouts", json=WISH | {"needs_approval": True})
    assert made.status_code == 201
    path = f"/api/v1/rollouts/{made.json()['id']}"
    assert oli.post(f"{path}/start").status_code == 409
    assert oli.post(f"{path}/approve").json()["error"] == "the author of a rollout cannot approve it"
    assert ann.post(f"{path}/approve").json()["approved_by"] == "ann"
    assert oli.post(f"{path}/start").json()["state"] == "running"
    look()
    found = oli.get(path).json()
    assert found["by_stage"][0] == {"ordered": 1}
    (device,) = oli.get(f"{path}/devices", params={"state": "ordered"}).json()["devices"]
    story = oli.get(f"{path}/devices/{device['device']}").json()
    assert [entry["what"] for entry in story["history"]] == ["ordered"]
    assert oli.get(f"{path}/devices/nobody").status_code == 404
    assert ann.post(f"{path}/pause").json()["reason"] == "by-hand"
    assert ann.post(f"{path}/resume").json()["state"] == "running"
    assert ann.post(f"{path}/abort").json()["state"] == "aborted"
    assert ann.post(f"{path}/resume").status_code == 409
    assert ann.post(f"{path}/retry").status_code == 409
    done = [
        one["action"]
        for one in ann.get("/api/v1/audit", params={"subject": f"rollout {found['id']}"}).json()["changes"]
    ]
    assert done[0] == "rollout.abort"
    assert "rollout.approve" in done


def test_a_device_tells_what_it_is_ordered_and_how_it_did_in_each_rollout(fleet, look):
    oli = fleet.as_("oli")
    made = oli.post("/api/v1/rollouts", json=WISH | {"target": {"devices": ["cam-1"]}}).json()["id"]
    oli.post(f"/api/v1/rollouts/{made}/start")
    look()
    order = oli.get("/api/v1/devices/cam-1/desired").json()["desired"]["updates"]["model/tiny"]
    assert {name: order[name] for name in ("version", "counter", "deadline_s")} == {
        "version": "2.0.0",
        "counter": 2,
        "deadline_s": 60,
    }
    oli.post(f"/api/v1/rollouts/{made}/abort")
    look()
    assert oli.get("/api/v1/devices/cam-1/desired").json()["desired"]["updates"] == {}
    again = oli.post("/api/v1/rollouts", json=WISH | {"target": {"devices": ["cam-1"]}}).json()["id"]
    oli.post(f"/api/v1/rollouts/{again}/start")
    look()
    vic = fleet.as_("vic")
    first = vic.get("/api/v1/devices/cam-1/rollouts", params={"limit": 1}).json()
    (newest,) = first["rollouts"]
    assert (newest["rollout"], newest["state"], newest["version"]) == (again, "ordered", "2.0.0")
    rest = vic.get("/api/v1/devices/cam-1/rollouts", params={"cursor": first["next"]}).json()
    assert [(one["rollout"], one["rollout_state"], one["state"]) for one in rest["rollouts"]] == [
        (made, "aborted", "left-out")
    ]
    assert vic.get("/api/v1/devices/cam-2/rollouts").json()["rollouts"] == []
    assert fleet.as_("yves").get("/api/v1/devices/cam-1/rollouts").status_code == 404


def test_a_person_of_one_site_neither_sees_nor_starts_rollouts(fleet):
    yves = fleet.as_("yves")
    assert yves.get("/api/v1/rollouts").status_code == 403
    assert yves.post("/api/v1/rollouts", json=WISH).status_code == 403
    assert fleet.as_("vic").post("/api/v1/rollouts", json=WISH).status_code == 403


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"counter": None}, 409),
        ({"probation_s": 60}, 409),
        ({"kind": "agent", "name": "skerry", "gates": {"latency_ratio": 1.1}}, 409),
        ({"canary": "0"}, 422),
        ({"canary": "101%"}, 422),
        ({"steps": []}, 422),
        ({"name": "../tiny"}, 422),
        ({"gates": {"success": 1}}, 422),
        ({"target": {"groups": ["nobody"]}}, 404),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_kept(fleet, change, code):
    oli = fleet.as_("oli")
    answer = oli.post("/api/v1/rollouts", json=WISH | change)
    assert (answer.status_code, bool(answer.json()["error"])) == (code, True)
    assert oli.get("/api/v1/rollouts").json()["rollouts"] == []
