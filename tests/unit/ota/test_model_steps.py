"""CHECK of a model's update: what runs, what is a way back, and what is to be fetched."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.contracts.release import Release
from skerry_edge.ota.choice import Choice, Target
from skerry_edge.ota.job import Use
from skerry_edge.ota.machine.happenings import Done
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.machine.record import Instant, begun
from skerry_edge.ota.model_steps import ModelSteps
from skerry_edge.ota.model_store import Kept, ModelStore
from skerry_edge.ota.trust.counters import CounterFloors

OWN = "1.0.0"
SIGNS = "model/signs"
RELEASE = Release(v=1, kind="model", name="signs", version="2.0.0", counter=2, boards=("x",), variant="onnx-fp32")


class Device:
    """A device whose own file is 1.0.0, with a repository that has nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = ModelStore(folder, "signs")
        self.counters = CounterFloors(folder / "counters.json")
        self.offers: Choice | None = None

    def choose(self, wanted: object, have_sha256: str | None) -> Choice:
        if self.offers is None:
            raise ReleaseError("not-found", "the repository has no such release")
        return self.offers

    def take(self, version: str) -> str:
        data = version.encode()
        sha256 = hashlib.sha256(data).hexdigest()
        (self.folder / "given").write_bytes(data)
        self.store.take_in(self.folder / "given", Kept(sha256=sha256, version=version, counter=2, variant="onnx-fp32"))
        return sha256

    def check(self, version: str, *, was_lost: bool = False, counter: int = 1) -> Any:
        use = Use(
            own_version=OWN, variant="onnx-fp32", backend="onnx", threads=1, present="/none", start_deadline_s=1.0
        )
        supply: Any = self
        steps = ModelSteps(
            store=self.store,
            counters=self.counters,
            incoming=self.folder / "incoming",
            supply=supply,
            use=use,
            limits=Limits(),
            reserve_bytes=0,
            measure=lambda _subject: pytest.fail("nothing is tried here"),
            told=lambda _done, _all: None,
        )
        order = UpdateOrder(id="r1", version=version, counter=counter, probation_s=60, deadline_s=3600)
        record = begun(SIGNS, order, Instant(boot="b", since_boot_s=1.0))
        return steps.take(replace(record, was_lost=was_lost))


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def test_what_runs_counts_as_committed_only_once_it_has_proved_itself(device: Device) -> None:
    new = device.take("2.0.0")
    device.store.switch_to(new)
    with pytest.raises(ReleaseError, match="no such release"):
        device.check("2.0.0")
    device.store.prove(new, None)
    assert device.check("2.0.0") == Done(from_sha256=new, from_version="2.0.0", to_sha256=new, is_running=True)
    device.store.hold_before(None)
    with pytest.raises(ReleaseError, match="no such release"):
        device.check("2.0.0")


def test_the_first_release_has_the_devices_own_file_as_its_way_back(device: Device) -> None:
    assert device.check(OWN) == Done(from_version=OWN, is_running=True)
    new = device.take("2.0.0")
    device.store.switch_to(new)
    device.store.prove(new, None)
    assert device.check(OWN) == Done(from_sha256=new, from_version="2.0.0", is_here=True)


def test_only_one_step_back_is_kept_also_from_the_second_release(device: Device) -> None:
    first, second = device.take("2.0.0"), device.take("3.0.0")
    device.store.prove(first, None)
    device.store.switch_to(second)
    device.store.prove(second, first)
    with pytest.raises(ReleaseError, match="no such release"):
        device.check(OWN)
    assert device.check("2.0.0").is_here


def test_the_way_back_to_the_own_file_is_closed_where_anything_is_forbidden(device: Device) -> None:
    new = device.take("2.0.0")
    device.store.switch_to(new)
    device.store.prove(new, None)
    device.counters.forbid({SIGNS: 1})
    with pytest.raises(ReleaseError) as caught:
        device.check(OWN)
    assert caught.value.reason == "counter"


def test_an_order_that_was_lost_is_looked_for_and_not_begun_again(device: Device) -> None:
    new = device.take("2.0.0")
    device.store.prove(new, None)
    device.store.switch_to(new)
    assert device.check("2.0.0", was_lost=True).is_running
    assert device.check("9.0.0", was_lost=True) == Done(from_sha256=new, from_version="2.0.0")


def test_what_earlier_orders_have_brought_is_removed_but_for_what_this_one_needs(device: Device) -> None:
    sha256 = "a" * 64
    target = Target(path="model/signs/2.0.0/onnx-fp32.skerry", location="x", sha256=sha256, length=9)
    device.offers = Choice(release=RELEASE, target=target)
    incoming = device.folder / "incoming"
    (incoming / "wheelhouse").mkdir(parents=True)
    for name in (f"{sha256}.part", f"{sha256}.part.json", "b" * 64):
        (incoming / name).touch()
    device.check("2.0.0")
    assert sorted(one.name for one in incoming.iterdir()) == [f"{sha256}.part", f"{sha256}.part.json"]


def test_an_own_file_does_not_stand_for_a_signed_release_of_its_version(device: Device) -> None:
    with pytest.raises(ReleaseError, match="no such release"):
        device.check(OWN, counter=7)
    assert device.check(OWN).is_running
    device.counters.forbid({SIGNS: 7})
    with pytest.raises(ReleaseError) as caught:
        device.check(OWN)
    assert caught.value.reason == "counter"
