"""`skerry doctor --broker` on real brokers: it finds limits by trying, and leaves nothing behind."""

import socket
import subprocess

import pytest


@pytest.fixture
def examine(skerry, tmp_path, fleet_broker):
    """Return a function that examines the fleet's broker as a user of its, and gives findings by name."""

    def ask(username, *arguments):
        secret = tmp_path / f"{username}.secret"
        secret.write_text(fleet_broker.passwords[username])
        secret.chmod(0o600)
        url = f"mqtt://127.0.0.1:{fleet_broker.server_port}"
        login = ("--username", username, "--password-file", secret)
        done = skerry("doctor", "--broker", url, *login, "--json", *arguments)
        return done, {one["name"]: one for one in done.json["findings"]}

    return ask


@pytest.fixture
def plain_mosquitto(tmp_path, need_program, free_port, eventually):
    """Return a function that runs a mosquitto with lines of configuration, and gives its address."""
    program, running = need_program("mosquitto"), []

    def run(lines):
        port = free_port()
        config = tmp_path / "plain.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n{lines}\n")
        running.append(subprocess.Popen([program, "-c", config], stderr=subprocess.DEVNULL))

        def answers():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        eventually(answers, what="mosquitto answers")
        return f"mqtt://127.0.0.1:{port}"

    yield run
    for process in running:
        process.terminate()
        process.wait(30)


def test_the_shipped_configuration_loses_nothing_of_a_fleet(examine, fleet_broker):
    done, findings = examine("skerry", "--devices", 100, "--away", 10)
    assert done.code == 0
    assert {one["status"] for one in findings.values()} == {"ok", "not applicable"}
    assert "2000 messages" in findings["queue for a server that is away"]["found"]
    sharing = findings['subscription = "shared", for several workers']
    assert sharing["found"].startswith("mosquitto version 2")
    assert "lets any device join one" in sharing["found"]


def test_mosquitto_as_it_comes_drops_what_a_fleet_sends_in_ten_minutes(skerry, plain_mosquitto):
    done = skerry("doctor", "--broker", plain_mosquitto(""), "--devices", 200, "--json")
    queue = {one["name"]: one for one in done.json["findings"]}["queue for a server that is away"]
    assert queue["status"] == "warning"
    assert queue["found"].startswith("1000 of 4000 messages were kept")


def test_small_limits_are_found_as_they_are(skerry, plain_mosquitto):
    url = plain_mosquitto("max_queued_messages 150\nmax_packet_size 5000")
    findings = {one["name"]: one for one in skerry("doctor", "--broker", url, "--json").json["findings"]}
    assert findings["queue for a server that is away"]["found"].startswith("150 of 2000")
    assert findings["largest packet"] == {
        "name": "largest packet",
        "status": "warning",
        "found": "5000 bytes",
        "todo": "allow 262656 bytes (mosquitto: max_packet_size), or leave snapshots off",
    }


def test_a_user_who_may_not_try_is_told_which_rule_is_missing(examine):
    done, findings = examine("dashboard")
    assert done.code == 0
    assert "skerry-doctor/#" in findings["limits by trying"]["todo"]


def test_over_tls_a_device_is_told_that_it_is_the_server_s_user_who_can_try(skerry, fleet_broker, tmp_path):
    secret = tmp_path / "cam-a.secret"
    secret.write_text(fleet_broker.passwords["cam-a"])
    url = f"mqtts://localhost:{fleet_broker.device_port}"
    trial = ("doctor", "--broker", url, "--username", "cam-a", "--password-file", secret, "--json")
    done = skerry(*trial, "--ca-file", fleet_broker.folder / "ca.crt")
    assert done.code == 1
    assert "different client ids, as the server's" in done.json["findings"][0]["todo"]
    stranger = skerry(*trial)
    assert stranger.code == 1
    assert "certificate" in stranger.json["findings"][0]["found"]


def test_nothing_stays_at_the_broker(examine, fleet_broker):
    examine("skerry", "--devices", 1)
    watcher = fleet_broker.server(client_id="watcher")
    watcher.subscribe("skerry-doctor/#")
    watcher.publish("skerry-doctor/end-mark")
    watcher.wait_for("skerry-doctor/end-mark")
    assert watcher.topics == ["skerry-doctor/end-mark"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--broker", "http://127.0.0.1:1"), 2),
        (("--broker", "mqtt://127.0.0.1:1"), 1),
        (("--broker", "mqtt://127.0.0.1:1", "--devices", "0"), 2),
        (("--broker", "mqtt://127.0.0.1:1", "--username", "skerry"), 1),
        (("--broker", "mqtt://127.0.0.1:1", "--config", __file__), 2),
    ],
)
def test_what_cannot_be_tried_is_said(skerry, arguments, code):
    done = skerry("doctor", *arguments)
    assert done.code == code
    assert "Traceback" not in done.out + done.err
