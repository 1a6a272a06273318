"""The machine's own vitals for the heartbeat; a figure that it cannot give is absent."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any

import psutil

from skerry_boards.schema import Thermal
from skerry_edge.agent.config.sensors import SensorConfig
from skerry_edge.agent.heartbeat.probes import PERIOD_S, Probe, Sampler
from skerry_edge.agent.heartbeat.supply import Supply
from skerry_edge.contracts.vitals import MAX_LABEL_CHARS, MAX_TEMPERATURES, Temperature
from skerry_edge.foundation.errors import ReachError
from skerry_edge.machine import processor
from skerry_edge.machine.boot import since_boot_s
from skerry_edge.machine.disk import Disk, disk
from skerry_edge.machine.memory import memory
from skerry_edge.machine.network import Network, network
from skerry_edge.machine.sensors import read_sensor
from skerry_edge.machine.temperatures import Thermometer, processor_temperature, thermometers
from skerry_edge.machine.versions import versions

_log = logging.getLogger(__name__)
FIRST_S = 1.5
"""So long a start waits for the first answers: a 1-wire thermometer takes 0.75 s."""


class Machine:
    """Reads the vitals; ``cpu_percent`` is the mean since the last reading.

    What may hang (buses, disks, drivers) is read aside every ``period_s``, and `read` takes the newest answers: it
    never waits. To be closed.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        sensors: Sequence[SensorConfig] = (),
        thermal: Thermal | None = None,
        period_s: float = PERIOD_S,
        root: Path = Path("/"),
    ) -> None:
        """Begin to read; ``state_dir`` says which disk counts, ``thermal`` is the board's profile.

        Raises OSError where the directory cannot be opened.
        """
        self._root = root
        self._thermal = thermal or Thermal()
        # Kept open, so that the disk can be asked even after somebody has removed the directory.
        self._state_dir = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._disk: Disk = disk(self._state_dir, root / "sys")
        self._heat = Probe("temperatures", lambda: thermometers(root / "sys"))
        self._supply = Probe("supply", Supply(root).read)
        self._disks = Probe("disk", lambda: disk(self._state_dir, root / "sys"))
        self._network = Probe("network", lambda: network(root))
        self._versions = Probe("versions", lambda: versions(root))
        self._sensors = [_sensor_probe(one, root) for one in sensors]
        self._sampler = Sampler(self._probes, period_s=period_s)
        self._versions.ask()
        self._sampler.start(FIRST_S)
        _cpu_percent()  # begins the first window; its own answer means nothing

    def read(self) -> dict[str, Any]:
        """Return the fields of a Heartbeat now."""
        self._disk = self._disks.answer() or self._disk
        found = {
            "uptime_s": since_boot_s(),
            "cpu_percent": _cpu_percent(),
            "load_1min": processor.load_1min(self._root),
            **{
                f"{name}_pressure_percent": processor.pressure_percent(self._root, name) for name in processor.RESOURCES
            },
            **_memory_fields(self._root),
            **{f"disk_{name}": value for name, value in asdict(self._disk).items()},
            **_network_fields(self._network.answer()),
            **heat_fields(self._heat.answer() or (), self._thermal),
            **(self._supply.answer() or {}),
            "versions": {name: text[:MAX_LABEL_CHARS] for name, text in (self._versions.answer() or {}).items()},
            "sensors": {one.name: value for one in self._sensors if (value := one.answer()) is not None},
            "stuck_sensors": self._sampler.stuck(),
        }
        told = {name: value for name, value in found.items() if value is not None}
        return {name: round(value, 3) if isinstance(value, float) else value for name, value in told.items()}

    def heat(self) -> dict[str, Any]:
        """Return the fields of a Heartbeat that are about temperatures."""
        return heat_fields(self._heat.answer() or (), self._thermal)

    def watch(self, sensors: Sequence[SensorConfig], thermal: Thermal) -> None:
        """Read these sensors and judge by this profile from now on; what they say follows when they have said it."""
        self._thermal = thermal
        self._sensors = [_sensor_probe(one, self._root) for one in sensors]
        self._sampler.watch(self._probes)

    @property
    def _probes(self) -> tuple[Probe[Any], ...]:
        return (self._heat, self._supply, self._disks, self._network, *self._sensors)

    def close(self) -> None:
        """Read no more."""
        self._sampler.close()
        os.close(self._state_dir)


def heat_fields(found: Sequence[Thermometer], thermal: Thermal) -> dict[str, Any]:
    """Return the temperatures: the processor's with its lowest trip point, by kernel or board profile, and all.

    The processor's is the first of all, so that it is there where a machine has more than a heartbeat takes.
    """
    main = processor_temperature(found, thermal.zone_types)
    if main is None:
        return {}
    trips = [trip for trip in (main.trip_c, thermal.throttles_from_c) if trip is not None]
    ordered = [main, *(one for one in found if one is not main)][:MAX_TEMPERATURES]
    return {
        "temperature_c": main.value_c,
        "temperature_trip_c": min(trips, default=None),
        "temperatures": [
            Temperature(name=one.name[:MAX_LABEL_CHARS], value_c=one.value_c, trip_c=one.trip_c) for one in ordered
        ],
    }


def _sensor_probe(sensor: SensorConfig, root: Path) -> Probe[float]:
    def read() -> float | None:
        value = read_sensor(sensor.path, root)
        scaled = None if value is None else value * sensor.scale + sensor.offset
        return None if scaled is None or not isfinite(scaled) else round(scaled, 6)

    return Probe(sensor.name, read)


def _cpu_percent() -> float | None:
    try:
        used: float = psutil.cpu_percent()
    except OSError as error:
        _log.debug("the processor's use cannot be read: %s", error)  # no file to be had now: EMFILE, ENOMEM
        return None
    return used


def _memory_fields(root: Path) -> dict[str, float | None]:
    try:
        now = memory(root)
    except ReachError as error:
        _log.debug("%s", error)
        return {}
    return {
        "memory_used_mb": now.used_mb,
        "memory_total_mb": now.total_mb,
        "swap_used_mb": now.swap_used_mb,
        "swap_total_mb": now.swap_total_mb,
    }


def _network_fields(found: Network | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        "network_interface": found.interface[:MAX_LABEL_CHARS],
        "network_mbit": found.mbit,
        "wifi_signal_dbm": found.signal_dbm,
    }
