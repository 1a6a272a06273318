"""What a simulated device makes of a desired configuration: it takes it on whole, or says why not. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from skerry_edge.contracts.fingerprint import desired_sha256
from skerry_edge.contracts.messages import Desired
from skerry_edge.foundation.errors import ConfigError
from skerry_server.simulate.networks import Network, find_network

INTERVAL_KEY = "heartbeat_interval_s"
MIN_INTERVAL_S, MAX_INTERVAL_S = 0.01, 3600.0
NOTHING = Desired(v=1, version=0, ts=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Who is asked: ``has_models`` is false for a device that no other model was brought to."""

    device: str
    board: str
    pipelines: Iterable[str]
    has_models: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What a version asks for that a simulated device can do: the networks to run, and the time between heartbeats."""

    networks: dict[str, Network]
    interval_s: float | None


def judge(applied: Desired, desired: Desired, target: Target) -> Change | None:
    """Return what to change, or None for a version that is in force already. Raises ConfigError with the reason."""
    if desired.version < applied.version:
        found = f"version {applied.version} on the device"
        raise ConfigError("this version is older than the one that the device has", found=found)
    if desired.version == applied.version:
        if desired_sha256(desired) != desired_sha256(applied):
            raise ConfigError("this version says something else than the one that the device has under the same number")
        return None
    for kind, wanted, own in (("device", desired.device, target.device), ("board", desired.board, target.board)):
        if wanted not in (None, own):
            raise ConfigError(f"this version is for another {kind}", found=f"'{wanted}', and this is '{own}'")
    networks = {name: _network(name, model, target) for name, model in desired.models.items()}
    return Change(networks=networks, interval_s=_interval(desired.config))


def _network(pipeline: str, model: str, target: Target) -> Network:
    if pipeline not in target.pipelines:
        raise ConfigError("there is no such pipeline", where="key 'models'", found=f"'{pipeline[:64]}'")
    network = find_network(pipeline, model) if target.has_models else None
    if network is None:
        raise ConfigError("the model is not there", where=f"key 'models.{pipeline}'", found=f"'{model[:128]}'")
    return network


def _interval(config: dict[str, object]) -> float | None:
    for key in config:
        if key not in (INTERVAL_KEY, "pipelines"):
            raise ConfigError("unknown key", where=f"key '{key[:64]}'", todo=f"did you mean '{INTERVAL_KEY}'?")
    interval = config.get(INTERVAL_KEY)
    if interval is None:
        return None
    if isinstance(interval, bool) or not isinstance(interval, int | float):
        raise ConfigError("expected a number", where=f"key '{INTERVAL_KEY}'", found=repr(interval)[:64])
    if not MIN_INTERVAL_S <= interval <= MAX_INTERVAL_S:
        what = f"expected {MIN_INTERVAL_S:g} to {MAX_INTERVAL_S:g} seconds"
        raise ConfigError(what, where=f"key '{INTERVAL_KEY}'", found=f"{interval:g}")
    return float(interval)
