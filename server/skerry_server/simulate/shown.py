"""What a server shows of a simulated fleet, read through its API."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from skerry_edge.contracts.messages import session_order
from skerry_edge.foundation.errors import DataError, ReachError
from skerry_server.simulate.comparison import ShownDevice
from skerry_server.simulate.expectation import Expectation, ExpectedDevice

TIMEOUT_S = 30.0
AT_ONCE = 8
PAGE = 500
_NO_QUERY: Mapping[str, str | int] = {}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The devices by name, and the run's dead letters by reason, each counted once however often it came."""

    devices: dict[str, ShownDevice]
    dead_letters: Counter[str]


async def read_shown(
    url: str, expectation: Expectation, *, token: str | None, progress: Callable[[int], None]
) -> Shown:
    """Read what the server at ``url`` shows of the run; ``progress`` gets the number of devices read.

    Raises ReachError and DataError.
    """
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT_S, trust_env=False) as client:
        reading = _Reading(client, expectation)
        try:
            return await reading.read(progress)
        except httpx.HTTPStatusError as error:
            found = f"status {error.response.status_code}: {error.response.text[:200]}"
            raise ReachError(
                "the server does not answer as wanted", where=str(error.request.url), found=found
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ReachError("the server cannot be reached", where=url, found=str(error) or repr(error)) from error
        except (KeyError, TypeError, ValueError) as error:
            raise DataError("this does not answer as a Skerry server does", where=url, found=repr(error)) from error


class _Reading:
    def __init__(self, client: httpx.AsyncClient, expectation: Expectation) -> None:
        self._client = client
        self._expectation = expectation
        self._room = asyncio.Semaphore(AT_ONCE)
        self._read = 0

    async def read(self, progress: Callable[[int], None]) -> Shown:
        listed = {one["device"]: one async for one in self._pages("devices", "devices")}
        wanted = [one for one in self._expectation.devices if one.device in listed]

        async def read_one(one: ExpectedDevice) -> tuple[str, ShownDevice]:
            async with self._room:
                shown = await self._device(one, listed[one.device])
            self._read += 1
            progress(self._read)
            return one.device, shown

        devices = await asyncio.gather(*(read_one(one) for one in wanted))
        return Shown(devices=dict(devices), dead_letters=await self._dead_letters())

    async def _device(self, wanted: ExpectedDevice, listed: dict[str, Any]) -> ShownDevice:
        device = wanted.device
        beat = await self._heartbeat(device)
        beats, offsets = set(), {}
        async for sample in self._pages(f"devices/{device}/samples", "samples", measurement="heartbeat"):
            fields = sample["fields"]
            start = int(fields["session"])
            if self._expectation.is_of_run(wanted, start):
                beats.add((start, int(fields["seq"])))
                if "clock_offset_s" in fields:
                    offsets[str(start)] = float(fields["clock_offset_s"])
        events = [one async for one in self._pages("events", "events", device=device)]
        return ShownDevice(
            site=listed["site"],
            presence=listed["presence"],
            reason=listed["reason"],
            session=beat.get("session"),
            seq=beat.get("seq"),
            heartbeats=len(beats),
            events=sum(self._expectation.is_of_run(wanted, session_order(one["session"])) for one in events),
            clock_offsets_s=offsets,
        )

    async def _heartbeat(self, device: str) -> dict[str, Any]:
        """Return the newest heartbeat, empty where none came yet."""
        answer = await self._client.get(f"/api/v1/devices/{device}/heartbeat")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return {}
        answer.raise_for_status()
        beat: dict[str, Any] = answer.json()
        return beat

    async def _dead_letters(self) -> Counter[str]:
        mark = f"{self._expectation.run}-"
        pages = self._pages("dead-letters", "dead_letters")
        return Counter([one["reason"] async for one in pages if mark in one["payload"]])

    async def _pages(self, path: str, key: str, **query: str) -> AsyncIterator[dict[str, Any]]:
        cursor: str | None = None
        while True:
            page = await self._get(path, {"limit": PAGE, **query, **({} if cursor is None else {"cursor": cursor})})
            for one in page[key]:
                yield one
            cursor = page["next"]
            if cursor is None:
                return

    async def _get(self, path: str, query: Mapping[str, str | int] = _NO_QUERY) -> Any:  # noqa: ANN401  # JSON
        answer = await self._client.get(f"/api/v1/{path}", params=query)
        answer.raise_for_status()
        return answer.json()
