"""The resident memory of `skerry agent run`'s parent, connected to a real broker and with its pipelines at work."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import psutil
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.messages import Heartbeat
from skerry_edge.contracts.topics import FLEET_FILTER, parse_topic

HEARTBEATS = 12
"""Heartbeats after both pipelines run, a quarter of a second apart; memory is read at each."""
DEADLINE_S = 90.0


def parent_mb(folder: Path) -> float:
    """Run broker and agent, wait until both pipelines have processed something, and return the largest RSS seen.

    In units of 10**6 bytes. Raises FileNotFoundError where mosquitto is not installed, TimeoutError where the agent
    does not come so far.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _broker(folder) as port, _agent(folder, port) as agent:
        beats = _Beats(port)
        try:
            return _largest_rss(agent, beats)
        finally:
            beats.close()


def _largest_rss(agent: subprocess.Popen[bytes], beats: _Beats) -> float:
    parent, seen, largest = psutil.Process(agent.pid), 0, 0
    deadline = time.monotonic() + DEADLINE_S
    while seen < HEARTBEATS:
        if time.monotonic() > deadline or agent.poll() is not None:
            raise TimeoutError(f"the agent's pipelines did not run within {DEADLINE_S:.0f} s")
        if beats.next(timeout_s=1.0):
            seen += 1
            largest = max(largest, parent.memory_info().rss)
    return largest / 1e6


class _Beats:
    """Counts the heartbeats that tell of both pipelines running."""

    def __init__(self, port: int) -> None:
        self._arrived = threading.Semaphore(0)
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe(FLEET_FILTER, qos=1)
        self._client.on_message = self._note
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def next(self, *, timeout_s: float) -> bool:
        """Wait for the next one."""
        return self._arrived.acquire(timeout=timeout_s)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _note(self, _client: Client, _userdata: object, message: MQTTMessage) -> None:
        beat = decode(parse_topic(message.topic).kind, bytes(message.payload))
        if isinstance(beat, Heartbeat) and len(beat.pipelines) == 2 and all(one.frames for one in beat.pipelines):
            self._arrived.release()


@contextmanager
def _broker(folder: Path) -> Iterator[int]:
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise FileNotFoundError("the program mosquitto is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n", encoding="utf-8")
    with _running([program, "-c", str(settings)], folder):
        yield port


@contextmanager
def _agent(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    picture, recording = folder / "frame.png", folder / "noise.wav"
    cv2.imwrite(str(picture), np.full((480, 640, 3), 90, np.uint8))
    with wave.open(str(recording), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16000)
        sound.writeframes(np.random.default_rng(0).integers(-900, 900, 16000 * 5, dtype=np.int16).tobytes())
    settings = folder / "agent.toml"
    settings.write_text(
        f"""\
site = "bench"
device = "bench-1"
board = "generic-x86"
state_dir = {json.dumps(str(folder / "state"))}
heartbeat_interval_s = 0.25
mqtt = {{ url = "mqtt://127.0.0.1:{port}" }}
[[pipelines]]
kind = "detection"
name = "eye"
model = "skerry-signs"
source = {{ kind = "images", path = {json.dumps(str(picture))}, loop = true, max_fps = 10 }}
[[pipelines]]
kind = "wakeword"
name = "ear"
words = [{{ model = "alexa" }}]
source = {{ kind = "audio-file", path = {json.dumps(str(recording))}, loop = true }}
""",
        encoding="utf-8",
    )
    skerry = [sys.executable, "-c", "from skerry_edge.cli import main; main()"]
    with _running([*skerry, "agent", "run", "--config", str(settings)], folder) as agent:
        yield agent


@contextmanager
def _running(arguments: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    log = folder / f"{Path(arguments[0]).name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
