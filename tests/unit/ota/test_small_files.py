"""The small files of a device, each with every one of its bits fallen over: read as something, or refused in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.ota import launcher, local_orders, order_book
from skerry_edge.ota.instants import now
from skerry_edge.ota.journal import FILE as JOURNAL
from skerry_edge.ota.journal import JournalFile, journal_of
from skerry_edge.ota.local_orders import LocalOrder, LocalOrderFile
from skerry_edge.ota.looked import FILE as LOOKED
from skerry_edge.ota.looked import Looked, keep_look, last_look
from skerry_edge.ota.machine.record import Instant, begun
from skerry_edge.ota.model_store import Kept, ModelStore
from skerry_edge.ota.order_book import Known, OrderBook
from skerry_edge.ota.slots.slots import INSTALLED, RELEASE, KeptAgent, Slots
from skerry_edge.ota.slots.start import start_told
from skerry_edge.ota.trust.counters import CounterFloors
from skerry_edge.ota.trust.floors import Floor, FloorFile, Floors

HASH = "0f" * 32
ORDER = UpdateOrder(id="r1", version="2.0.0", counter=2, probation_s=60, deadline_s=3600)


def _slot(folder: Path) -> tuple[Path, Callable[[], object]]:
    slots = Slots(folder, running="a")
    slots.path("a").mkdir(parents=True)
    slots.note("a", KeptAgent(sha256=HASH, version="7.0.0", counter=7))
    return slots.path("a") / RELEASE, lambda: (slots.kept("a"), slots.running_version)


def _installed(folder: Path) -> tuple[Path, Callable[[], object]]:
    slots = Slots(folder)
    slots.note_installed("1.0.0")
    return slots.folder / INSTALLED, lambda: slots.installed_version


def _trial(folder: Path) -> tuple[Path, Callable[[], object]]:
    slots = Slots(folder)
    slots.path("a").mkdir(parents=True)
    slots.begin_trial("a", 60.0, now())
    return slots.folder / launcher.TRIAL, lambda: (slots.on_trial, launcher.choose(slots.folder, "x", 1.0))


def _fallen(folder: Path) -> tuple[Path, Callable[[], object]]:
    slots = Slots(folder)
    slots.folder.mkdir()
    launcher.write(slots.folder / launcher.FALLEN, {"slot": "a", "reason": "not confirmed"})
    return slots.folder / launcher.FALLEN, lambda: slots.fallen


def _starts(folder: Path) -> tuple[Path, Callable[[], object]]:
    for since_boot_s in (1.0, 2.5):
        launcher.choose(folder, "x", since_boot_s)
    return folder / launcher.STARTS, lambda: launcher.choose(folder, "x", 3.0)


def _model(folder: Path) -> tuple[Path, Callable[[], object]]:
    store = ModelStore(folder, "signs")
    path = store.bundle(HASH).with_name("release.json")
    path.parent.mkdir(parents=True)
    store.bundle(HASH).write_bytes(b"")
    path.write_bytes(msgspec.json.encode(Kept(sha256=HASH, version="1.0.0", counter=1, variant="int8")))
    return path, lambda: store.kept(HASH)


def _counters(folder: Path) -> tuple[Path, Callable[[], object]]:
    file = CounterFloors(folder / "counters.json")
    file.commit("model/signs", 3, lambda _: None)
    file.forbid({"agent/skerry": 2})
    return file.path, file.read


def _floors(folder: Path) -> tuple[Path, Callable[[], object]]:
    file = FloorFile(folder / "floors.json")
    roles = {"timestamp": Floor(version=4, keys=frozenset({"timestamp:ab"}))}
    file.write(Floors(roles=roles, signed_s=1_700_000_000, silent_s=5.5, boot="b", running_s=9.0))
    return file.path, file.read


def _looked(folder: Path) -> tuple[Path, Callable[[], object]]:
    keep_look(folder, Looked(refused="expired", detail="überholt"))
    return folder / LOOKED, lambda: last_look(folder)


def _orders(folder: Path) -> tuple[Path, Callable[[], object]]:
    book = OrderBook(folder)
    book.write({"model/signs": Known(order="r1", version="2.0.0", outcome="committed", detail="größer")})
    return folder / order_book.FILE, book.read


def _local_orders(folder: Path) -> tuple[Path, Callable[[], object]]:
    LocalOrderFile(folder).add({"model/signs": LocalOrder(order=ORDER, mirror="/media/türe")})
    return folder / local_orders.FILE, lambda: LocalOrderFile(folder).read()


def _journal(folder: Path) -> tuple[Path, Callable[[], object]]:
    JournalFile(folder).write(journal_of(begun("model/signs", ORDER, Instant(boot="b", since_boot_s=10.0))))
    return folder / JOURNAL, JournalFile(folder).read


FILES = [
    *(_slot, _installed, _trial, _fallen, _starts, _model),
    *(_counters, _floors, _looked, _orders, _local_orders, _journal),
]


@pytest.mark.parametrize("made", FILES)
def test_each_bit_of_a_small_file_may_fall_over(
    made: Callable[[Path], tuple[Path, Callable[[], object]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, read = made(tmp_path)
    monkeypatch.setattr(launcher, "write", lambda *_: None)
    whole = path.read_bytes()
    assert read() is not None
    for number in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[number // 8] ^= 1 << number % 8
        path.write_bytes(flipped)
        try:
            read()
        except SkerryError:
            continue
        except Exception as error:  # noqa: BLE001  # whatever else it is, it ends the agent
            pytest.fail(f"bit {number} of {path.name} ({bytes(flipped)!r}) raises {error!r}")


@pytest.mark.parametrize("damage", ['{"state": "\udcff"}', "[" * 100_000, '{"x":' * 100_000, "1" + "0" * 400])
def test_what_the_launcher_told_may_be_anything(damage: str) -> None:
    assert start_told({launcher.START_VARIABLE: damage}) is None


def test_a_slot_whose_note_is_damaged_holds_nothing_and_can_be_built_anew(tmp_path: Path) -> None:
    slots = Slots(tmp_path, running="a")
    slots.path("a").mkdir(parents=True)
    (slots.path("a") / RELEASE).write_bytes(b'{"sha256":"\xff"}')
    assert slots.kept("a") is None
    whole = KeptAgent(sha256=HASH, version="7.0.0", counter=7)
    slots.note("a", whole)
    assert slots.kept("a") == whole
