"""`skerry server run` as a process: what it answers, outlives and refuses."""

from __future__ import annotations

import socket
import subprocess
import sys
import time

import pytest

SKERRY = [sys.executable, "-m", "skerry_edge"]


def run(config):
    command = [*SKERRY, "server", "run", "--config", str(config)]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_the_api_shows_what_was_published(broker, start_server, publish, message, eventually):
    server = start_server(broker.url)
    vitals = {
        "name": "camera",
        "model": "yolo",
        "model_version": "1.0.0",
        "backend": "onnx",
        "state": "running",
        "frames": 3,
    }
    publish(
        broker.url,
        [
            message("status", 1),
            message("heartbeat", 2, temperature_c=51.5, pipelines=[vitals]),
            message("event", 3, label="person", box=[0.1, 0.1, 0.5, 0.5], latency_ms=12.0),
            message("event", 4, kind="wakeword", label="alexa"),
        ],
    )
    eventually(lambda: server.health()["durable"] == 4, what="all messages are stored")
    eventually(lambda: server.get("api/v1/devices").json()["devices"][0]["models"], what="vitals are written")
    (device,) = server.get("api/v1/devices").json()["devices"]
    assert (device["device"], device["online"], device["presence"]) == ("cam-1", True, "online")
    assert (device["temperature_c"], device["models"]) == (51.5, ["yolo 1.0.0"])
    (event,) = server.get("api/v1/events", kind="wakeword").json()["events"]
    assert event["label"] == "alexa"
    first = server.get("api/v1/events", limit=1).json()
    second = server.get("api/v1/events", limit=1, cursor=first["next"]).json()
    assert [first["events"][0]["label"], second["events"][0]["label"]] == ["alexa", "person"]
    assert second["next"] is None
    assert server.get("api/v1/devices/cam-1/heartbeat").json()["pipelines"][0]["frames"] > 0
    (sample,) = server.get("api/v1/devices/cam-1/samples", measurement="inference").json()["samples"]
    assert sample["fields"]["frames"] == 3.0


def test_an_events_snapshot_is_served_as_a_picture_and_nothing_else(broker, start_server, publish, message, eventually):
    server = start_server(broker.url)
    jpeg = b"\xff\xd8\xff\xe0<script>alert(1)</script>"
    publish(broker.url, [message("event", 1), ("skerry/v1/home/cam-1/snapshot/m1", jpeg, False), message("event", 2)])
    eventually(lambda: server.health()["durable"] == 3, what="all messages are stored")
    plain, pictured = server.get("api/v1/events").json()["events"]
    assert plain["snapshot"] is None
    answer = server.get(pictured["snapshot"].removeprefix("/"))
    assert (answer.status_code, answer.content) == (200, jpeg)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    for device, event, status in [
        ("cam-1", "m2", 404),
        ("cam-2", "m1", 404),
        ("cam-1", "..%2Fm1", 404),
        ("cam-1", "m1%0A", 422),
        ("cam-1", "m" * 65, 422),
        ("CAM-1", "m1", 422),
    ]:
        refused = server.get(f"api/v1/devices/{device}/snapshots/{event}")
        assert refused.status_code == status, (device, event)
        assert refused.headers["content-type"] == "application/json"


def test_every_route_of_the_api_is_described_and_refuses_nonsense(broker, start_server):
    server = start_server(broker.url)
    paths = server.get("api/v1/openapi.json").json()["paths"]
    assert {"/api/v1/devices", "/api/v1/events", "/api/v1/dead-letters", "/healthz", "/readyz"} <= set(paths)
    for path, arguments in [
        ("api/v1/events", {"limit": 0}),
        ("api/v1/events", {"limit": 10**9}),
        ("api/v1/events", {"cursor": "x"}),
        ("api/v1/events", {"kind": "gossip"}),
        ("api/v1/events", {"since_ms": -1}),
        ("api/v1/events", {"device": "../etc"}),
        ("api/v1/devices/cam-1/samples", {"measurement": "passwords"}),
        ("api/v1/devices/cam-1/samples", {"since_ms": 2**53}),
    ]:
        assert server.get(path, **arguments).status_code == 422
    assert server.get("api/v1/devices/nobody").status_code == 404
    assert server.get("api/v1/devices/nobody/heartbeat").status_code == 404
    missing = server.get("api/v1/nothing")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/json")


def test_malformed_and_foreign_messages_are_kept_with_their_reason(broker, start_server, publish, message, eventually):
    server = start_server(broker.url)
    topic, payload, _ = message("event", 9, site="elsewhere")
    bad = [
        ("skerry/v1/home/cam-1/event", b"{", "encoding"),
        ("skerry/v1/home/cam-1/event", b'{"a":"\xff"}', "encoding"),
        ("skerry/v1/home/cam-1/event", b"{}", "schema"),
        ("skerry/v1/home/cam-1/heartbeat", b"x" * 200_000, "oversize"),
        ("skerry/v1/home/cam-1/gossip", b"{}", "topic"),
        ("skerry/other", b"{}", "topic"),
        (topic, payload, "identity"),
    ]
    publish(broker.url, [message("status", 1), *((one[0], one[1], False) for one in bad), message("event", 2)])
    eventually(lambda: server.health()["durable"] == len(bad) + 2, what="all messages are handled")
    letters = server.get("api/v1/dead-letters").json()
    assert letters["total"] == len(bad)
    kept = {(one["topic"], one["reason"]) for one in letters["dead_letters"]}
    assert kept == {(topic, reason) for topic, _, reason in bad}
    (huge,) = [one for one in letters["dead_letters"] if one["reason"] == "oversize"]
    assert huge["payload_bytes"] == 200_000
    assert len(server.get("api/v1/events").json()["events"]) == 1


def test_commands_and_wishes_on_their_way_down_are_left_alone(broker, start_server, publish, eventually):
    server = start_server(broker.url)
    publish(
        broker.url, [("skerry/v1/home/cam-1/desired", b"{}", False), ("skerry/v1/home/cam-1/command", b"{}", False)]
    )
    eventually(lambda: server.health()["durable"] == 2, what="both were seen")
    assert server.get("api/v1/dead-letters").json()["total"] == 0
    assert server.get("api/v1/devices").json()["devices"] == []


def test_a_device_that_falls_silent_goes_offline_and_says_why(broker, start_server, publish, message, eventually):
    server = start_server(broker.url, more="[presence]\nheartbeat_s = 0.2\nmissed = 3\n")
    publish(broker.url, [message("status", 1), message("heartbeat", 2)])

    def history(since_ms=0):
        """Return the states that began since then: that of a moment is soon another, what was stays."""
        answer = server.get("api/v1/devices/cam-1/presence")
        intervals = answer.json()["intervals"] if answer.status_code == 200 else []
        return {one["presence"]: one["reason"] for one in intervals if one["began_ms"] >= since_ms}

    eventually(lambda: set(history()) == {"online", "offline"}, what="the device is offline")
    assert history()["offline"] == "no heartbeat for 0.6 s"
    until_ms = time.time_ns() // 1_000_000
    publish(broker.url, [message("heartbeat", 3)])
    eventually(lambda: "online" in history(since_ms=until_ms), what="the device is online again")


def test_a_broker_that_is_away_at_start_and_goes_away_later_is_outlived(
    broker, start_server, publish, message, eventually
):
    broker.stop()
    server = start_server(broker.url, wait=False)
    eventually(lambda: health_status(server) == 503, what="the server lives and says that it is not well")
    assert not server.health()["broker"]["ok"]
    assert server.get("api/v1/devices").status_code == 200
    broker.start()
    eventually(server.is_well, what="the server found the broker")
    broker.stop()
    eventually(lambda: health_status(server) == 503, what="the server noticed that the broker went")
    broker.start()
    eventually(server.is_well, what="the server found the broker again")
    publish(broker.url, [message("event", 1)])
    eventually(lambda: server.health()["durable"] == 1, what="messages go through again")


def health_status(server):
    try:
        return server.get("readyz").status_code
    except Exception:  # noqa: BLE001  # whatever it is, the server does not answer yet
        return None


@pytest.fixture
def silent_broker():
    """Give the address of what takes a connection and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"mqtt://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize(
    ("command", "kind"), [("api", "well"), ("api", "gone"), ("api", "absent"), ("api", "silent"), ("run", "silent")]
)
def test_sigterm_ends_a_server_whatever_its_broker_does(
    broker, silent_broker, free_port, start_server, eventually, command, kind
):
    url = {"absent": f"mqtt://127.0.0.1:{free_port()}", "silent": silent_broker}.get(kind, broker.url)
    server = start_server(url, command=(command,), wait=False)
    eventually(lambda: health_status(server), what="the server answers")
    if kind == "gone":
        broker.stop()
    assert server.stop() == 0


def test_a_port_in_use_is_named_with_exit_code_4(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config = tmp_path / "server.toml"
        config.write_text(f"[http]\nport = {port}\n")
        done = run(config)
    assert done.returncode == 4
    assert f"127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('[broker]\nurll = "x"\n', 2, "did you mean 'url'?"),
        ("[http]\nport = 70000\n", 2, "port"),
        ('[http]\nhost = "0.0.0.0"\n', 2, "with TLS only"),
        ("not toml", 2, "not valid TOML"),
        ('[registry]\nurl = "mysql://u:hunter2@h/d"\n', 2, "SQLite or PostgreSQL"),
        ('[registry]\nurl = "postgresql+pg8000://h/d"\n', 2, "postgresql+psycopg"),
        ('[broker]\nusername = "u"\npassword_file = "nothing"\n', 4, "secret"),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_exit_code_and_no_traceback(tmp_path, text, code, said):
    config = tmp_path / "server.toml"
    config.write_text(text)
    done = run(config)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


def test_a_configuration_that_is_not_there_is_exit_code_4(tmp_path):
    done = run(tmp_path / "none.toml")
    assert done.returncode == 4
    assert "none.toml" in done.stderr
