"""A thousand updates a minute against a real server: its processor time for orders, answers and the files themselves.

`skerry server run` behind mosquitto, over SQLite, with a repository of signed releases; every device gets its order
over MQTT, fetches metadata and target over HTTP, and answers five times, all within a minute.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import httpx
import msgspec
from benchmarks.ingest_rig import Worker, running_mosquitto, running_server
from benchmarks.report import BENCH, Figure, at_most, not_measured
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from skerry_edge.contracts.codec import encode
from skerry_edge.contracts.messages import Desired, UpdateOrder
from skerry_edge.contracts.release import Release, full_path
from skerry_edge.contracts.updates import UpdateReport, UpdateState
from skerry_server.releases.founding import Charter, found
from skerry_server.releases.keyring import Custody, KeyRing
from skerry_server.releases.offers import Offer
from skerry_server.releases.publishing import publish
from skerry_server.releases.repository import Repository
from skerry_server.releases.signing import Signatory
from skerry_server.simulate.life import Envelope
from skerry_server.simulate.machine import Condition, Machine
from skerry_server.simulate.networks import CAMERA, Network

DEVICES = 1_000
MINUTE_S = 60.0
TARGET_BYTES = 1_000_000
MODEL, VERSION, BOARD = "road-signs", "2.0.0", "raspberry-pi-5"
SESSION = "00000001-abcdef01"
PHASES: tuple[UpdateState, ...] = ("check", "download", "self-test", "probation")
AT_ONCE = 50
"""Connections that the devices share here; each of a real fleet has its own, which a proxy in front keeps open."""


def cost_figures(devices: int = DEVICES) -> list[Figure]:
    """Return the share of one core that the server takes for ``devices`` updates a minute."""
    goal = "<= 0.5"
    try:
        with tempfile.TemporaryDirectory(dir=BENCH) as name:
            folder = Path(name)
            target = _publish(folder)
            with running_mosquitto(folder) as port:
                more = '[ota]\nrepository = "ota"\n'
                with running_server(folder, broker_port=port, more=more) as server:
                    server.wait(lambda health: health.get("ok"), "the server")
                    cpu_s, took_s = asyncio.run(Crowd(server, port, devices, target).update())
    except (FileNotFoundError, TimeoutError, httpx.HTTPError) as error:
        return [not_measured("updates_core_share", goal, "cores", str(error))]
    share = cpu_s / devices * 1000 / MINUTE_S
    note = f"{cpu_s:.1f} s of processor for {devices} updates in {took_s:.0f} s: orders, 5 answers each, metadata and "
    note += f"a target of {TARGET_BYTES / 1e6:g} MB each over HTTP, and all that the server does beside"
    return [at_most("updates_core_share", share, 0.5, "cores", note)]


class Crowd:
    """Devices that take what they are ordered, each at a time of its own within a minute."""

    def __init__(self, server: Worker, port: int, devices: int, target: str) -> None:
        self._server, self._target = server, target
        self._names = [f"cam-{number:04d}" for number in range(devices)]
        self._chance = random.Random(1)  # noqa: S311  # no secret
        self._ordered: asyncio.Queue[tuple[str, UpdateOrder]] = asyncio.Queue()
        self._seq = 10
        self._loop: asyncio.AbstractEventLoop | None = None
        self._mqtt = Client(CallbackAPIVersion.VERSION2, client_id="crowd", protocol=MQTTProtocolVersion.MQTTv5)
        self._mqtt.max_inflight_messages_set(1000)
        self._mqtt.on_message = self._hear
        self._mqtt.connect("127.0.0.1", port)

    async def update(self) -> tuple[float, float]:
        """Have every device updated by one rollout; return the server's processor time and the time on the wall."""
        self._loop = asyncio.get_running_loop()
        self._mqtt.loop_start()
        self._mqtt.subscribe("skerry/v1/+/+/desired", qos=1)
        limits = httpx.Limits(max_connections=AT_ONCE)
        async with httpx.AsyncClient(base_url=self._server.url, trust_env=False, limits=limits, timeout=60) as http:
            await self._introduce(http)
            rollout = await self._start(http)
            began_cpu_s, began_s = self._server.cpu_s(), time.perf_counter()
            working = []
            for _ in self._names:
                device, order = await asyncio.wait_for(self._ordered.get(), MINUTE_S)
                working.append(asyncio.create_task(self._device(http, device, order)))
            await asyncio.gather(*working)
            await self._wait(http, rollout)
            spent = self._server.cpu_s() - began_cpu_s, time.perf_counter() - began_s
        self._mqtt.disconnect()
        self._mqtt.loop_stop()
        return spent

    async def _introduce(self, http: httpx.AsyncClient) -> None:
        """Let every device say once what it runs."""
        network = Network(name=MODEL, version="1.0.0", cost=1.0, score=0.8, drops=0.0)
        condition = Condition(uptime_s=1.0, crashes=0, outbox_depth=0, is_degraded=False, is_muted=False)
        for name in self._names:
            machine = Machine(self._chance)
            machine.board = BOARD
            self._say(name, "heartbeat", machine.beat(self._envelope(), {CAMERA: network}, condition, 3600.0))
        wish = {"kind": "model", "name": MODEL, "version": VERSION}
        for _ in range(600):
            plan = (await http.post("api/v1/rollouts/plan", json=wish)).json()
            if sum(plan["stages"]) == len(self._names):
                return
            await asyncio.sleep(0.1)
        raise TimeoutError(f"the server does not know the devices: {plan['stages']}, {plan['left_out']}")

    async def _start(self, http: httpx.AsyncClient) -> int:
        wish = {"kind": "model", "name": MODEL, "version": VERSION, "canary": "100%", "gates": {"soak_s": 0}}
        made = (await http.post("api/v1/rollouts", json=wish)).raise_for_status().json()
        (await http.post(f"api/v1/rollouts/{made['id']}/start")).raise_for_status()
        return int(made["id"])

    async def _device(self, http: httpx.AsyncClient, device: str, order: UpdateOrder) -> None:
        await asyncio.sleep(self._chance.uniform(0.0, MINUTE_S - 5.0))
        for phase in PHASES:
            self._report(device, order, phase)
            if phase == "check":
                await self._fetch_metadata(http)
            elif phase == "download":
                answer = await http.get(f"ota/targets/{self._target}")
                if len(answer.raise_for_status().content) != TARGET_BYTES:
                    raise TimeoutError("the target came short")
            await asyncio.sleep(1.0)
        self._report(device, order, "report")

    async def _fetch_metadata(self, http: httpx.AsyncClient) -> None:
        await http.get("ota/metadata/2.root.json")
        timestamp = (await http.get("ota/metadata/timestamp.json")).json()
        snapshot_version = timestamp["signed"]["meta"]["snapshot.json"]["version"]
        snapshot = (await http.get(f"ota/metadata/{snapshot_version}.snapshot.json")).json()
        targets_version = snapshot["signed"]["meta"]["targets.json"]["version"]
        (await http.get(f"ota/metadata/{targets_version}.targets.json")).raise_for_status()

    async def _wait(self, http: httpx.AsyncClient, rollout: int) -> None:
        for _ in range(600):
            state = (await http.get(f"api/v1/rollouts/{rollout}")).json()["state"]
            if state == "done":
                return
            await asyncio.sleep(0.5)
        raise TimeoutError(f"the rollout is {state}")

    def _report(self, device: str, order: UpdateOrder, state: UpdateState) -> None:
        report = UpdateReport(
            **self._envelope(),
            order=order.id,
            kind="model",
            name=MODEL,
            from_version="1.0.0",
            to_version=VERSION,
            state=state,
            outcome="committed" if state == "report" else "under-way",
        )
        self._say(device, "update", report)

    def _say(self, device: str, kind: str, message: Any) -> None:  # noqa: ANN401  # any message of the contract
        self._mqtt.publish(f"skerry/v1/site/{device}/{kind}", encode(message), qos=1)

    def _envelope(self) -> Envelope:
        self._seq += 1
        now_ms = time.time_ns() // 1_000_000
        return Envelope(v=1, id=f"m{self._seq}", session=SESSION, seq=self._seq, ts=now_ms, clock="synced")

    def _hear(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        desired = msgspec.json.decode(message.payload, type=Desired)
        for order in desired.updates.values():
            heard = (message.topic.split("/")[3], order)
            assert self._loop is not None  # noqa: S101  # set before the first subscription
            self._loop.call_soon_threadsafe(self._ordered.put_nowait, heard)


def _publish(folder: Path) -> str:
    """Found a repository with one release; return its target's path below `targets/`."""
    now = datetime.now(timezone.utc)
    repository = Repository(folder / "ota")
    custody = Custody(offline=KeyRing(folder / "offline"), online=KeyRing(folder / "online"), secret=None)
    found(repository, custody, Charter(), lambda _name: "", now)
    release = Release(v=1, kind="model", name=MODEL, version=VERSION, counter=2, boards=(BOARD,), variant="onnx-int8")
    offer = Offer.of_bytes(release, random.Random(1).randbytes(TARGET_BYTES))  # noqa: S311  # no secret
    publish(repository, [offer], Signatory((custody.offline, custody.online), lambda _name: ""), now)
    target = repository.newest_targets().signed.targets[full_path(release)]
    return str(repository.target_file(target).relative_to(repository.targets))


def main() -> None:
    """Print the figure."""
    BENCH.mkdir(parents=True, exist_ok=True)
    for one in cost_figures():
        value = "-" if one.value is None else f"{one.value:.3f}"
        print(f"{one.name}: {value} {one.unit} ({one.goal}, {'holds' if one.holds else 'DOES NOT HOLD'}): {one.note}")


if __name__ == "__main__":
    main()
