"""A real PostgreSQL of one's own: in a folder that is thrown away, on a Unix socket, run by nobody."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

_START_S = 60.0
_OPTIONS = ("-U", "skerry", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")


def programs() -> Path | None:
    """Return the folder with the programs of the newest PostgreSQL; None where none is installed."""
    # Debian keeps each version's programs in a folder of its own, and off the PATH.
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    return found[-1].parent if found else None


class PostgreSql:
    """A server in ``folder``, whose path must be short (a socket's has 107 characters at most)."""

    def __init__(self, programs: Path, folder: Path, *, is_durable: bool = False) -> None:
        self._programs = programs
        self._folder = folder
        self._settings = [f"unix_socket_directories={folder}", "listen_addresses="]
        if not is_durable:
            # The files are thrown away: nothing is to be waited for that only a power cut would need.
            self._settings += ["fsync=off", "full_page_writes=off"]
        # PostgreSQL refuses to be run by root.
        self._user = "nobody" if os.geteuid() == 0 else None
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        if self._user is not None:
            shutil.chown(folder, self._user)
        if self._run("initdb", "-D", str(folder / "data"), *_OPTIONS).wait() != 0:
            raise RuntimeError(f"initdb made no cluster in {folder}")

    def start(self) -> None:
        """Start it, and return when it takes connections. Raises RuntimeError."""
        options = [part for one in self._settings for part in ("-c", one)]
        self._process = self._run("postgres", "-D", str(self._folder / "data"), *options)
        end = time.monotonic() + _START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("PostgreSQL does not answer")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it at once, whoever is connected."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None

    @contextmanager
    def database(self) -> Iterator[str]:
        """Give the address of an empty database, which is gone afterwards."""
        name = f"registry_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        try:
            yield f"postgresql+psycopg://skerry@/{name}?host={self._folder}"
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _answers(self) -> bool:
        try:
            self._execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _execute(self, statement: str) -> None:
        address = f"host={self._folder} user=skerry dbname=postgres"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(self._programs / program), *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            user=self._user,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        )
