"""The agent's keeping of journal and orders: where they were lost, only what has proved itself stays."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from skerry_edge.agent.updates.keeping import DAMAGED, LEFT_OVER, MAX_REMOVALS, Keeping
from skerry_edge.agent.updates.orders import next_order
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.contracts.release import Release
from skerry_edge.foundation import atomic
from skerry_edge.foundation.errors import ReachError
from skerry_edge.ota import removal
from skerry_edge.ota.choice import Choice, Target
from skerry_edge.ota.journal import ASIDE, FILE, JournalFile, journal_of
from skerry_edge.ota.machine.happenings import Begun, Done, Failed, Overdue
from skerry_edge.ota.machine.record import Instant, begun
from skerry_edge.ota.model_store import Kept, ModelStore
from skerry_edge.ota.order_book import Known, OrderBook
from skerry_edge.ota.places import Places

ORDER = UpdateOrder(id="r1", version="2.0.0", counter=2, probation_s=60, deadline_s=3600)
SIGNS = "model/signs"


class Device:
    """A device with 1.0.0 proved and 2.0.0 on trial."""

    def __init__(self, folder: Path) -> None:
        self.places = Places(folder)
        self.store = ModelStore(folder, "signs")
        self.events: list[tuple[str, str]] = []
        self.agents_given_up: list[str | None] = []
        old, new = self._take("1.0.0"), self._take("2.0.0")
        self.store.switch_to(old)
        self.store.prove(old, None)
        self.places.ota.mkdir()
        life = self.life()
        life.take_on(SIGNS, ORDER)
        for happening in (Done(from_sha256=old, from_version="1.0.0", to_sha256=new), *[Done()] * 5):
            life.note(happening)
        self.store.hold_before(old)
        life.note(Done())
        self.store.switch_to(new)
        life.note(Done())
        assert life.record is not None
        assert life.record.state == "probation"

    def life(self) -> Keeping:
        return Keeping(
            self.places,
            tell=lambda *told: self.events.append(told),
            apply=lambda: None,
            settle_agent=lambda: self.agents_given_up.pop() if self.agents_given_up else None,
            now=lambda: Instant(boot="b", since_boot_s=10.0),
        )

    @property
    def version(self) -> str:
        current = self.store.linked("current")
        assert current is not None
        return current.version

    def _take(self, version: str) -> str:
        data = version.encode()
        sha256 = hashlib.sha256(data).hexdigest()
        file = self.places.state_dir / "given"
        file.write_bytes(data)
        self.store.take_in(file, Kept(sha256=sha256, version=version, counter=1, variant="onnx-fp32"))
        return sha256


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def fold(path: Path) -> None:
    path.unlink()
    path.mkdir()


LOSSES: dict[str, Callable[[Path], None]] = {"gone": Path.unlink, "damaged": empty, "a folder": fold}


@pytest.mark.parametrize("loss", LOSSES)
def test_without_a_journal_what_was_on_trial_is_undone_and_its_order_is_to_be_answered(
    loss: str, device: Device
) -> None:
    LOSSES[loss](device.places.ota / FILE)
    life = device.life()
    assert life.record is None
    assert device.version == "1.0.0"
    assert [label for label, _ in device.events] == [DAMAGED]
    assert "signs" in device.events[0][1]
    assert (device.places.ota / ASIDE).exists() == (loss != "gone")
    assert next_order({SIGNS: ORDER}, life.known) == (SIGNS, ORDER)
    life.take_on(SIGNS, ORDER)
    assert life.record is not None
    assert life.record.was_lost


@pytest.mark.parametrize("loss", ["gone", "damaged"])
@pytest.mark.parametrize("strike", range(1, 7))
@pytest.mark.parametrize("is_kill", [True, False])
def test_a_second_fault_in_the_settling_leaves_nothing_unproved(
    loss: str, strike: int, is_kill: bool, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each change that the settling makes to the disk is made durable; struck there, it is begun again."""
    LOSSES[loss](device.places.ota / FILE)
    real, left = atomic.os.fsync, [strike]

    class KilledError(Exception):
        """The process is no more."""

    def struck(descriptor: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KilledError if is_kill else OSError(errno.ENOSPC, "no space")
        real(descriptor)

    monkeypatch.setattr(atomic.os, "fsync", struck)
    with suppress(KilledError, ReachError):
        device.life().read()
    left[0] = 0
    life = device.life()
    assert life.record is None
    assert device.version == "1.0.0"
    life.take_on(SIGNS, ORDER)
    assert life.record is not None
    assert life.record.was_lost, "it is answered, and not begun again"


def test_a_trial_of_the_agent_that_no_journal_knows_of_is_told(device: Device) -> None:
    (device.places.ota / FILE).unlink()
    device.agents_given_up = ["b"]
    device.life().read()
    assert "the agent in slot b" in device.events[0][1]


def test_a_device_on_which_nothing_was_ever_ordered_is_left_alone(tmp_path: Path) -> None:
    events: list[tuple[str, str]] = []
    keeping = Keeping(
        Places(tmp_path), tell=lambda *told: events.append(told), apply=lambda: None, settle_agent=lambda: None
    )
    assert keeping.record is None
    assert not any(tmp_path.iterdir())
    assert events == []


def test_how_an_order_ended_outlives_the_journal(device: Device) -> None:
    life = device.life()
    for happening in (Begun(), Failed(reason="crashed"), Done(), Done()):
        life.note(happening)
    assert life.record is None
    (device.places.ota / FILE).write_bytes(b"of a later version")
    life = device.life()
    assert life.record is None
    assert next_order({SIGNS: ORDER}, life.known) is None
    assert life.known[SIGNS] == Known(
        order="r1", version="2.0.0", from_version="1.0.0", outcome="rolled-back", reason="crashed"
    )


def test_an_order_of_which_only_the_journal_knows_is_known_before_it_goes_on(tmp_path: Path) -> None:
    places = Places(tmp_path)
    JournalFile(places.ota).write(journal_of(begun(SIGNS, ORDER, Instant(boot="b", since_boot_s=1.0))))
    keeping = Keeping(places, tell=lambda *_: None, apply=lambda: None, settle_agent=lambda: None)
    keeping.note(Begun())
    assert OrderBook(places.ota).read()[SIGNS].order == "r1"


def test_an_order_that_failed_leaves_only_what_the_next_try_goes_on_with(tmp_path: Path) -> None:
    device = Device(tmp_path)
    life = device.life()
    life.note(Failed(reason="crashed"))
    life.note(Done())
    life.note(Done())
    target = Target(path="model/signs/3.0.0/onnx-fp32.skerry", location="x", sha256="a" * 64, length=9)
    release = Release(v=1, kind="model", name="signs", version="3.0.0", counter=3, boards=("pi5",), variant="onnx-fp32")
    life.take_on(SIGNS, replace(ORDER, id="r2", version="3.0.0"))
    life.note(Done(to_sha256="a" * 64, choice=Choice(release=release, target=target)))
    device.places.incoming.mkdir()
    for name in (target.sha256, f"{target.sha256}.part", f"{target.sha256}.part.json", "b" * 64):
        (device.places.incoming / name).touch()
    staged = device.store.bundle("c" * 64)
    staged.parent.mkdir()
    staged.touch()
    life.note(Overdue())
    life.note(Done())
    assert life.record is None
    left = sorted(one.name for one in device.places.incoming.iterdir())
    assert left == [f"{target.sha256}.part", f"{target.sha256}.part.json"]
    assert not staged.exists()
    assert device.version == "2.0.0", "what a link leads to stays"


def test_an_order_ends_though_the_disk_does_not_let_go_of_an_old_release(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other = (device.store.bundle(one * 64).parent for one in "de")
    stuck.mkdir()
    other.mkdir()
    real = removal.remove

    def refuse(path: Path) -> None:
        if path == stuck:
            raise OSError(errno.EIO, "Input/output error")
        real(path)

    monkeypatch.setattr(removal, "remove", refuse)
    life = device.life()
    for happening in (Failed(reason="crashed"), Done()):
        life.note(happening)
    for _ in range(MAX_REMOVALS - 1):
        with pytest.raises(ReachError):
            life.note(Done())
    life.note(Done())
    assert life.record is None
    assert next_order({SIGNS: ORDER}, life.known) is None
    assert [label for label, _ in device.events] == [LEFT_OVER]
    assert (stuck.exists(), other.exists()) == (True, False)
