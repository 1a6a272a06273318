"""One simulated device: what it would send, decided by a seed and without any I/O."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal, TypedDict

from skerry_edge import __version__
from skerry_edge.contracts.messages import Event, Heartbeat, PipelineVitals, Quantiles, Status

BOARDS = ("raspberry-pi-4", "raspberry-pi-5", "jetson-orin-nano", "generic-arm64")
SITES = ("harbour", "mill", "workshop")
MODEL, MODEL_VERSION = "yolov2-tiny-voc", "1.0.0"
LABELS = ("person", "car", "dog", "bicycle")
EVENT_SHARE = 0.25
"""How many heartbeats are followed by an event."""


class _Envelope(TypedDict):
    v: Literal[1]
    id: str
    session: str
    seq: int
    ts: int
    clock: Literal["synced", "unsynced"]


@dataclass
class Walk:
    """A figure that drifts and is drawn back to its mean: an Ornstein-Uhlenbeck walk in unit steps."""

    mean: float
    spread: float
    value: float

    def step(self, chance: random.Random) -> float:
        """Move one step and return where it now is."""
        self.value += 0.15 * (self.mean - self.value) + self.spread * chance.gauss(0.0, 1.0)
        return self.value


@dataclass
class SimulatedDevice:
    """A device with one camera pipeline; every message it makes takes the next ``seq`` of its session."""

    name: str
    site: str
    board: str
    session: str
    chance: random.Random
    temperature: Walk
    cpu: Walk
    inference: Walk
    interval_s: float
    seq: int = 0
    beats: int = 0

    def birth(self, ts_ms: int) -> Status:
        """Return the status that says that the device is there."""
        return Status(**self._next(ts_ms), state="online")

    def will(self, ts_ms: int) -> Status:
        """Return the status that the broker sends when the device is gone."""
        return Status(**_envelope(self.session, 0, ts_ms), state="offline", reason="connection lost")

    def goodbye(self, ts_ms: int) -> Status:
        """Return the status of a device that is switched off on purpose."""
        return Status(**self._next(ts_ms), state="offline", reason="shut down")

    def heartbeat(self, ts_ms: int) -> Heartbeat:
        """Return the next vitals."""
        self.beats += 1
        temperature_c = self.temperature.step(self.chance)
        return Heartbeat(
            **self._next(ts_ms),
            board=self.board,
            agent_version=__version__,
            uptime_s=self.beats * self.interval_s,
            cpu_percent=_within(self.cpu.step(self.chance), 1.0, 100.0),
            memory_used_mb=_within(380.0 + self.chance.gauss(0.0, 6.0), 100.0, 3800.0),
            memory_total_mb=3800.0,
            disk_free_mb=21_000.0 - self.beats * 0.01,
            temperature_c=round(temperature_c, 1),
            cpu_mhz=1500.0,
            temperature_trip_c=80.0,
            throttled=temperature_c > 80.0,
            undervoltage=False,
            load_1min=round(self.cpu.value / 25.0, 2),
            disk_total_mb=31_000.0,
            agent_uptime_s=self.beats * self.interval_s,
            agent_crashes=0,
            reboots_unexpected=0,
            crash_free_s=self.beats * self.interval_s,
            pipelines=[self._pipeline()],
        )

    def event(self, ts_ms: int) -> Event | None:
        """Return something that was seen, now and then."""
        if self.chance.random() >= EVENT_SHARE:
            return None
        x_min, y_min = self.chance.uniform(0.0, 0.6), self.chance.uniform(0.0, 0.6)
        return Event(
            **self._next(ts_ms),
            kind="detection",
            pipeline="camera",
            label=self.chance.choice(LABELS),
            score=round(self.chance.uniform(0.5, 0.98), 3),
            box=(x_min, y_min, x_min + self.chance.uniform(0.1, 0.4), y_min + self.chance.uniform(0.1, 0.4)),
            model=MODEL,
            model_version=MODEL_VERSION,
            latency_ms=round(self.inference.value + self.chance.uniform(3.0, 9.0), 2),
        )

    def _pipeline(self) -> PipelineVitals:
        inference_ms = _within(self.inference.step(self.chance), 1.0, 1000.0)
        stages = {
            "capture": _around(1.2),
            "preprocess": _around(2.0),
            "inference": _around(inference_ms),
            "postprocess": _around(0.3),
            "end_to_end": _around(inference_ms + 4.0),
        }
        return PipelineVitals(
            name="camera",
            model=MODEL,
            model_version=MODEL_VERSION,
            backend="onnx",
            state="running",
            frames=max(1, round(self.interval_s * 10)),
            drops={"busy": self.chance.randrange(3)},
            stages_ms=stages,
        )

    def _next(self, ts_ms: int) -> _Envelope:
        self.seq += 1
        return _envelope(self.session, self.seq, ts_ms)


def make_devices(count: int, *, seed: int, interval_s: float, start_counter: int) -> list[SimulatedDevice]:
    """Return ``count`` devices; the same arguments give devices that send the same figures."""
    return [_make(number, random.Random(f"{seed}/{number}"), interval_s, start_counter) for number in range(count)]  # noqa: S311  # a simulation, no secret


def _make(number: int, chance: random.Random, interval_s: float, start_counter: int) -> SimulatedDevice:
    warm, busy, slow = chance.uniform(48.0, 68.0), chance.uniform(15.0, 60.0), chance.uniform(18.0, 90.0)
    return SimulatedDevice(
        name=f"sim-{number + 1:04d}",
        site=SITES[number % len(SITES)],
        board=chance.choice(BOARDS),
        session=f"{start_counter:08d}-{chance.getrandbits(32):08x}",
        chance=chance,
        temperature=Walk(mean=warm, spread=0.8, value=warm),
        cpu=Walk(mean=busy, spread=4.0, value=busy),
        inference=Walk(mean=slow, spread=1.5, value=slow),
        interval_s=interval_s,
    )


def _around(value_ms: float) -> Quantiles:
    return Quantiles(p50=round(value_ms, 3), p95=round(1.2 * value_ms, 3), p99=round(1.5 * value_ms, 3))


def _within(value: float, low: float, high: float) -> float:
    return round(min(max(value, low), high), 2)


def _envelope(session: str, seq: int, ts_ms: int) -> _Envelope:
    return {"v": 1, "id": f"{session}-{seq}", "session": session, "seq": seq, "ts": ts_ms, "clock": "synced"}
