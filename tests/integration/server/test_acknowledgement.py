"""A message is acknowledged only when it is durable: seen on the wire, and through kills and outages."""

from __future__ import annotations

import asyncio
import struct
import threading

import pytest

from skerry_edge.contracts.snapshots import JPEG_START
from skerry_edge.foundation.broker_address import BrokerAddress
from skerry_server.config.limits import Limits
from skerry_server.health import Health
from skerry_server.ingest.commit import Committer
from skerry_server.ingest.consumer import Consumer
from skerry_server.ingest.intake import MAX_WAITING_BYTES, Intake
from skerry_server.ingest.link import Access
from skerry_server.ingest.pauses import PatientStore
from skerry_server.ingest.worker import Worker
from skerry_server.presence import SilenceRules
from skerry_server.registry.database import Database
from skerry_server.spool.spool import Spool
from skerry_server.stores.base import StoreInfo

CONNACK, PUBLISH_QOS1, PUBACK, SUBACK = 0x20, 0x32, 0x40, 0x90


class GatedStore:
    """A store whose write returns only when the test opens the gate."""

    def __init__(self):
        self.is_writing = threading.Event()
        self.gate = threading.Event()

    def probe(self):
        return StoreInfo(product="gated", version="1", where="here")

    def write(self, points):
        self.is_writing.set()
        assert self.gate.wait(60)


class WireBroker:
    """A broker of a few packets: accepts one subscriber, publishes, and notes every PUBACK."""

    def __init__(self, *, is_mqtt5):
        self._is_mqtt5 = is_mqtt5
        self.acknowledged = []
        self.subscribed = asyncio.Event()
        self.connections = 0

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader, writer):
        self.connections += 1
        self.writer = writer
        try:
            while True:
                first = (await reader.readexactly(1))[0]
                length, shift = 0, 0
                while True:
                    byte = (await reader.readexactly(1))[0]
                    length |= (byte & 0x7F) << shift
                    shift += 7
                    if byte < 0x80:
                        break
                body = await reader.readexactly(length)
                self._answer(first & 0xF0, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, kind, body):
        properties = b"\x00" if self._is_mqtt5 else b""
        if kind == 0x10:
            self._send(CONNACK, b"\x00\x00" + properties)
        elif kind == 0x80:
            self._send(SUBACK, body[:2] + properties + b"\x01")
            self.subscribed.set()
        elif kind == PUBACK:
            self.acknowledged.append(struct.unpack("!H", body[:2])[0])

    def publish(self, topic, payload, packet_id):
        properties = b"\x00" if self._is_mqtt5 else b""
        name = topic.encode()
        head = struct.pack("!H", len(name)) + name + struct.pack("!H", packet_id) + properties
        self._send(PUBLISH_QOS1, head + payload)

    def hang_up(self):
        self.subscribed.clear()
        self.writer.transport.abort()

    def _send(self, kind, body):
        length, encoded = len(body), b""
        while True:
            length, low = length >> 7, length & 0x7F
            encoded += bytes([low | (0x80 if length else 0)])
            if not length:
                break
        self.writer.write(bytes([kind]) + encoded + body)

    async def stop(self):
        self._server.close()
        await self._server.wait_closed()


class Rig:
    """Consumer, intake and worker in this process, against a wire broker and a gated store."""

    def __init__(self, tmp_path, *, is_mqtt5, max_waiting_bytes=MAX_WAITING_BYTES):
        self.broker = WireBroker(is_mqtt5=is_mqtt5)
        self._max_waiting_bytes = max_waiting_bytes
        self.store = GatedStore()
        self._database = Database(f"sqlite:///{tmp_path / 'registry.sqlite'}")
        self._is_mqtt5 = is_mqtt5
        self._spool = Spool(tmp_path / "spool", budget_bytes=1)
        self._spool.open()
        self._hang_up = asyncio.Event()

    async def __aenter__(self):
        port = await self.broker.start()
        self.intake, self.health = Intake(max_waiting_bytes=self._max_waiting_bytes), Health()
        rules = SilenceRules(heartbeat_s=30.0, missed=3)
        self._worker = Worker(
            intake=self.intake,
            committer=Committer(store=PatientStore(self.store), database=self._database, rules=rules, limits=Limits()),
            spool=self._spool,
            health=self.health,
            replay_per_s=1000,
        )
        self._worker.durability.learn(self.store.probe(), 0.0)
        access = Access(
            address=BrokerAddress(host="127.0.0.1", port=port, encrypted=False),
            client_id="server",
            is_mqtt5=self._is_mqtt5,
            session_expiry_s=60,
            topic_filter="skerry/#",
        )
        self._consuming = asyncio.create_task(
            Consumer(access, intake=self.intake, health=self.health).run(self._hang_up)
        )
        self._working = asyncio.create_task(self._worker.run())
        await asyncio.wait_for(self.broker.subscribed.wait(), 30)
        return self

    async def __aexit__(self, *_):
        self.store.gate.set()
        self._hang_up.set()
        await asyncio.wait_for(self._consuming, 30)
        self._working.cancel()
        await asyncio.gather(self._working, return_exceptions=True)
        self._worker.close()
        self._spool.close()
        self._database.close()
        await self.broker.stop()


async def until(condition):
    for _ in range(3000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("never came true")


@pytest.mark.parametrize("is_mqtt5", [True, False], ids=["MQTT 5", "MQTT 3.1.1"])
def test_no_puback_is_on_the_wire_before_the_store_has_returned(tmp_path, message, is_mqtt5):
    async def scenario():
        async with Rig(tmp_path, is_mqtt5=is_mqtt5) as rig:
            for seq in (1, 2, 3):
                rig.broker.publish(*message("heartbeat", seq)[:2], packet_id=10 + seq)
            await until(rig.store.is_writing.is_set)
            # A round trip on the same connection, so that a PUBACK sent before would have been seen.
            rig.broker.publish("skerry/v1/home/cam-1/desired", b"", packet_id=20)
            await until(lambda: rig.health.counts().received == 4)
            assert rig.broker.acknowledged == []
            rig.store.gate.set()
            await until(lambda: len(rig.broker.acknowledged) == 4)
            assert rig.broker.acknowledged == [11, 12, 13, 20]

    asyncio.run(scenario())


def test_a_late_acknowledgement_never_reaches_the_next_connection(tmp_path, message):
    async def scenario():
        async with Rig(tmp_path, is_mqtt5=True) as rig:
            rig.broker.publish(*message("heartbeat", 1)[:2], packet_id=7)
            await until(rig.store.is_writing.is_set)
            rig.broker.hang_up()
            await asyncio.wait_for(rig.broker.subscribed.wait(), 30)
            assert rig.broker.connections == 2
            # The packet id 7 now belongs to another message, which only its own commit may acknowledge.
            rig.store.gate.set()
            await asyncio.wait_for(rig.intake.drain(), 30)
            rig.broker.publish(*message("heartbeat", 2)[:2], packet_id=8)
            await until(lambda: rig.broker.acknowledged)
            assert rig.broker.acknowledged == [8]

    asyncio.run(scenario())


def test_large_snapshots_wait_at_the_broker_while_nothing_can_be_stored(tmp_path, message):
    snapshots, size = 80, 256 * 1024

    async def scenario():
        async with Rig(tmp_path, is_mqtt5=True, max_waiting_bytes=4 * size) as rig:
            rig.broker.publish(*message("heartbeat", 1)[:2], packet_id=1)
            await until(rig.store.is_writing.is_set)
            jpeg = JPEG_START + bytes(size - len(JPEG_START))
            for number in range(2, 2 + snapshots):
                rig.broker.publish(f"skerry/v1/home/cam-1/snapshot/e{number}", jpeg, packet_id=number)
            await until(lambda: not rig.intake.has_room.is_set())
            # Broker and consumer share this loop: whoever still read would have come far in so many turns.
            for _ in range(2_000):
                await asyncio.sleep(0)
            assert rig.intake.waiting < 10
            rig.store.gate.set()
            await until(lambda: len(rig.broker.acknowledged) == 1 + snapshots)
            assert rig.broker.acknowledged == list(range(1, 2 + snapshots))
            assert rig.broker.connections == 1

    asyncio.run(scenario())


def test_what_a_killed_server_had_only_spooled_is_stored_by_the_next(
    broker, start_server, publish, message, free_port, eventually
):
    away = f'kind = "influxdb"\nurl = "http://127.0.0.1:{free_port()}"'
    first = start_server(broker.url, store=away, wait=False)
    eventually(lambda: first.process.poll() is None and broker_is_used(first), what="the server is subscribed")
    sent = [message("status", 1), *(message(kind, seq) for seq in range(2, 12) for kind in ("heartbeat",))]
    sent += [message("event", seq) for seq in range(12, 17)]
    publish(broker.url, sent)
    eventually(lambda: first.health()["durable"] >= len(sent), what="the server has all of it on disk")
    assert first.health()["spooled"] == 10
    assert not first.health()["store"]["ok"]
    first.kill()

    second = start_server(broker.url)
    eventually(
        lambda: len(second.get("api/v1/devices/cam-1/samples").json()["samples"]) == 10,
        what="what lay in the spool is stored",
    )
    assert second.health()["received"] == 0
    samples = second.get("api/v1/devices/cam-1/samples").json()["samples"]
    assert sorted(one["fields"]["seq"] for one in samples) == [float(seq) for seq in range(2, 12)]
    events = second.get("api/v1/events").json()["events"]
    assert len(events) == 5
    assert second.stop() == 0


def broker_is_used(server):
    try:
        return server.health()["broker"]["ok"]
    except Exception:  # noqa: BLE001  # whatever it is, the server does not answer yet
        return False


def test_what_was_stored_is_not_delivered_to_the_next_server(broker, start_server, publish, message, eventually):
    first = start_server(broker.url)
    publish(broker.url, [message("event", seq) for seq in range(1, 6)])
    eventually(lambda: first.health()["durable"] == 5, what="all are stored")
    assert first.stop() == 0
    publish(broker.url, [message("event", 6)])
    second = start_server(broker.url)
    eventually(lambda: second.health()["durable"] >= 1, what="what came while the server was away is stored")
    assert second.health()["received"] == 1
    assert len(second.get("api/v1/events").json()["events"]) == 6


def test_a_store_that_is_killed_and_comes_back_costs_no_message(
    broker, influxd, start_server, publish, message, eventually
):
    server = start_server(broker.url, store=f'kind = "influxdb"\nurl = "{influxd.url}"')
    publish(broker.url, [message("heartbeat", seq) for seq in range(1, 6)])
    eventually(lambda: server.health()["durable"] == 5, what="the first messages are stored")
    influxd.kill()
    eventually(lambda: server.get("readyz").status_code == 503, what="health says that the store is away")
    publish(broker.url, [message("heartbeat", seq) for seq in range(6, 11)])
    eventually(lambda: server.health()["spooled"] == 5, what="the next messages are on disk")
    influxd.start()
    eventually(
        lambda: len(server.get("api/v1/devices/cam-1/samples").json().get("samples", ())) == 10,
        what="what was spooled is stored",
        deadline_s=60,
    )
    eventually(server.is_well, what="health says that all is well")
    samples = server.get("api/v1/devices/cam-1/samples").json()["samples"]
    assert sorted(one["fields"]["seq"] for one in samples) == [float(seq) for seq in range(1, 11)]


def test_what_victoriametrics_acknowledged_and_forgot_comes_back_and_the_spool_lets_go_of_it_later(
    broker, victoria, start_server, publish, message, eventually, tmp_path
):
    def samples():
        return server.get("api/v1/devices/cam-1/samples").json().get("samples", ())

    def spooled():
        return list(tmp_path.glob("state/spool/*/*.spool"))

    server = start_server(broker.url, store=f'kind = "victoriametrics"\nurl = "{victoria.url}"')
    publish(broker.url, [message("heartbeat", seq) for seq in range(1, 6)])
    eventually(lambda: server.health()["durable"] == 5, what="the first messages are acknowledged")
    victoria.kill()
    # Nothing arrives that could fail: only the probe sees it.
    eventually(lambda: server.get("readyz").status_code == 503, what="health says that the store is away")
    publish(broker.url, [message("heartbeat", seq) for seq in range(6, 11)])
    eventually(lambda: server.health()["durable"] == 10, what="the next messages are acknowledged")
    victoria.start()
    eventually(lambda: len(samples()) == 10, what="everything is stored", deadline_s=60)
    assert sorted(one["fields"]["seq"] for one in samples()) == [float(seq) for seq in range(1, 11)]
    assert spooled()
    eventually(lambda: not spooled(), what="the spool lets go of what is on the store's disk", deadline_s=90)
    assert server.is_well()
