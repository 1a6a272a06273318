"""The lookout over a real registry: what it writes, who is told, and two processes that want to do it."""

from __future__ import annotations

import pytest

from skerry_server.errors import StoreError
from skerry_server.health import Health
from skerry_server.registry.alerts import acknowledge
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.fleet.groups import add_group, add_members
from skerry_server.registry.leases import acquire, release
from skerry_server.registry.models import DeadLetterRow, Device, EventRow, WorkerHealthRow
from skerry_server.registry.silences import add_silence
from skerry_server.stores.base import Point
from skerry_server.workers import WorkerHealth

HOT = {"name": "hot", "kind": "temperature", "for_s": 60.0, "clear_s": 60.0}
OFFLINE = {"name": "offline", "kind": "offline", "for_s": 0.0, "clear_s": 0.0}
HOUR_MS = 3_600_000


def camera(**changes):
    quantiles = {"inference": {"p50": 1.0, "p95": changes.pop("p95", 10.0), "p99": 30.0}}
    one = {"name": "camera", "model": "signs", "model_version": "1.0.0", "frames": 100, "stages_ms": quantiles}
    return [one | changes]


def test_an_alert_fires_is_told_seen_to_and_over_and_each_is_told_once(start, put_device, make_channel, database):
    channel = make_channel()
    rig = start(HOT, channels=[channel])
    put_device(temperature_c=85.0)
    rig.look()
    assert rig.alerts() == []
    rig.look(60)
    assert rig.alerts() == [("hot", "cam-1", "", "firing")]
    rig.look(15)
    rig.look(15)
    assert [one.title for one in rig.notifications()] == [
        "[warning] cam-1 of site home is too hot since 14 Nov 22:14 UTC"
    ]
    assert rig.notifications()[0].body == "cam-1: processor temperature: 85 °C (limit 80)"
    with database.transaction() as session:
        acknowledge(session, Author(name="ann", ts_ms=rig.now_ms), rig.rows()[0].id)
    put_device(temperature_c=60.0)
    for _ in range(7):
        rig.look(15)
    assert rig.alerts() == [("hot", "cam-1", "", "resolved")]
    assert [one.title for one in rig.notifications()][1:] == ["[resolved] cam-1 of site home is no longer too hot"]


def test_another_process_takes_over_what_fires_and_one_that_lost_the_job_writes_nothing(start, put_device, database):
    first = start(HOT)
    put_device(temperature_c=85.0)
    first.look()
    first.look(60)
    with database.transaction() as session:
        release(session, "alerts", "one")
        assert acquire(session, "alerts", "two", term_ms=3_600_000)
    second = start(HOT, holder="two")
    second.now_s = first.now_s
    second.look(15)
    second.look(60)
    put_device(temperature_c=60.0)
    first.look(300)
    first.look(300)
    assert first.alerts() == [("hot", "cam-1", "", "firing")]
    second.look(300)
    second.look(60)
    assert second.alerts() == [("hot", "cam-1", "", "resolved")]


def test_an_offline_device_keeps_its_alerts_and_gets_no_new_ones(start, put_device):
    rig = start(HOT | {"for_s": 0.0, "clear_s": 0.0}, OFFLINE)
    put_device(temperature_c=85.0)
    rig.look()
    put_device(state="offline", temperature_c=20.0, reason="nothing heard for 90 s")
    put_device("cam-2", state="offline", temperature_c=99.0)
    rig.look(15)
    assert rig.alerts() == [
        ("hot", "cam-1", "", "firing"),
        ("offline", "cam-1", "", "firing"),
        ("offline", "cam-2", "", "firing"),
    ]
    assert rig.rows()[1].detail == "nothing heard for 90 s"


def test_a_device_out_of_service_and_a_rule_that_is_gone_end_their_alerts(start, put_device, database):
    rig = start(OFFLINE, HOT | {"for_s": 0.0})
    put_device("cam-1", state="offline")
    put_device("cam-2", temperature_c=99.0)
    rig.look()
    with database.transaction() as session:
        session.get(Device, "cam-1").decommissioned_ms = 1
    rig = start(OFFLINE)
    rig.look(15)
    assert {state for *_, state in rig.alerts()} == {"resolved"}


def test_a_silence_keeps_people_untold_until_it_ends(start, put_device, make_channel, database):
    rig = start(OFFLINE, channels=[make_channel()])
    put_device("cam-1", state="offline")
    put_device("cam-2", state="offline")
    ann = Author(name="ann", ts_ms=rig.now_ms)
    with database.transaction() as session:
        add_group(session, ann, "yard")
        add_members(session, ann, "yard", ["cam-2"])
        add_silence(session, ann, until_ms=rig.now_ms + 60_000, comment="digging", group="yard")
    rig.look()
    rig.look(15)
    assert [one.body for one in rig.notifications()] == ["cam-1: offline"]
    rig.look(60)
    assert [one.body.split(":")[0] for one in rig.notifications()] == ["cam-1", "cam-2"]


def test_channels_hear_of_what_they_want_and_again_when_it_gets_worse(start, put_device, make_channel):
    channels = [
        make_channel("all"),
        make_channel("night", severity="critical", resolved=False),
        make_channel("yard", sites=["yard"]),
    ]
    rig = start(HOT | {"for_s": 0.0, "clear_s": 0.0, "critical_at": 90.0}, channels=channels)
    put_device(temperature_c=85.0)
    rig.look()
    rig.look(15)
    put_device(temperature_c=95.0)
    rig.look(15)
    rig.look(15)
    put_device(temperature_c=20.0)
    rig.look(15)
    rig.look(15)
    told = [(one.channel, one.title.split("]")[0][1:]) for one in rig.notifications()]
    assert told == [("all", "warning"), ("all", "critical"), ("night", "critical"), ("all", "resolved")]


def test_what_ends_while_it_is_being_told_again_is_told_as_over_too(start, put_device, make_channel):
    rig = start(HOT | {"for_s": 0.0, "clear_s": 0.0}, channels=[make_channel()], repeat_s=60.0)
    put_device(temperature_c=85.0)
    rig.look()
    rig.look(15)
    put_device(temperature_c=20.0)
    rig.look(60)
    rig.look(15)
    assert [one.title.split("]")[0][1:] for one in rig.notifications()] == ["warning", "resolved"]


def test_pipelines_are_judged_apart_and_deliberate_drops_are_none(start, put_device):
    rig = start(
        {"name": "errors", "kind": "errors", "for_s": 0.0}, {"name": "drops", "kind": "drop-rate", "for_s": 0.0}
    )
    put_device(
        pipelines=[
            *camera(errors=20, drops={"rate-limit": 10_000, "busy": 5}),
            *camera(name="mic", drops={"busy": 990}, frames=10),
        ]
    )
    rig.look()
    assert rig.alerts() == [("errors", "cam-1", "camera", "firing"), ("drops", "cam-1", "mic", "firing")]
    put_device(pipelines=camera(errors=20))
    rig.look(15)
    assert rig.alerts()[1] == ("drops", "cam-1", "mic", "resolved")


def test_latency_is_held_against_what_is_usual_for_the_model_on_the_board(start, put_device, store):
    rig = start({"name": "slow", "kind": "latency", "for_s": 0.0, "clear_s": 0.0})
    put_device("cam-1", pipelines=camera(p95=18.0))
    put_device("cam-2", pipelines=camera(p95=12.0))
    put_device("cam-3", pipelines=camera(p95=900.0, model_version="2.0.0"))
    hour_ms = rig.now_ms // HOUR_MS * HOUR_MS
    store.probe()
    store.write(
        [
            Point(
                measurement="inference",
                tags={"site": "home", "device": device, "pipeline": "camera", "model": "signs@1.0.0"},
                fields={"inference_p95_ms": 10.0 + 0.1 * (hours % 3)},
                time_ns=(hour_ms - hours * HOUR_MS + 60_000) * 1_000_000,
            )
            for hours in range(2, 40)
            for device in ("cam-1", "cam-2")
        ]
    )
    rig.look()
    assert rig.alerts() == [("slow", "cam-1", "camera", "firing")]
    assert rig.rows()[0].detail.startswith("signs 1.0.0; inference time (p95) over the upper end of what is usual")


def test_reboots_of_the_last_day_count_and_those_before_do_not(start, put_device, store):
    rig = start({"name": "reboots", "kind": "reboots", "for_s": 0.0})
    put_device("cam-1", reboots_unexpected=7)
    put_device("cam-2", reboots_unexpected=40)
    put_device("cam-3", reboots_unexpected=40)
    begin_ms = rig.now_ms // (3 * HOUR_MS) * 3 * HOUR_MS - 9 * HOUR_MS
    store.probe()
    store.write(
        [
            Point(
                measurement="heartbeat",
                tags={"site": "home", "device": device, "board": "pi"},
                fields={"reboots_unexpected": count},
                time_ns=(begin_ms + hours * HOUR_MS + 60_000) * 1_000_000,
            )
            for device, hours, count in (("cam-1", 0, 4.0), ("cam-1", 3, 6.0), ("cam-2", 0, 40.0), ("cam-1", -24, 0.0))
        ]
    )
    rig.look()
    assert [(row.device, row.value) for row in rig.rows()] == [("cam-1", 3.0)]


def test_scores_that_move_away_from_their_past_are_told_of_the_model(start, put_device, database):
    rig = start({"name": "drift", "kind": "confidence-drift"})
    put_device(models=["signs 1.0.0", "cars 1.0.0"])
    rows = [
        {"hours": hours, "score": 0.6 if model == "signs" and hours < 6 else 0.8, "model": model, "number": number}
        for model in ("signs", "cars")
        for hours in range(1, 40)
        for number in range(25)
    ]
    with database.transaction() as session:
        for seq, row in enumerate(rows):
            received_ms = rig.now_ms - row["hours"] * HOUR_MS - 2 * 60_000
            session.add(
                EventRow(
                    message_id=f"m{seq}",
                    device="cam-1",
                    site="home",
                    session="00000001-abcdef01",
                    seq=seq,
                    ts_ms=received_ms,
                    received_ms=received_ms,
                    is_synced=True,
                    replayed=False,
                    kind="detection",
                    label="stop",
                    pipeline="camera",
                    phase="end",
                    score=row["score"],
                    model=row["model"],
                    model_version="1.0.0",
                )
            )
    rig.look()
    assert rig.alerts() == [("drift", None, "signs 1.0.0", "firing")]
    assert rig.rows()[0].detail.startswith("mean score 0.6")


def test_the_server_is_watched_as_well(start, database):
    rig = start(
        {"name": "parts", "kind": "part-away", "for_s": 0.0, "clear_s": 0.0},
        {"name": "spool", "kind": "spool", "for_s": 0.0, "clear_s": 0.0},
        {"name": "letters", "kind": "dead-letters", "for_s": 0.0, "clear_s": 0.0, "fire_at": 2, "clear_at": 0},
    )
    for part in ("broker", "registry", "spool"):
        rig.health.works(part, "fine")
    rig.health.fails("store", "connection refused")
    rig.health.metrics.spool_bytes.value = 85.0
    with database.transaction() as session:
        for number in range(2):
            session.add(
                DeadLetterRow(
                    digest=str(number),
                    topic="t",
                    reason="schema",
                    detail="",
                    payload=b"",
                    payload_bytes=0,
                    times=1,
                    first_received_ms=1,
                    last_received_ms=rig.now_ms,
                )
            )
    rig.look()
    assert [(row.subject, row.severity, row.detail) for row in reversed(rig.rows())] == [
        ("store", "critical", "store: connection refused"),
        ("spool", "critical", "used share of the spool: 85 % (limit 50)"),
        ("dead letters", "warning", "different messages refused in a minute: 2 a minute (limit 2)"),
    ]
    rig.health.works("store", "fine")
    rig.health.metrics.spool_bytes.value = 0.0
    rig.look(100)
    assert {state for *_, state in rig.alerts()} == {"resolved"}


def test_a_worker_that_does_not_look_itself_is_watched_as_well(start, database):
    rig = start(
        {"name": "parts", "kind": "part-away", "for_s": 0.0, "clear_s": 0.0},
        {"name": "spool", "kind": "spool", "for_s": 0.0, "clear_s": 0.0},
    )
    other = Health(worker="w2")
    for health in (rig.health, other):
        for part in ("broker", "store", "registry", "spool"):
            health.works(part, "fine")
    other.metrics.spool_budget_bytes.value, other.metrics.spool_bytes.value = 100.0, 60.0
    other.fails("broker", "connection refused")
    row = WorkerHealth(database=database, health=other, name="w2")
    row.tell()
    rig.look()
    assert {(row.subject, row.detail) for row in rig.rows()} == {
        ("broker", "broker: w2: connection refused"),
        ("spool", "used share of the spool: 60 % (limit 50)"),
    }
    with database.transaction() as session:
        session.get(WorkerHealthRow, "w2").seen_ms -= 60_000
    rig.look(15)
    assert ("parts", None, "worker w2", "firing") in rig.alerts()
    row.withdraw()
    rig.look(15)
    rig.look(15)
    assert {state for *_, state in rig.alerts()} == {"resolved"}


def test_where_the_last_worker_was_stopped_somebody_is_told(start, database):
    rig = start({"name": "parts", "kind": "part-away", "for_s": 60.0, "clear_s": 0.0}, health=Health(["store"]))
    row = WorkerHealth(database=database, health=Health(worker="w2"), name="w2")
    row.tell()
    rig.look()
    row.withdraw()
    rig.look(60)
    assert [one for one in rig.alerts() if one[2] == "workers"] == []
    rig.look(60)
    assert ("parts", None, "workers", "firing") in rig.alerts()
    row.tell()
    rig.look(15)
    assert ("parts", None, "workers", "resolved") in rig.alerts()


def test_a_store_that_is_away_stops_no_rule_that_can_do_without(start, put_device):
    class Away:
        def windows(self, query):
            raise StoreError("the store does not answer")

    rig = start(OFFLINE, archive=Away())
    put_device(state="offline")
    rig.look()
    assert rig.alerts() == [("offline", "cam-1", "", "firing")]
    assert rig.health.remarks() == {"alerts history": "the store does not answer"}


@pytest.mark.parametrize(
    ("kind", "wrong", "well"),
    [
        ("temperature-margin", {"temperature_c": 78.0, "temperature_trip_c": 80.0}, {"temperature_c": 30.0}),
        ("throttled", {"throttled": True}, {"throttled": False}),
        ("undervoltage", {"undervoltage": True}, {"undervoltage": None}),
        ("disk-space", {"disk_free_mb": 1.0, "disk_total_mb": 100.0}, {"disk_free_mb": 50.0, "disk_total_mb": 100.0}),
        ("disk-space", {"disk_inodes_free_percent": 1.0}, {"disk_free_mb": 50.0}),
        ("disk-read-only", {"disk_read_only": True}, {"disk_read_only": False}),
        ("disk-wear", {"disk_life_used_percent": 90.0}, {}),
        ("disk-errors", {"disk_errors": 1}, {"disk_errors": 0}),
        ("outbox-age", {"outbox_depth": 1, "outbox_oldest_s": 700.0}, {"outbox_oldest_s": 700.0}),
        ("outbox-depth", {"outbox_depth": 20_000}, {}),
        ("crash-free", {"agent_crashes": 1, "crash_free_s": 60.0}, {"agent_crashes": 0, "crash_free_s": 60.0}),
        ("clock", {"clock": "unsynced"}, {"clock": "synced"}),
    ],
)
def test_each_kind_fires_for_the_device_that_is_wrong(start, put_device, kind, wrong, well):
    rig = start({"name": "rule", "kind": kind, "for_s": 0.0})
    put_device("cam-1", **wrong)
    put_device("cam-2", **well)
    rig.look()
    assert rig.alerts() == [("rule", "cam-1", "", "firing")]


def test_a_degraded_device_says_why(start, put_device):
    rig = start({"name": "degraded", "kind": "degraded", "for_s": 60.0})
    put_device(state="degraded", reason="camera is gone", since_ms=rig.now_ms - 60_000)
    rig.look()
    assert rig.rows()[0].detail == "camera is gone"


def test_a_heartbeat_that_cannot_be_read_is_told_and_hides_no_other_device(start, put_device):
    rig = start(HOT | {"for_s": 0.0}, OFFLINE)
    put_device("cam-1", temperature_c="warm")
    put_device("cam-2", temperature_c=99.0)
    put_device("cam-3", state="offline", pipelines=7)
    rig.look()
    assert rig.alerts() == [("hot", "cam-2", "", "firing"), ("offline", "cam-3", "", "firing")]
    assert rig.health.remarks()["alerts vitals"].startswith("2 devices have a heartbeat that this version cannot read")
