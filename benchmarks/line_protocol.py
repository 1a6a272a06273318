"""How fast points become lines and rows: `python -m benchmarks.line_protocol` prints points a second, best of five.

Points are those of a real heartbeat with one pipeline; what it takes to make them from the heartbeat is told apart.
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from skerry_edge.contracts.messages import Heartbeat, PipelineVitals, Quantiles
from skerry_edge.contracts.topics import Topic
from skerry_server.ingest.points import points_of
from skerry_server.stores.base import Point
from skerry_server.stores.lineprotocol import LineEncoder
from skerry_server.stores.sqlite import SqliteStore

BATCH = 5_000
START_MS = 1_700_000_000_000
ROUNDS = 5


def heartbeats(count: int, *, devices: int, round_number: int = 0) -> list[tuple[Topic, Heartbeat]]:
    """Return ``count`` heartbeats of ``devices`` devices, which differ in their numbers."""
    return [
        (Topic(site="home", device=f"cam-{number % devices}", kind="heartbeat"), _heartbeat(number, round_number))
        for number in range(count)
    ]


def _heartbeat(number: int, round_number: int) -> Heartbeat:
    stage = Quantiles(p50=12.25 + number % 7, p95=18.5, p99=25.125)
    stages = dict.fromkeys(("capture", "preprocess", "inference", "postprocess", "end_to_end"), stage)
    pipeline = PipelineVitals(
        name="camera", model="skerry-signs", model_version="1.0.0", backend="litert", state="running",
        frames=900 + number % 11, stages_ms=stages, cpu_percent=61.3, memory_mb=148.2,
    )  # fmt: skip
    seq = round_number * 1_000_000 + number
    return Heartbeat(
        v=1, id=f"m{seq}", session="00000042-abcdef01", seq=seq, ts=START_MS + seq * 10, clock="synced",
        board="raspberry-pi-5", agent_version="1.0.0", uptime_s=86_400.5 + number, cpu_percent=12.5 + number % 50,
        memory_used_mb=812.4, memory_total_mb=4_096.0, disk_free_mb=21_340.7, temperature_c=52.5, cpu_mhz=2_400.0,
        throttled=False, load_1min=0.42, cpu_pressure_percent=1.5, network_mbit=1_000.0, crash_free_s=864_000.0,
        outbox_depth=0, outbox_bytes=4_096, pipelines=[pipeline],
    )  # fmt: skip


def per_second(count: int, act: Callable[[], object]) -> float:
    """Return how many of ``count`` things a second ``act`` does, in the best of some rounds."""
    best_s = float("inf")
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        act()
        best_s = min(best_s, time.perf_counter() - began_s)
    return count / best_s


def measure_lines(devices: int) -> dict[str, float]:
    """Return lines a second from points, and from heartbeats, with ``devices`` devices in turn."""
    messages = heartbeats(max(BATCH, devices), devices=devices)
    points = [point for topic, heartbeat in messages for point in points_of(topic, heartbeat)]
    encoder = LineEncoder()
    # A server does not hold all these messages at once, so its garbage collector does not look at them either.
    gc.freeze()

    def encode() -> None:
        for begin in range(0, len(points), BATCH):
            encoder.encode(points[begin : begin + BATCH])

    def both() -> None:
        for begin in range(0, len(messages), BATCH // 2):
            part = messages[begin : begin + BATCH // 2]
            encoder.encode([point for topic, heartbeat in part for point in points_of(topic, heartbeat)])

    return {
        "lines_per_s_from_points": per_second(len(points), encode),
        "lines_per_s_from_heartbeats": per_second(len(points), both),
    }


def measure_sqlite(folder: Path, devices: int) -> float:
    """Return points a second that the embedded store commits in batches of 5,000, each of them synced."""
    batches: list[list[Point]] = [
        [point for topic, one in heartbeats(BATCH // 2, devices=devices, round_number=number)
         for point in points_of(topic, one)]
        for number in range(ROUNDS * 4)
    ]  # fmt: skip
    store = SqliteStore(folder / "telemetry.sqlite")
    began_s = time.perf_counter()
    for batch in batches:
        store.write(batch)
    took_s = time.perf_counter() - began_s
    store.close()
    return sum(map(len, batches)) / took_s


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1_000, help="how many devices take turns")
    devices = parser.parse_args().devices
    figures = measure_lines(devices)
    with tempfile.TemporaryDirectory() as folder:
        figures["sqlite_points_per_s"] = measure_sqlite(Path(folder), min(devices, BATCH // 2))
        figures["sqlite_bytes_per_point"] = sum(one.stat().st_size for one in Path(folder).glob("telemetry.sqlite")) / (
            ROUNDS * 4 * BATCH
        )
    print(json.dumps({"devices": devices, **{name: round(value) for name, value in figures.items()}}))


if __name__ == "__main__":
    main()
