"""What the server relies on in a broker, over the embedded one and a real mosquitto, by an independent client."""

from __future__ import annotations

import os
import socket

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from skerry_edge.foundation.errors import ReachError
from skerry_server.broker import IotcoreBroker, MosquittoBroker, own_broker

TOPIC = "skerry/v1/home/cam-1/status"


@pytest.fixture(params=[IotcoreBroker, MosquittoBroker], ids=["iotcore", "mosquitto"])
def broker(request, tmp_path, need_program):
    """A running broker; gives its port."""
    if request.param is MosquittoBroker:
        need_program("mosquitto")
    broker = request.param(tmp_path)
    yield int(broker.start().rsplit(":", 1)[1])
    broker.stop()


class Client:
    """An MQTT 5 client that acknowledges only when told to, and notes what it got."""

    def __init__(self, port, name, *, keep_session=False, will=None):
        self.got = []
        self.events = []
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5, manual_ack=True
        )
        self._client.on_message = lambda _c, _u, message: self.got.append(message)
        self._client.on_connect = lambda _c, _u, flags, code, _p: self.events.append(
            (flags.session_present, code.value)
        )
        self._client.on_subscribe = lambda _c, _u, _mid, codes, _p: self.events.append(codes[0].value)
        if will is not None:
            self._client.will_set(TOPIC, will, qos=1, retain=True)
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = 3600 if keep_session else 0
        self._client.connect("127.0.0.1", port, clean_start=not keep_session, properties=properties)
        self._client.loop_start()

    def subscribe(self):
        self._client.subscribe("skerry/#", qos=1)

    def publish(self, payload, *, retain=False):
        self._client.publish(TOPIC, payload, qos=1, retain=retain).wait_for_publish(30)

    def payloads(self):
        return [message.payload for message in self.got]

    def acknowledge_all(self):
        for message in self.got:
            self._client.ack(message.mid, message.qos)

    def vanish(self):
        """Drop the connection as a power cut does: no DISCONNECT, so the will is sent."""
        self._client.loop_stop()
        self._client.socket().shutdown(socket.SHUT_RDWR)
        self._client.socket().close()

    def leave(self):
        self._client.disconnect()
        self._client.loop_stop()


def test_a_retained_message_waits_for_whoever_comes_later(broker, eventually):
    device, server = Client(broker, "cam-1"), Client(broker, "server")
    device.publish(b"birth", retain=True)
    server.subscribe()
    eventually(lambda: server.payloads() == [b"birth"], what="the retained message arrives")
    assert server.got[0].retain
    device.leave()
    server.leave()


def test_a_will_is_sent_and_kept_when_the_connection_is_cut(broker, eventually):
    server = Client(broker, "server")
    server.subscribe()
    eventually(lambda: len(server.events) == 2, what="the server is subscribed")
    device = Client(broker, "cam-1", will=b"will")
    eventually(lambda: device.events, what="the device is connected")
    device.vanish()
    eventually(lambda: server.payloads() == [b"will"], what="the will arrives")
    late = Client(broker, "late")
    late.subscribe()
    eventually(lambda: late.payloads() == [b"will"], what="the will was kept as a retained message")
    server.leave()
    late.leave()


def test_what_was_not_acknowledged_comes_again_and_what_came_meanwhile_was_kept(broker, eventually):
    device = Client(broker, "cam-1")
    server = Client(broker, "server", keep_session=True)
    server.subscribe()
    eventually(lambda: len(server.events) == 2, what="the server is subscribed")
    device.publish(b"one")
    device.publish(b"two")
    eventually(lambda: server.payloads() == [b"one", b"two"], what="both messages arrive")
    server.vanish()
    device.publish(b"three")
    again = Client(broker, "server", keep_session=True)
    eventually(lambda: again.payloads() == [b"one", b"two", b"three"], what="all three arrive in order")
    assert again.events[0] == (True, 0)
    device.leave()
    again.leave()


def test_what_was_acknowledged_does_not_come_again(broker, eventually):
    device = Client(broker, "cam-1")
    server = Client(broker, "server", keep_session=True)
    server.subscribe()
    eventually(lambda: len(server.events) == 2, what="the server is subscribed")
    device.publish(b"one")
    eventually(lambda: server.payloads() == [b"one"], what="the message arrives")
    server.acknowledge_all()
    server.leave()
    device.publish(b"two")
    again = Client(broker, "server", keep_session=True)
    eventually(lambda: b"two" in again.payloads(), what="the second message arrives")
    assert again.payloads() == [b"two"]
    device.leave()
    again.leave()


def test_the_largest_snapshot_passes(broker, eventually):
    device, server = Client(broker, "cam-1"), Client(broker, "server")
    server.subscribe()
    eventually(lambda: len(server.events) == 2, what="the server is subscribed")
    device.publish(bytes(256 * 1024))
    eventually(lambda: [len(one) for one in server.payloads()] == [256 * 1024], what="the snapshot arrives")
    device.leave()
    server.leave()


@pytest.mark.parametrize("kind", [IotcoreBroker, MosquittoBroker])
def test_a_port_in_use_is_named_with_exit_code_4(kind, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ReachError, match=f"port is in use; in 127.0.0.1:{port}") as caught:
            kind(tmp_path, port=port).start()
    assert caught.value.exit_code == 4


def test_a_stopped_broker_frees_its_port(tmp_path, free_port):
    port = free_port()
    for _ in range(2):
        broker = own_broker(tmp_path, port=port)
        assert broker.start() == f"mqtt://127.0.0.1:{port}"
        broker.stop()


def test_a_broker_that_does_not_start_tells_what_it_said(tmp_path, monkeypatch):
    broken = tmp_path / "bin"
    broken.mkdir()
    program = broken / "mosquitto"
    program.write_text("#!/bin/sh\necho 'cannot start today'; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken}:{os.environ['PATH']}")
    with pytest.raises(ReachError, match="cannot start today"):
        MosquittoBroker(tmp_path).start()
