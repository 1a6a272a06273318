"""The programs of a fleet's server for faults: mosquitto that keeps its queue, a store, and one ingest worker."""

from __future__ import annotations

import re
import resource
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from chaos.ingest_stores import STORES
from chaos.programs import Program, free_port
from chaos.server_programs import SKERRY, answers, mosquitto_of_fleet, readiness
from skerry_server.registry.database import Database
from skerry_server.registry.events import EventSearch, search

WAIT_S = 120.0
POLL_S = 0.05
FULL_DISK_BYTES = 64 * 1024
"""With a full disk no file grows past this, as RLIMIT_FSIZE makes it for the worker."""
# What is queued is written when it is told to end; `skerry doctor` warns of limits on queues.
PERSISTENCE = "persistence true\npersistence_location {folder}/\nautosave_interval 0"


_OWED = re.compile(rb"^skerry_spool_owed_bytes (?P<bytes>[0-9.e+]+)$", re.MULTILINE)


class ServerRig:
    """The three programs; each can be struck and started again on its port. Raises FileNotFoundError without one."""

    def __init__(self, folder: Path, store: str) -> None:
        self._folder = folder
        self.broker_port, self._probe_port = free_port(), free_port()
        self.broker = mosquitto_of_fleet(folder, self.broker_port, persistence=PERSISTENCE.format(folder=folder))
        struck = STORES[store](folder, free_port())
        self.store, self.stored_heartbeats = struck.program, struck.heartbeats
        self.worker = self._worker(struck.settings)

    def start(self) -> None:
        """Begin in good order."""
        self.broker.start()
        self.store.start()
        wait_for_port(self.broker_port)
        self.worker.start()
        wait(lambda: self.health().get("ok"), "the worker is well")

    def end(self) -> None:
        """Leave nothing running."""
        for one in (self.worker, self.store, self.broker):
            one.kill()

    def fill_disk(self, *, is_full: bool) -> None:
        """Let no file of the worker grow any more, or let them all grow again."""
        if self.worker.pid is not None:
            _, hard = resource.prlimit(self.worker.pid, resource.RLIMIT_FSIZE)
            soft = FULL_DISK_BYTES if is_full else resource.RLIM_INFINITY
            resource.prlimit(self.worker.pid, resource.RLIMIT_FSIZE, (soft, hard))

    def health(self) -> dict[str, Any]:
        """Return what the worker says of itself, an empty table while it does not answer."""
        return readiness(self._probe_port)

    def is_settled(self) -> bool:
        """Tell whether all is well, nothing waits, and the spool owes nothing."""
        health = self.health()
        return bool(health.get("ok")) and health["waiting"] == 0 and self._owed_bytes() == 0

    def spooled_files(self) -> list[Path]:
        """Return what is in the spool, owed or kept for as long as the store may lose it."""
        return list((self._folder / "state" / "spool").glob("*/*.spool"))

    def stored_events(self) -> list[tuple[str, int]]:
        """Return (device, seq) of every event in the registry."""
        database = Database(f"sqlite:///{self._folder}/state/registry.sqlite")
        with closing(database), database.reading() as session:
            return [(row.device, row.seq) for row in search(session, EventSearch(limit=10_000_000))]

    def _owed_bytes(self) -> float | None:
        """Return how much the spool owes, None while the worker does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._probe_port}/metrics", timeout=10) as answer:
                found = _OWED.search(answer.read())
        except (OSError, urllib.error.URLError):
            return None
        return float(found["bytes"]) if found is not None else None

    def _worker(self, store: str) -> Program:
        settings = self._folder / "server.toml"
        settings.write_text(
            # Mosquitto 2.0 forgets a shared subscription when it is started again (docs/decisions/0054).
            f'[broker]\nurl = "mqtt://127.0.0.1:{self.broker_port}"\nsubscription = "plain"\n'
            f"[store]\n{store}"
            f"[ingest]\nport = {self._probe_port}\nreplay_per_s = 50000\n"
        )
        return Program(
            [*SKERRY, "server", "ingest", "--config", str(settings)],
            self._folder / "worker.log",
            {"STATE_DIRECTORY": str(self._folder / "state")},
        )


def wait(holds: Callable[[], object], what: str) -> None:
    """Return when it holds. Raises TimeoutError after WAIT_S."""
    end_s = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > end_s:
            raise TimeoutError(f"never came true: {what}")
        time.sleep(POLL_S)


def wait_for_port(port: int) -> None:
    """Return when something listens there. Raises TimeoutError."""
    wait(lambda: answers(port), f"something listens on port {port}")
