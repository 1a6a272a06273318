"""The broker rules that are shipped, on a real mosquitto: a device reaches its own topics and nothing else."""

import ssl
import subprocess
import warnings

import pytest

HOME = "skerry/v1/home"
OWN = [f"{HOME}/cam-a/{kind}" for kind in ("status", "heartbeat", "event", "snapshot/e1", "state", "result/c1")]
FOREIGN = [
    *(topic.replace("cam-a", "cam-b") for topic in OWN),
    f"{HOME}/cam-a/desired",
    f"{HOME}/cam-a/command",
    f"{HOME}/cam-a/snapshot/e1/more",
    f"{HOME}/cam-a/unknown",
    f"{HOME}/cam-a",
    "skerry/v1/home/sub/cam-a/status",
    "skerry/v2/home/cam-a/status",
    "skerry-doctor/x",
    "homeassistant/device/skerry/cam-b/config",
    "homeassistant/status",
    "elsewhere",
]
NOT_AUTHORISED = 0x87


def end_mark(client):
    """Publish what comes after all that was tried before, and return its topic."""
    topic = f"{HOME}/cam-a/event"
    assert client.publish(topic, b"end mark") < 0x80
    return topic


def test_a_device_writes_what_goes_up_and_reads_what_comes_down(fleet_broker):
    server = fleet_broker.server()
    server.subscribe("skerry/#")
    server.publish(f"{HOME}/cam-a/desired", b"wanted", retain=True)
    device = fleet_broker.device("cam-a")
    device.subscribe(f"{HOME}/cam-a/desired")
    device.subscribe(f"{HOME}/cam-a/command")
    server.publish(f"{HOME}/cam-a/command", b"ping")
    for topic in OWN:
        assert device.publish(topic) < 0x80
        server.wait_for(topic)
    device.wait_for(f"{HOME}/cam-a/desired")
    device.wait_for(f"{HOME}/cam-a/command")
    server.publish(f"{HOME}/cam-a/desired", b"", retain=True)


def test_a_device_can_write_neither_for_another_nor_what_it_is_told(fleet_broker):
    server = fleet_broker.server()
    dashboard = fleet_broker.server("dashboard")
    server.subscribe("skerry/#")
    dashboard.subscribe("homeassistant/#")
    device = fleet_broker.device("cam-a")
    answers = {topic: device.publish(topic) for topic in FOREIGN}
    assert set(answers.values()) == {NOT_AUTHORISED}
    server.wait_for(end_mark(device))
    assert not set(server.topics) & set(FOREIGN)
    assert not dashboard.topics


@pytest.mark.parametrize(
    "topic_filter", ["#", "skerry/#", "skerry/v1/+/+/event", f"{HOME}/cam-b/+", "$SYS/#", "$share/any/skerry/#"]
)
def test_a_device_reads_nothing_of_others_however_it_asks(fleet_broker, topic_filter):
    other = fleet_broker.device("cam-b")
    other.publish(f"{HOME}/cam-b/status", b"retained", retain=True)
    server = fleet_broker.server()
    server.publish(f"{HOME}/cam-b/desired", b"secret", retain=True)
    device = fleet_broker.device("cam-a")
    device.subscribe(topic_filter)
    device.subscribe(f"{HOME}/cam-a/command")
    other.publish(f"{HOME}/cam-b/event", b"private")
    server.publish(f"{HOME}/cam-b/command", b"secret")
    server.publish(f"{HOME}/cam-a/command", b"end mark")
    device.wait_for(f"{HOME}/cam-a/command")
    assert set(device.topics) == {f"{HOME}/cam-a/command"}


@pytest.mark.parametrize("victim", ["cam-b", "skerry-server"])
def test_nobody_is_put_out_by_a_device_that_takes_his_client_id(fleet_broker, victim):
    # The names that a device can have never begin as the server's client ids do.
    other = fleet_broker.device("cam-b") if victim == "cam-b" else fleet_broker.server(client_id=victim, session_s=60)
    intruder = fleet_broker.device("cam-a", client_id=victim)
    assert intruder.is_in
    assert intruder.publish(f"{HOME}/cam-b/status") == NOT_AUTHORISED
    assert other.subscribe("skerry/#") < 0x80
    assert other.is_in


def test_a_device_with_two_connections_is_one_client(fleet_broker):
    first = fleet_broker.device("cam-a", client_id="first")
    fleet_broker.device("cam-a", client_id="second")
    first.wait(lambda: first.lost, "the first connection ends when the same device comes again")


def test_a_will_obeys_the_rules(fleet_broker):
    server = fleet_broker.server()
    server.subscribe("skerry/#")
    for topic in (f"{HOME}/cam-b/status", f"{HOME}/cam-a/desired"):
        intruder = fleet_broker.device("cam-a", will=topic)
        if intruder.is_in:
            intruder.cut()
            intruder.wait(lambda one=intruder: one.lost, "the connection ends")
    honest = fleet_broker.device("cam-a", will=f"{HOME}/cam-a/status")
    honest.cut()
    server.wait_for(f"{HOME}/cam-a/status")
    assert set(server.topics) <= {f"{HOME}/cam-a/status", f"{HOME}/cam-b/status", f"{HOME}/cam-b/desired"}
    assert (f"{HOME}/cam-b/status", b"{}") not in server.received
    assert (f"{HOME}/cam-a/desired", b"{}") not in server.received


def test_strangers_are_refused_and_everybody_has_his_own_door(fleet_broker):
    passwords, tls = fleet_broker.passwords, fleet_broker.trust()
    device, server = fleet_broker.device_port, fleet_broker.server_port
    refused = {
        "anonymous device": fleet_broker.client(port=device, tls=tls),
        "anonymous server": fleet_broker.client(port=server),
        "wrong password": fleet_broker.client(name="cam-a", password="wrong", port=device, tls=tls),
        "another's password": fleet_broker.client(name="cam-a", password=passwords["cam-b"], port=device, tls=tls),
        "device at the server's": fleet_broker.client(name="cam-a", password=passwords["cam-a"], port=server),
        "server at the devices'": fleet_broker.client(
            name="skerry", password=passwords["skerry"], port=device, tls=tls
        ),
        "unencrypted": fleet_broker.client(name="cam-a", password=passwords["cam-a"], port=device),
    }
    assert [name for name, client in refused.items() if client.is_in] == []


def test_tls_below_1_2_is_refused(fleet_broker):
    old = fleet_broker.trust()
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    assert not fleet_broker.client(name="cam-a", password=fleet_broker.passwords["cam-a"], tls=old).is_in


def test_the_dashboard_s_user_asks_for_no_change(fleet_broker):
    dashboard = fleet_broker.server("dashboard")
    topics = (f"{HOME}/cam-a/desired", f"{HOME}/cam-a/command", f"{HOME}/cam-a/status")
    assert {dashboard.publish(topic) for topic in topics} == {NOT_AUTHORISED}


@pytest.mark.parametrize(
    "name", ["cam+", "#", "+", "cam-b/snapshot", "Cam", "-cam", "skerry-server", "", "a b", "a\nb"]
)
def test_names_that_would_reach_further_get_neither_password_nor_certificate(fleet_broker, name):
    for command in ("add-device", "add-certificate"):
        assert "is no device id" in fleet_broker.administer(command, name, code=2)


def test_before_there_is_an_authority_the_command_names_what_makes_one(fleet_broker, tmp_path):
    for command in (["add-device", "cam-a"], ["add-user", "skerry"], ["broker-certificate", "localhost"]):
        assert "run 'skerry-broker init' first" in fleet_broker.administer(*command, code=2, folder=tmp_path)


@pytest.mark.parametrize("host", ["", "a b", "x,DNS:y", "*"])
def test_a_certificate_is_for_hosts_alone(fleet_broker, host):
    assert "is no name or address" in fleet_broker.administer("broker-certificate", host, code=2)


def test_the_broker_itself_gives_nothing_to_a_name_with_a_wildcard(fleet_broker, eventually):
    # A name that begins with '#' is a comment to mosquitto: it cannot be in the file.
    passwords = fleet_broker.folder / "devices.passwd"
    before = passwords.read_bytes()
    subprocess.run(["mosquitto_passwd", "-b", passwords, "+", "x"], check=True)
    fleet_broker.reload(eventually)
    intruder = fleet_broker.client(name="+", password="x", client_id="wild", tls=fleet_broker.trust())
    assert intruder.is_in
    assert intruder.publish(f"{HOME}/cam-b/status") == NOT_AUTHORISED
    passwords.write_bytes(before)
    fleet_broker.reload(eventually)


class TestCertificates:
    def own(self, fleet_broker, name="cam-a"):
        folder = fleet_broker.folder / "devices"
        return folder / f"{name}.crt", folder / f"{name}.key"

    def test_a_device_is_who_its_certificate_says(self, fleet_broker):
        device = fleet_broker.certified(*self.own(fleet_broker), name="cam-b", password="any", client_id="cam-b")
        assert device.is_in
        assert device.publish(f"{HOME}/cam-a/status") < 0x80
        assert {device.publish(topic) for topic in FOREIGN} == {NOT_AUTHORISED}

    def test_no_certificate_and_one_of_another_authority_are_refused(self, fleet_broker, tmp_path):
        assert not fleet_broker.client(
            name="cam-a", password=fleet_broker.passwords["cam-a"], port=fleet_broker.certificate_port,
            tls=fleet_broker.trust(),
        ).is_in  # fmt: skip
        certificate, key = tmp_path / "cam-a.crt", tmp_path / "cam-a.key"
        making = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=cam-a", "-days", "1"]
        subprocess.run([*making, "-out", certificate, "-keyout", key], check=True, capture_output=True)
        assert not fleet_broker.certified(certificate, key).is_in

    def test_a_certificate_past_its_time_is_refused(self, fleet_broker, tmp_path):
        _, key = self.own(fleet_broker)
        request, certificate = tmp_path / "cam-a.csr", tmp_path / "cam-a.crt"
        subprocess.run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=cam-a", "-out", request], check=True)
        signing = ["openssl", "ca", "-batch", "-notext", "-config", fleet_broker.folder / "ca.cnf", "-in", request]
        dates = ["-extensions", "device", "-startdate", "200101000000Z", "-enddate", "200201000000Z"]
        subprocess.run([*signing, *dates, "-out", certificate], check=True, capture_output=True)
        assert not fleet_broker.certified(certificate, key).is_in

    def test_the_broker_s_own_certificate_is_no_device(self, fleet_broker):
        folder = fleet_broker.folder
        assert not fleet_broker.certified(folder / "broker.crt", folder / "broker.key").is_in

    def test_a_device_that_was_removed_is_out_after_a_reload(self, fleet_broker, tmp_path, eventually):
        fleet_broker.passwords["cam-c"] = fleet_broker.administer("add-device", "cam-c")
        fleet_broker.administer("add-certificate", "cam-c")
        certificate, key = self.own(fleet_broker, "cam-c")
        kept = tmp_path / "cam-c.crt", tmp_path / "cam-c.key"
        for source, target in zip((certificate, key), kept, strict=True):
            target.write_bytes(source.read_bytes())
        first = fleet_broker.certified(*kept)
        assert first.is_in
        first.close()
        fleet_broker.reload(eventually)
        connected = fleet_broker.device("cam-c")
        assert connected.is_in
        fleet_broker.administer("remove-device", "cam-c")
        fleet_broker.reload(eventually)
        connected.wait(lambda: connected.lost, "the removed device's connection ends")
        assert not fleet_broker.certified(*kept).is_in
        assert not fleet_broker.device("cam-c").is_in
        assert "no device 'cam-c'" in fleet_broker.administer("remove-device", "cam-c", code=2)


def test_what_the_server_has_not_acknowledged_survives_the_broker_s_restart(fleet_broker, eventually):
    server = fleet_broker.server(client_id="skerry-server", session_s=3600)
    server.subscribe("skerry/#")
    server.close()
    device = fleet_broker.device("cam-a")
    for _ in range(30):
        device.publish(f"{HOME}/cam-a/heartbeat")
    fleet_broker.stop()
    fleet_broker.start()
    eventually(fleet_broker.answers, what="the broker answers again")
    server = fleet_broker.server(client_id="skerry-server", session_s=3600)
    server.wait(lambda: len(server.received) >= 30, "all that waited arrives")


def test_what_is_published_before_the_server_is_back_waits_for_it(fleet_broker, eventually):
    server = fleet_broker.server(client_id="skerry-server", session_s=3600)
    server.subscribe("skerry/#")
    server.close()
    fleet_broker.stop()
    fleet_broker.start()
    eventually(fleet_broker.answers, what="the broker answers again")
    sent = [f"{HOME}/cam-a/{kind}" for kind in ("status", "heartbeat", "event", "state", "snapshot/one")]
    device = fleet_broker.device("cam-a")
    assert [device.publish(topic) for topic in sent] == [0] * len(sent)
    server = fleet_broker.server(client_id="skerry-server", session_s=3600)
    server.wait(lambda: set(sent) <= set(server.topics), "what came before the server was back arrives")


def test_a_command_before_a_device_is_back_waits_for_it(fleet_broker, eventually):
    commands = {name: f"{HOME}/{name}/command" for name in ("cam-a", "cam-b")}

    def devices():
        folder = fleet_broker.folder / "devices"
        yield "cam-a", fleet_broker.device("cam-a", session_s=3600)
        yield "cam-b", fleet_broker.certified(folder / "cam-b.crt", folder / "cam-b.key", session_s=3600)

    for name, device in devices():
        device.subscribe(commands[name])
        device.close()
    fleet_broker.stop()
    fleet_broker.start()
    eventually(fleet_broker.answers, what="the broker answers again")
    server = fleet_broker.server()
    assert [server.publish(topic) for topic in commands.values()] == [0, 0]
    for name, device in devices():
        device.wait_for(commands[name])
