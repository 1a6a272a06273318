"""The demo's run: everything started in order, watched, and ended in order whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.foundation.errors import ReachError
from skerry_server.app import FleetServer
from skerry_server.broker import own_broker
from skerry_server.config.broker import Broker
from skerry_server.config.http import Http
from skerry_server.config.ota import Ota
from skerry_server.config.presence import PresenceRules
from skerry_server.config.server import ServerConfig, Settings
from skerry_server.demo.agent import CAMERA, DEVICE, HEARTBEAT_S, LOST_AFTER_S, DemoAgent, Updates, own_board
from skerry_server.demo.agreement import Agreement, Look, judge
from skerry_server.demo.arrivals import Arrivals, missing, read_arrivals, read_looks
from skerry_server.demo.grouping import group_devices
from skerry_server.demo.releases import FOLDER, POISON, POISONED, Releases
from skerry_server.demo.script import DEFAULT_MODEL, DEFAULT_VARIANT, Script
from skerry_server.demo.story import Story
from skerry_server.rollouts.catalogue import Catalogue
from skerry_server.simulate.access import broker_access
from skerry_server.simulate.fleet import device_name
from skerry_server.simulate.job import Order, play
from skerry_server.simulate.machine import BOARDS
from skerry_server.simulate.networks import Network
from skerry_server.simulate.trouble import parse_trouble

SIMULATED = 12
SEED = 1
TROUBLE = "usual,clock_1970=0.1,clock_ntp=0.1,degraded=0.01,malformed=0.01,update=0"
"""So much that a few minutes show all of it, and most devices are well at any time."""
START_S = 180.0
TICK_S = 0.5
MISSED_HEARTBEATS = 5


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What arrived, how far it agrees with a truth that is known, what is lacking, and what the agent said last.

    ``told`` is how rollouts went, where there were any. ``is_interrupted`` tells that somebody ended it, and not its
    duration.
    """

    arrivals: Arrivals
    agreement: Agreement | None
    lacking: list[str]
    last_words: str
    is_interrupted: bool
    told: Sequence[str] = ()


class Stage:
    """Broker, server, agent and simulated devices in ``folder``, all on loopback, on ports that are free.

    The broker runs when the stage is made. Raises what its parts raise, and leaves nothing running then.
    """

    def __init__(self, folder: Path, script: Script) -> None:
        self._script = script
        self.broker = own_broker(folder)
        url = self.broker.start()
        try:
            releases = _releases(folder, script) if script.has_rollouts else None
            self.server = FleetServer(_settings(folder, url, has_releases=releases is not None))
            self.agent = DemoAgent(folder, broker_url=url, script=script, updates=self._updates(releases))
            self.agent.check()
            self._order = _order(url, releases)
            self.story = self._tell(folder) if releases is not None else None
        except BaseException:
            self.broker.stop()
            raise

    @property
    def devices(self) -> list[str]:
        """The names of all devices of the demo, the real agent first."""
        return [DEVICE, *map(device_name, range(SIMULATED))]

    async def play(self, show: Callable[[Arrivals, float], None]) -> Outcome:
        """Run until the duration is over or somebody interrupts; ``show`` gets what arrived, and the seconds so far.

        The duration begins when the agent has been heard. Raises ReachError when a part does not start or ends.
        """
        interrupted = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
        try:
            async with _running(self.server.run) as serving:
                await self._perform(show, interrupted, serving)
                arrivals = await self._read()
                told = await asyncio.to_thread(self.story.summary) if self.story is not None else []
                looks = await asyncio.to_thread(read_looks, self.server.store, device=DEVICE, pipeline=CAMERA)
        finally:
            await asyncio.to_thread(self.broker.stop)
        agreement = self._judge(arrivals, looks)
        lacking = missing(arrivals, devices=self.devices, agent=DEVICE, agreement=agreement)
        lacking += self.story.lacking() if self.story is not None else []
        last_words = self.agent.last_words()
        return Outcome(
            arrivals=arrivals,
            agreement=agreement,
            lacking=lacking,
            last_words=last_words,
            is_interrupted=interrupted.is_set(),
            told=told,
        )

    async def _perform(
        self, show: Callable[[Arrivals, float], None], interrupted: asyncio.Event, serving: asyncio.Task[None]
    ) -> None:
        """Run agent and simulated devices beside the server; when this returns, all have said goodbye."""
        if self._script.drive is not None:
            self._script.drive.start()
            await self._until(self._script.drive.is_rendered, interrupted, "the video", [serving])
        await self._until(self._is_served, interrupted, "the server", [serving])
        if interrupted.is_set():
            return
        # Started by the thread that lives as long as the demo: a leash ends with the thread that tied it.
        self.agent.start()
        try:
            async with _running(self._simulate) as flying:
                await self._until(self._is_agent_heard, interrupted, "the agent", [serving, flying])
                # Where there is something to be proved, the real agent is among the canaries.
                grouped = self.devices if self.story is not None else self.devices[1:]
                await asyncio.to_thread(group_devices, self.server.database, grouped)
                await self._watch(show, interrupted, [serving, flying])
        finally:
            await asyncio.to_thread(self.agent.stop)

    async def _simulate(self, stop: asyncio.Event) -> None:
        await play(self._order, stop)

    def _judge(self, arrivals: Arrivals, looks: Sequence[Look]) -> Agreement | None:
        """Hold what the agent named against the truth, where that is known and the drive was rendered to its end."""
        drive = self._script.drive
        if drive is None or not self._script.is_judged or not drive.is_rendered():
            return None
        return judge(drive.truth(), arrivals.named(DEVICE), looks, gap_s=LOST_AFTER_S)

    async def _watch(
        self, show: Callable[[Arrivals, float], None], interrupted: asyncio.Event, parts: list[asyncio.Task[None]]
    ) -> None:
        start_s = time.monotonic()
        limit_s = self._script.duration_s
        while not interrupted.is_set():
            elapsed_s = time.monotonic() - start_s
            if limit_s is not None and elapsed_s >= limit_s:
                return
            self._require_alive(parts)
            show(await self._read(), elapsed_s)
            if self.story is not None:
                await asyncio.to_thread(self.story.go_on)
                if self.story.is_over and self._script.ends_with_story:
                    return
            await _pause(interrupted)

    async def _until(
        self,
        holds: Callable[[], bool],
        interrupted: asyncio.Event,
        name: str,
        parts: list[asyncio.Task[None]],
    ) -> None:
        end_s = time.monotonic() + START_S
        while not interrupted.is_set() and not await asyncio.to_thread(holds):
            self._require_alive(parts)
            if time.monotonic() > end_s:
                found = self.agent.last_words() or None
                raise ReachError(f"{name} did not come up within {START_S:.0f} s", found=found)
            await _pause(interrupted)

    def _require_alive(self, parts: list[asyncio.Task[None]]) -> None:
        self.agent.require_running()
        for part in parts:
            if part.done():
                part.result()
                raise ReachError("a part of the demo ended by itself", found=part.get_name())

    def _is_served(self) -> bool:
        return self.server.health.is_ok()

    def _is_agent_heard(self) -> bool:
        return read_arrivals(self.server.store, self.server.database).heartbeats[DEVICE] > 0

    def _updates(self, releases: Releases | None) -> Updates | None:
        return None if releases is None else Updates(mirror=f"{self.server.url}ota", root=releases.root, poison=POISON)

    def _tell(self, folder: Path) -> Story:
        return Story(
            self.server.database, Catalogue(folder / FOLDER), name=self._script.model, devices=len(self.devices)
        )

    async def _read(self) -> Arrivals:
        return await asyncio.to_thread(read_arrivals, self.server.store, self.server.database)


@contextlib.asynccontextmanager
async def _running(run: Callable[[asyncio.Event], object]) -> AsyncIterator[asyncio.Task[None]]:
    """Run something that ends when its event is set; leaving sets it, waits, and raises what it failed with."""
    stop = asyncio.Event()
    task: asyncio.Task[None] = asyncio.create_task(run(stop), name=run.__qualname__)  # type: ignore[arg-type]  # a bound coroutine method
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait({task})
    task.result()


async def _pause(interrupted: asyncio.Event) -> None:
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(interrupted.wait(), TICK_S)


def _releases(folder: Path, script: Script) -> Releases:
    """Return the repository of the demo, with everything published in it. Raises SkerryError."""
    boards = (own_board(), *BOARDS)
    releases = Releases(folder, name=script.model, variant=script.variant or DEFAULT_VARIANT, boards=boards)
    releases.publish()
    return releases


def _order(broker_url: str, releases: Releases | None) -> Order:
    camera = None
    if releases is not None:
        camera = Network(name=DEFAULT_MODEL, version=releases.version_before, cost=1.0, score=0.8, drops=0.01)
    return Order(
        devices=SIMULATED,
        rate=1.0 / HEARTBEAT_S,
        seed=SEED,
        trouble=parse_trouble(TROUBLE),
        access=broker_access(broker_url),
        connections=SIMULATED,
        duration_s=None,
        ending="goodbye",
        expect=None,
        bad_releases=frozenset({POISONED}),
        camera=camera,
        # What the real agent sees is what people came for.
        pictures=0.0,
    )


def _settings(folder: Path, broker_url: str, *, has_releases: bool) -> Settings:
    config = ServerConfig(
        broker=Broker(url=broker_url, client_id="skerry-demo"),
        # Any free port; a configuration file cannot ask for that, since nobody would know where to look.
        http=Http(port=0),
        presence=PresenceRules(heartbeat_s=HEARTBEAT_S, missed=MISSED_HEARTBEATS),
        ota=Ota(repository=FOLDER if has_releases else None),
    )
    return Settings(config=config, base=folder, state=folder)
