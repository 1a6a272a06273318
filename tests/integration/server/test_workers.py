"""Several workers: one shared subscription, one presence, one spool and one session for each name."""

from __future__ import annotations

import asyncio
import json
import signal

import httpx
import pytest

from skerry_edge.foundation.broker_address import BrokerAddress
from skerry_server.health import Health
from skerry_server.ingest.consumer import Consumer
from skerry_server.ingest.intake import Intake
from skerry_server.ingest.link import Access, Link, parse_publish


@pytest.fixture
def start_worker(start_server, free_port, eventually):
    """Return a function that starts `skerry server ingest` under a name; its probes answer as a server's do."""

    def start(broker_url, name, **options):
        port = free_port()
        worker = start_server(
            broker_url, wait=False, command=("ingest", "--worker", name, "--port", str(port)), **options
        )
        worker.url = f"http://127.0.0.1:{port}/"
        return worker

    return start


def test_two_workers_share_the_messages_and_agree(broker, start_worker, start_server, publish, message, eventually):
    workers = [start_worker(broker.url, name, at_broker='subscription = "shared"') for name in ("one", "two")]
    for one in workers:
        eventually(one.is_well, what=f"a worker is well: {one.log.read_text()[-2000:]}")
    api = start_server(broker.url, command=("api",))
    sent = [(*message("status", 1)[:2], False)]
    sent += [message("event", seq) for seq in range(2, 42)]
    publish(broker.url, sent)
    eventually(lambda: sum(one.health()["durable"] for one in workers) == len(sent), what="all are durable")
    assert all(one.health()["durable"] > 0 for one in workers)
    assert "broker" not in api.health() or api.health()["broker"] is None
    events = api.get("api/v1/events", limit=100).json()["events"]
    assert len({one["id"] for one in events}) == len(events) == 40
    eventually(lambda: api.get("api/v1/devices").json()["devices"][0]["presence"] == "online", what="it is online")
    assert workers[0].stop() == 0
    workers[1].process.send_signal(signal.SIGHUP)
    assert workers[1].process.wait(30) == 0


@pytest.mark.parametrize("order", [("skerry/#", "$share/skerry/skerry/#"), ("$share/skerry/skerry/#", "skerry/#")])
def test_a_worker_that_is_told_to_share_or_not_to_gets_each_message_once(broker, publish, message, eventually, order):
    host, port = broker.url.removeprefix("mqtt://").split(":")
    address = BrokerAddress(host=host, port=int(port), encrypted=False)
    got = []

    def arrive(publication, link):
        got.append(json.loads(publication.payload)["seq"])
        link.acknowledge([publication.packet_id])

    async def connected(wanted, other, *, numbers):
        access = Access(
            address=address,
            client_id="w",
            is_mqtt5=True,
            session_expiry_s=60,
            topic_filter=wanted,
            former_filter=other,
        )
        link = Link(access, arrive, has_room=Intake().has_room)
        await link.connect()
        await link.subscribe()
        await asyncio.to_thread(publish, broker.url, [message("event", seq) for seq in numbers])
        await asyncio.to_thread(eventually, lambda: numbers[-1] in got, what="the last message has come")
        await link.close()

    former, latter = order
    asyncio.run(connected(former, latter, numbers=range(1, 4)))
    publish(broker.url, [message("event", seq) for seq in range(4, 7)])
    asyncio.run(connected(latter, former, numbers=range(7, 30)))
    assert sorted(got) == list(range(1, 30))


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_the_first_worker_and_server_run_go_on_where_the_other_ended(
    broker, start_worker, start_server, publish, message, eventually, protocol
):
    spoken = f'protocol = "{protocol}"'
    whole = start_server(broker.url, at_broker=spoken)
    assert whole.stop() == 0
    publish(broker.url, [message("event", seq) for seq in range(1, 6)])
    worker = start_worker(broker.url, "1", at_broker=spoken)
    eventually(worker.is_well, what=f"the worker is well: {worker.log.read_text()[-2000:]}")
    eventually(lambda: worker.health()["durable"] == 5, what="what waited for the server is taken in")
    assert worker.stop() == 0
    publish(broker.url, [message("event", seq) for seq in range(6, 9)])
    whole = start_server(broker.url, at_broker=spoken)
    eventually(lambda: whole.health()["durable"] == 3, what="what waited for the worker is taken in")
    assert len(whole.get("api/v1/events", limit=100).json()["events"]) == 8


def test_server_run_after_a_worker_that_shared_gets_each_message_once(
    broker, start_worker, start_server, publish, message, eventually
):
    worker = start_worker(broker.url, "1", at_broker='subscription = "shared"')
    eventually(worker.is_well, what="the worker is well")
    assert worker.stop() == 0
    publish(broker.url, [message("event", seq) for seq in range(1, 4)])
    whole = start_server(broker.url)
    publish(broker.url, [message("event", seq) for seq in range(4, 7)])
    eventually(lambda: whole.health()["durable"] == 6, what="all are durable")
    assert whole.health()["received"] == 6


def test_a_second_worker_under_one_name_on_one_machine_is_told_so(broker, start_worker, eventually):
    first = start_worker(broker.url, "one")
    eventually(first.is_well, what="the first is well")
    second = start_worker(broker.url, "one")
    assert second.process.wait(30) == 4
    assert "another server on this machine uses this spool" in second.log.read_text()


async def until(health, *, is_ok):
    for _ in range(3000):
        if health.parts()["broker"].is_ok == is_ok:
            return
        await asyncio.sleep(0.01)
    pytest.fail("never came true")


def test_a_second_server_under_one_client_id_is_told_so(broker):
    async def scenario():
        host, port = broker.url.removeprefix("mqtt://").split(":")
        access = Access(
            address=BrokerAddress(host=host, port=int(port), encrypted=False),
            client_id="same",
            is_mqtt5=True,
            session_expiry_s=60,
            topic_filter="skerry/#",
        )
        healths, stop = [Health(), Health()], asyncio.Event()
        tasks = []
        for health in healths:
            tasks.append(asyncio.create_task(Consumer(access, intake=Intake(), health=health).run(stop)))
            await until(health, is_ok=True)
        await until(healths[0], is_ok=False)
        stop.set()
        await asyncio.gather(*tasks)
        return healths[0].parts()["broker"].detail

    # Where the broker gives no reason, as mosquitto 2.0.11, the likely one is told.
    assert "the client id 'same'" in asyncio.run(asyncio.wait_for(scenario(), 60))


def test_the_probes_of_a_worker_answer_only_what_they_know(broker, start_worker, eventually):
    worker = start_worker(broker.url, "one")
    eventually(worker.is_well, what="the worker is well")
    assert worker.get("healthz").status_code == 200
    assert worker.get("metrics-of-another").status_code == 404
    assert httpx.post(f"{worker.url}readyz", trust_env=False).status_code == 405


@pytest.mark.parametrize("is_mqtt5", [True, False], ids=["MQTT 5", "MQTT 3.1.1"])
def test_a_publish_packet_is_taken_apart(is_mqtt5):
    properties = b"\x07\x02\x00\x00\x00\x3c\x01\x01" if is_mqtt5 else b""
    body = b"\x00\x03a/b" + b"\x12\x34" + properties + b"payload"
    taken = parse_publish(0x33, body, is_mqtt5=is_mqtt5)
    assert (taken.topic, taken.packet_id, taken.payload, taken.is_retained) == (b"a/b", 0x1234, b"payload", True)
    at_qos_0 = parse_publish(0x30, body[:5] + properties + b"p", is_mqtt5=is_mqtt5)
    assert (at_qos_0.packet_id, at_qos_0.payload, at_qos_0.is_retained) == (None, b"p", False)
