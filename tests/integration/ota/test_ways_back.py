"""Orders for what a device has kept: taken without a repository, unless the fleet has forbidden it since."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chaos.ota_agent import live_on
from chaos.ota_repositories import model_bytes, model_release
from chaos.ota_world import NAME, World, desired, order_of

from skerry_edge.ota.places import Places
from skerry_edge.ota.trust.counters import CounterFloors

OLD, NEW = "1.0.0", "2.0.0"
BACK = desired(5, order_of(OLD, 1))


@pytest.fixture
def world(tmp_path: Path, rig: Any) -> World:
    """A device that runs NEW, has kept OLD, and has no repository to ask."""
    world = World(folder=tmp_path, rig=rig)
    world.install(OLD, 1)
    world.keep(NEW, 2)
    Places(world.state).ota.mkdir(parents=True, exist_ok=True)
    return world


def counters(world: World) -> CounterFloors:
    return CounterFloors(Places(world.state).counters)


def test_a_device_goes_back_below_what_it_has_committed(world: World) -> None:
    counters(world).commit(f"model/{NAME}", 2, pytest.fail)
    last = live_on(world, BACK)
    assert (last.outcome, last.to_version, world.version) == ("committed", OLD, OLD)
    assert counters(world).read().committed == {f"model/{NAME}": 2}


def test_no_unsigned_order_brings_back_what_signed_metadata_forbids(world: World) -> None:
    counters(world).forbid({f"model/{NAME}": 2})
    last = live_on(world, BACK)
    assert (last.outcome, last.reason, world.version) == ("refused", "counter", NEW)


def test_a_floor_that_came_with_a_look_forbids_the_way_back_for_good(world: World) -> None:
    forbidden = {"v": 1, "counters": {f"model/{NAME}": 3}}
    world.rig.publish(model_release("3.0.0", 3, name=NAME), model_bytes("3.0.0", name=NAME))
    world.rig.forge("targets", lambda signed: signed.update(skerry=forbidden), keys=("targets-1", "targets-2"))
    world.rig.relink()
    assert live_on(world, desired(4, order_of("3.0.0", 3, order="r0"))).outcome == "committed"
    last = live_on(world, desired(5, order_of(NEW, 2)))
    assert (last.outcome, last.reason, world.version) == ("refused", "counter", "3.0.0")


@pytest.mark.parametrize("wanted", [BACK, desired(5, order_of(NEW, 2))], ids=["back", "what runs"])
def test_damaged_counters_refuse_every_order_before_anything_is_touched(world: World, wanted: Any) -> None:
    path = Places(world.state).counters
    path.write_bytes(b"\0" * 20)
    last = live_on(world, wanted)
    assert (last.outcome, last.reason, world.version) == ("refused", "counter", NEW)
    assert path.read_bytes() == b"\0" * 20


def test_counters_that_fell_over_in_probation_are_set_aside_and_told(world: World) -> None:
    path = Places(world.state).counters
    world.at = {"probation": lambda: path.write_bytes(b"\0" * 20)}
    assert live_on(world, BACK).outcome == "committed"
    assert counters(world).read().committed == {f"model/{NAME}": 1}
    assert any(event.startswith("update-counters-damaged") for event in world.events)
