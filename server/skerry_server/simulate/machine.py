"""The machine under a simulated agent: a board whose figures drift from heartbeat to heartbeat."""

from __future__ import annotations

import random
from dataclasses import dataclass

from skerry_edge import __version__
from skerry_edge.contracts.messages import Heartbeat, PipelineVitals, Quantiles
from skerry_edge.contracts.vitals import Temperature
from skerry_server.simulate.life import Envelope
from skerry_server.simulate.networks import CAMERA, Network

BOARDS = ("raspberry-pi-4", "raspberry-pi-5", "jetson-orin-nano", "generic-arm64")
AGENT_VERSIONS = ("0.0.9", __version__, __version__, __version__)
TRIP_C = 80.0
FRAMES_PER_S = 10.0
MEMORY_MB, DISK_MB = 3800.0, 31_000.0


@dataclass(slots=True)
class Walk:
    """A figure that drifts and is drawn back to its mean: an Ornstein-Uhlenbeck walk in unit steps."""

    mean: float
    spread: float
    value: float

    def step(self, chance: random.Random) -> float:
        """Move one step and return where it now is."""
        self.value += 0.15 * (self.mean - self.value) + self.spread * chance.gauss(0.0, 1.0)
        return self.value


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """What the agent adds to the machine's own figures."""

    uptime_s: float
    crashes: int
    outbox_depth: int
    is_degraded: bool
    is_muted: bool


class Machine:
    """A board with its figures; ``chance`` is its device's alone, so that the same seed gives the same figures."""

    def __init__(self, chance: random.Random) -> None:
        warm, busy, slow = chance.uniform(48.0, 74.0), chance.uniform(15.0, 60.0), chance.uniform(18.0, 90.0)
        self.board = chance.choice(BOARDS)
        self.agent_version = chance.choice(AGENT_VERSIONS)
        self._chance = chance
        self._temperature = Walk(mean=warm, spread=0.8, value=warm)
        self._cpu = Walk(mean=busy, spread=4.0, value=busy)
        self._inference = Walk(mean=slow, spread=slow / 40.0, value=slow)
        self._wifi = Walk(mean=chance.uniform(-75.0, -45.0), spread=1.0, value=-60.0)
        self._disk_free_mb = chance.uniform(2_000.0, 25_000.0)

    @property
    def inference_ms(self) -> float:
        """What the camera's first network takes now."""
        return _within(self._inference.value, 1.0, 1000.0)

    def beat(
        self, envelope: Envelope, networks: dict[str, Network], condition: Condition, interval_s: float
    ) -> Heartbeat:
        """Take the next step and return it as a heartbeat."""
        temperature_c = round(self._temperature.step(self._chance), 1)
        cpu_percent = _within(self._cpu.step(self._chance), 1.0, 100.0)
        self._inference.step(self._chance)
        self._disk_free_mb = max(200.0, self._disk_free_mb - 0.01)
        return Heartbeat(
            **envelope,
            board=self.board,
            agent_version=self.agent_version,
            uptime_s=condition.uptime_s,
            cpu_percent=cpu_percent,
            memory_used_mb=_within(380.0 + self._chance.gauss(0.0, 6.0), 100.0, MEMORY_MB),
            memory_total_mb=MEMORY_MB,
            disk_free_mb=round(self._disk_free_mb, 2),
            disk_total_mb=DISK_MB,
            temperature_c=temperature_c,
            temperature_trip_c=TRIP_C,
            temperatures=[Temperature(name="cpu-thermal", value_c=temperature_c, trip_c=TRIP_C)],
            cpu_mhz=1000.0 if temperature_c > TRIP_C else 1500.0,
            cpu_max_mhz=1500.0,
            throttled=temperature_c > TRIP_C,
            undervoltage=False,
            load_1min=round(cpu_percent / 25.0, 2),
            wifi_signal_dbm=round(self._wifi.step(self._chance), 0),
            agent_uptime_s=condition.uptime_s,
            agent_crashes=0,
            reboots_unexpected=condition.crashes,
            crash_free_s=condition.uptime_s,
            outbox_depth=condition.outbox_depth,
            interval_s=interval_s,
            pipelines=[self._pipeline(name, network, condition, interval_s) for name, network in networks.items()],
        )

    def _pipeline(self, name: str, network: Network, condition: Condition, interval_s: float) -> PipelineVitals:
        is_camera = name == CAMERA
        inference_ms = _within(self._inference.value * network.cost, 0.2, 1000.0)
        frames = max(1, round(interval_s * FRAMES_PER_S))
        is_failing = is_camera and condition.is_degraded
        stages = {"capture": 1.2, "preprocess": 2.0, "inference": inference_ms, "postprocess": 0.3}
        return PipelineVitals(
            name=name,
            model=network.name,
            model_version=network.version,
            backend="onnx" if is_camera else "litert",
            state="failing" if is_failing else "running",
            frames=0 if is_failing else frames,
            failures=3 if is_failing else 0,
            drops={"busy": sum(self._chance.random() < network.drops for _ in range(min(frames, 100)))},
            stages_ms={stage: _around(cost) for stage, cost in (stages | {"end_to_end": inference_ms + 4.0}).items()},
            cpu_percent=round(min(100.0, inference_ms * FRAMES_PER_S / 10.0), 1),
            memory_mb=96.0 if is_camera else 41.0,
            muted=condition.is_muted and not is_camera,
        )


def _around(value_ms: float) -> Quantiles:
    return Quantiles(p50=round(value_ms, 3), p95=round(1.2 * value_ms, 3), p99=round(1.5 * value_ms, 3))


def _within(value: float, low: float, high: float) -> float:
    return round(min(max(value, low), high), 2)
