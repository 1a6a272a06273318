"""What each state of a model's update asks for until it is switched to: brought, checked, put in place and tried."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from msgspec.structs import replace

from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.contracts.updates import UpdateState
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.ota.choice import Choice, Held, Wanted
from skerry_edge.ota.incoming import clear
from skerry_edge.ota.job import Use
from skerry_edge.ota.machine.happenings import Done, Failed, Happening, Refused
from skerry_edge.ota.machine.limits import Limits
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.model_store import Kept, ModelStore
from skerry_edge.ota.preparing import chosen
from skerry_edge.ota.self_test.judging import labels_lost, verdict
from skerry_edge.ota.self_test.live_pictures import live_pictures
from skerry_edge.ota.self_test.measured import Measured, Subject
from skerry_edge.ota.supply import Supply
from skerry_edge.ota.transfer.fetching import Told
from skerry_edge.ota.transfer.told import failures_told
from skerry_edge.ota.trust.counters import CounterFloors, Counters
from skerry_edge.transfer.disk import need_room

Measure = Callable[[Subject], Measured]
"""Tries a model in a process of its own. Raises a SkerryError."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSteps:
    """The steps; ``incoming`` is where downloads lie, on the same file system as the store."""

    store: ModelStore
    counters: CounterFloors
    incoming: Path
    supply: Supply
    use: Use
    limits: Limits
    reserve_bytes: int
    measure: Measure
    told: Told

    def take(self, record: Record) -> Happening:
        """Do what the record's state asks for (see Steps)."""
        return _STEPS[record.state](self, record)

    def check(self, record: Record) -> Happening:
        """Find out what runs, and what is to be fetched; without a release, that is the device's own file."""
        order, counters = record.order, self.counters.read()
        current, previous = self.store.linked("current"), self.store.linked("previous")
        before = Done(from_version=self.use.own_version)
        if current is not None:
            before = Done(from_sha256=current.sha256, from_version=current.version)
        if self._runs(current, record, counters):
            return replace(before, to_sha256=before.from_sha256, is_running=True)
        if record.was_lost:
            return before
        if previous is not None and _is_ordered(previous, order):
            counters.refuse_forbidden(record.subject, previous.counter)
            return replace(before, to_sha256=previous.sha256, is_here=True)
        if current is not None and previous is None and order.version == self.use.own_version:
            counters.refuse_forbidden_unsigned(record.subject)
            return replace(before, is_here=True)
        wanted = Wanted(
            kind="model",
            name=record.name,
            version=order.version,
            variant=self.use.variant,
            counter=order.counter,
        )
        choice = self.supply.choose(wanted, current.sha256 if current else None)
        clear(self.incoming, choice)
        return replace(before, to_sha256=choice.target.sha256, choice=choice)

    def _runs(self, current: Kept | None, record: Record, counters: Counters) -> bool:
        """Tell whether what is ordered runs, and has proved itself; the device's own file needs no proof."""
        order = record.order
        if self.store.is_on_trial:
            return False
        if current is None:
            return order.version == self.use.own_version and counters.counts_unsigned(record.subject, order.counter)
        return _is_ordered(current, order) and self.store.is_proved(current.sha256)

    def precheck(self, record: Record) -> Happening:
        """See whether there is room for the file, and for the one that a patch makes."""
        with failures_told():
            self.incoming.mkdir(parents=True, exist_ok=True)
            choice = chosen(record)
            need_room(self.incoming, choice.target.length + choice.total_bytes, reserve_bytes=self.reserve_bytes)
        return Done()

    def download(self, record: Record) -> Happening:
        """Bring the file, going on where an earlier try stopped."""
        current = self.store.linked("current")
        held = Held(path=str(self.store.bundle(current.sha256)), sha256=current.sha256) if current else None
        self.supply.fetch(chosen(record), self.incoming, held, self.told)
        return Done()

    def verify(self, record: Record) -> Happening:
        """Hold the file as it lies on the disk against what was signed."""
        choice = chosen(record)
        self.supply.verify(choice.target, self._incoming(choice))
        return Done()

    def stage(self, record: Record) -> Happening:
        """Give the file its place in the store."""
        choice = chosen(record)
        release = choice.release
        if release.variant is None:
            return Refused(reason="malformed", detail="a model's release without a variant")
        kept = Kept(
            sha256=choice.target.sha256, version=release.version, counter=release.counter, variant=release.variant
        )
        self.store.take_in(self._incoming(choice), kept)
        return Done()

    def self_test(self, record: Record) -> Happening:
        """Load and run the new model beside the present one, each in a process of its own.

        Where the accelerator serves one process, the one that runs, the new model is held against its golden outputs by
        that process's successor, before its first picture.
        """
        if record.to_sha256 is None:
            return Done()  # the device's own file: that it runs here was seen before the first update
        kept = self.store.kept(record.to_sha256)
        if kept is None:
            return Failed(reason="load", detail="the new version is not in the store any more")
        if self.use.exclusive:
            return self._described(self.store.bundle(kept.sha256))
        subject = self._subject(self.store.bundle(kept.sha256), kept.variant)
        try:
            measured = self.measure(subject)
        except SkerryError as error:
            return Failed(reason="load", detail=str(error))
        return self._judged(self._present(subject), measured)

    def _described(self, new: Path) -> Happening:
        """Judge by what the manifests say, where the model cannot be run."""
        try:
            present, ours = (Bundle.open(one).manifest.labels for one in (Path(self.use.present), new))
        except SkerryError as error:
            return Failed(reason="load", detail=str(error))
        return labels_lost(present, ours, self.limits) or Done()

    def _judged(self, present: Measured | None, new: Measured) -> Happening:
        free_mb = psutil.virtual_memory().available / 1e6
        return verdict(present, new, self.limits, free_mb=free_mb) or Done()

    def _present(self, new: Subject) -> Measured | None:
        """Measure what runs now, None where that cannot be run: then there is nothing to be worse than."""
        try:
            return self.measure(dataclasses.replace(new, bundle=Path(self.use.present), variant=self.use.variant))
        except SkerryError:
            return None

    def _subject(self, bundle: Path, variant: str) -> Subject:
        return Subject(
            task=self.use.task,
            bundle=bundle,
            variant=variant,
            backend=self.use.backend,
            threads=self.use.threads,
            pictures_of=(Path(self.use.present), bundle),
            live=live_pictures(map(Path, self.use.pictures)),
        )

    def _incoming(self, choice: Choice) -> Path:
        return self.incoming / choice.target.sha256


def _is_ordered(kept: Kept, order: UpdateOrder) -> bool:
    """Tell whether a release that is here is the one ordered; who goes back may not know its counter any more."""
    return kept.version == order.version and order.counter <= kept.counter


_STEPS: dict[UpdateState, Callable[[ModelSteps, Record], Happening]] = {
    "check": ModelSteps.check,
    "precheck": ModelSteps.precheck,
    "download": ModelSteps.download,
    "verify": ModelSteps.verify,
    "stage": ModelSteps.stage,
    "self-test": ModelSteps.self_test,
}
