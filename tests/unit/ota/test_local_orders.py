"""Orders given at the device, beside those of its fleet."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skerry_edge.agent.updates.local_fleet import LocalFleet
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.ota.local_orders import FILE, LocalOrder, LocalOrderFile, counting

DOOR = "model/door"


def order(name: str) -> UpdateOrder:
    return UpdateOrder(id=name, version="2.0.0", counter=2, probation_s=60, deadline_s=600)


def given(*, instead_of: str | None = None) -> dict[str, LocalOrder]:
    return {DOOR: LocalOrder(order=order("stick-1"), mirror="/media/usb", instead_of=instead_of)}


@pytest.mark.parametrize(
    ("fleet", "instead_of", "counts"),
    [
        ({}, None, True),
        ({}, "fleet-1", True),
        ({DOOR: order("fleet-1")}, "fleet-1", True),
        ({DOOR: order("fleet-2")}, "fleet-1", False),
        ({DOOR: order("fleet-1")}, None, False),
        ({"model/bell": order("fleet-9")}, None, True),
    ],
)
def test_it_counts_until_the_fleet_orders_something_else(fleet, instead_of: str | None, counts: bool) -> None:
    assert (DOOR in counting(fleet, given(instead_of=instead_of))) is counts


def test_later_orders_take_the_place_of_earlier_ones_of_the_same_subject(tmp_path: Path) -> None:
    LocalOrderFile(tmp_path).add(given())
    file = LocalOrderFile(tmp_path)
    assert file.read() == given()
    bell = LocalOrder(order=order("stick-2"), mirror="/media/usb")
    LocalOrderFile(tmp_path).add({"model/bell": bell})
    assert file.read() == {**given(), "model/bell": bell}


@pytest.mark.parametrize("damage", [b"", b"{", b'{"door": {}}', b"[" * 10_000])
def test_what_cannot_be_read_counts_as_no_orders(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE).write_bytes(damage)
    assert LocalOrderFile(tmp_path).read() == {}


def test_an_order_that_was_overtaken_does_not_rise_again(tmp_path: Path) -> None:
    configuration: Any = SimpleNamespace(updates={})
    file = LocalOrderFile(tmp_path)
    fleet = LocalFleet(configuration, file)
    file.add(given())
    assert fleet.updates[DOOR].id == "stick-1"
    configuration.updates = {DOOR: order("fleet-2")}
    assert fleet.updates[DOOR].id == "fleet-2"
    configuration.updates = {}
    assert fleet.updates == {}


def test_an_order_that_came_into_the_place_of_an_overtaken_one_stays(tmp_path: Path) -> None:
    file = LocalOrderFile(tmp_path)
    overtaken = given()
    newer = {DOOR: LocalOrder(order=order("stick-2"), mirror="/media/usb")}
    file.add(newer)
    file.drop(overtaken)
    assert file.read() == newer
