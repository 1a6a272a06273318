"""What was chosen is asked for again before what runs is touched: an update may wait for weeks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chaos.ota_agent import Life, live_on
from chaos.ota_repositories import model_bytes, model_release
from chaos.ota_world import NAME, World, desired, order_of

from skerry_edge.ota.errors import TransferError
from skerry_edge.ota.trust.counters import CounterFloors
from skerry_server.releases.amending import Amendment, amend

DAY_S = 86_400.0
MODEL = f"model/{NAME}"
ORDER = desired(5, order_of("2.0.0", 2))


@pytest.fixture
def world(tmp_path: Path, rig: Any) -> World:
    """A device that runs 1.0.0, and a repository with 2.0.0 and 3.0.0."""
    for number in (2, 3):
        version = f"{number}.0.0"
        rig.publish(model_release(version, number, name=NAME), model_bytes(version, name=NAME))
    world = World(folder=tmp_path, rig=rig)
    world.install("1.0.0", 1)
    return world


def amended(world: World, amendment: Amendment) -> None:
    rig = world.rig
    amend(rig.repository, amendment, rig.signatory, rig.now)


@pytest.mark.parametrize("state", ["download", "self-test"])
def test_a_release_that_is_withdrawn_and_forbidden_after_it_was_chosen_is_not_installed(
    world: World, state: Any
) -> None:
    forbidden = Amendment(withdraw=((MODEL, "2.0.0"),), floors={MODEL: 3})
    world.at = {state: lambda: amended(world, forbidden)}
    last = live_on(world, ORDER)
    assert (last.outcome, last.reason, world.version) == ("refused", "not-found", "1.0.0")
    assert CounterFloors(world.places.counters).read().forbidden == {MODEL: 3}


def test_who_waited_for_its_file_asks_again_before_it_takes_it(world: World) -> None:
    targets = world.rig.repository.path / "targets"
    away = targets.with_name("away")

    def take_away() -> None:
        targets.rename(away)

    world.at = {"download": take_away}
    life = Life(world, ORDER)
    for _ in range(20):
        life.turn()
    assert life.state == "download"
    away.rename(targets)
    amended(world, Amendment(withdraw=((MODEL, "2.0.0"),), floors={}))
    last = live_on(world, None)
    assert (last.outcome, last.reason) == ("refused", "not-found")


def test_where_the_repository_is_away_what_was_chosen_stays_in_force(world: World) -> None:
    world.at = {"verify": world.disconnect}
    assert (live_on(world, ORDER).outcome, world.version) == ("committed", "2.0.0")


def test_what_was_trusted_last_counts_until_it_expires(rig: Any, device: Any, clock: Any, nowhere: Any) -> None:
    rig.publish(model_release("2.0.0", 2), model_bytes("2.0.0"))
    device.check()
    device.mirrors = (nowhere,)
    for ran_s, is_good in ((DAY_S, True), (4 * DAY_S, False)):
        clock.running += ran_s
        releases = device.trusted()
        with pytest.raises(TransferError):
            releases.refresh()
        assert releases.recall() is is_good
