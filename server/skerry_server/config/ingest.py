"""The table `ingest`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from skerry_server.config.section import Port, Section


class Ingest(Section, frozen=True, kw_only=True):
    """How what arrives is made durable.

    ``worker`` names a worker among those of `skerry server ingest`; ``port`` is where one answers /healthz and
    /readyz, on this machine only. ``spool`` is the folder for what the store cannot take, by default in the state
    directory, with ``spool_mb`` for each worker; ``replay_per_s`` is how fast it is brought in beside live traffic.
    """

    worker: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")] = "1"
    port: Port | None = None
    spool: str | None = None
    spool_mb: Annotated[int, Meta(ge=1, le=1_000_000)] = 1024
    replay_per_s: Annotated[int, Meta(ge=1, le=1_000_000)] = 5_000
