"""The releases that a device can trust: a repository looked at, mirror by mirror, and a target chosen from it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import TargetFile
from tuf.ngclient import UpdaterConfig

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.release import decode_floors
from skerry_edge.foundation.small_file import read_small
from skerry_edge.ota.choice import Choice, Wanted
from skerry_edge.ota.errors import TransferError
from skerry_edge.ota.transfer.metadata_fetchers import fetcher_for
from skerry_edge.ota.transfer.mirrors import FolderMirror, Mirror
from skerry_edge.ota.transfer.told import failures_told
from skerry_edge.ota.trust.choosing import Listed, Subject, choose, newest
from skerry_edge.ota.trust.clock import Clock
from skerry_edge.ota.trust.counters import CounterFloors, Counters
from skerry_edge.ota.trust.device import Device
from skerry_edge.ota.trust.floors import FloorFile, Floors
from skerry_edge.ota.trust.place import TrustPlace
from skerry_edge.ota.trust.refusals import refusal
from skerry_edge.ota.trust.staged_updater import StagedUpdater
from skerry_edge.transfer.patience import Patience

MAX_ROOT_BYTES = 512_000
_MAX_TARGETS_BYTES = 16 << 20
"""Some ten thousand targets; TUF's client bounds the other roles closer."""

Problem = ReleaseError | TransferError
PassedOver = tuple[str, Problem]
"""A mirror that was of no use, and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What a look at the repository found.

    ``versions`` are those trusted now, by role; ``signed_s`` is the newest signed time in Unix seconds, None where none
    is signed. ``mirror`` is the one that gave them, after those ``passed_over`` had failed, with why.
    """

    versions: Mapping[str, int]
    signed_s: int | None
    mirror: str
    passed_over: tuple[PassedOver, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """Where a device takes its releases from, and how patient it is with it.

    ``root`` is the file with the root of trust that came with the installation. ``longest_silence`` is how long the
    machine may run without a new timestamp; None where nobody is expected to bring any, as for a stick.
    """

    root: Path
    mirrors: Sequence[Mirror]
    patience: Patience
    longest_silence: timedelta | None
    config: UpdaterConfig = field(default_factory=lambda: UpdaterConfig(targets_max_length=_MAX_TARGETS_BYTES))


class TrustedReleases:
    """One look at a repository, and what to take from it: `refresh` first, then `choose` as often as wanted."""

    def __init__(self, place: TrustPlace, repository: Repository, clock: Clock) -> None:
        self._place = place
        self._repository = repository
        self._clock = clock
        self._file = FloorFile(place.floors)
        self._seen = Floors()
        self._unasked: deque[Mirror] = deque()
        self._updater: StagedUpdater | None = None
        self._asked = self._mirror = ""

    def refresh(self) -> Checked:
        """Bring the trusted metadata up to date from the first mirror that has it whole, not older and signed.

        Raises ReleaseError where the repository is refused (``unsigned``, ``rollback``, ``expired``, ``frozen``,
        ``mismatch``, ``malformed``, ``length``, ``terms``), TransferError where it or the disk cannot be reached.
        """
        with failures_told():
            self._place.metadata.mkdir(parents=True, exist_ok=True)
            self._place.floors.parent.mkdir(parents=True, exist_ok=True)
            known = self._file.read()
            if known is None:
                self._file.set_aside()  # which is told by the agent; meanwhile, the cached metadata guards
            self._seen = (known or Floors()).aged(boot=self._clock.boot(), running_s=self._clock.running_s())
            self._unasked = deque(self._repository.mirrors)
            found, passed_over = self._next_good()
            if found is None:
                self._file.write(self._seen)
                problem = _worst(passed_over)
                if isinstance(problem, ReleaseError):
                    self._refuse_silence(_in_words(passed_over))
                raise problem
            self._take(found)
            while self._is_silent and self._has_more():
                pass  # until a mirror has news
            self._refuse_silence(_in_words(passed_over) or "its timestamp is old")
        return Checked(
            versions=self._trusted().versions,
            signed_s=self._trusted().signed_s,
            mirror=self._mirror,
            passed_over=passed_over,
        )

    def recall(self) -> bool:
        """Go by what was trusted last, after a `refresh` that no mirror has answered; False where it has expired.

        Raises ReleaseError (``frozen``) as `refuse_silence` does.
        """
        self.refuse_silence()
        with failures_told():
            found = self._look(FolderMirror(folder=self._place.metadata.parent), self._root())
        if not isinstance(found, StagedUpdater):
            return False
        self._updater = found
        return True

    def refuse_silence(self) -> None:
        """Raise ReleaseError (``frozen``) where nothing newer had come for too long at the last `refresh`.

        For an order, a mirror that is away is no more than that; but who cuts a device off wants it to notice nothing.
        """
        self._refuse_silence("no mirror can be reached")

    def choose(self, wanted: Wanted, device: Device, *, have_sha256: str | None = None) -> Choice:
        """Return the target for ``device``; see `choosing.choose`, whose errors it raises, and `CounterFloors.read`.

        What one mirror does not have, or has otherwise than ordered, the next may: the first can be behind by hours.
        """
        while True:
            counters = self._counters()
            try:
                return choose(wanted, self._listed(), device, counters, have_sha256=have_sha256)
            except ReleaseError:
                if not self._has_more():
                    raise

    def newest(self, subject: Subject, device: Device) -> Wanted | None:
        """Return the newest release of ``subject`` that ``device`` may take; None where there is none."""
        return newest(subject, self._listed(), device, self._counters())

    def _counters(self) -> Counters:
        return CounterFloors(self._place.counters).read()

    def _listed(self) -> list[Listed]:
        return [self.listed(target) for target in self._trusted().targets.targets.values()]

    def find(self, path: str) -> Listed | None:
        """Return the target of any ``path``, delegated ones included. Raises as `refresh` does."""
        with failures_told():
            found = self._trusted().look_for(path)
            return None if found is None else self.listed(found)

    def listed(self, target: TargetFile) -> Listed:
        """Return a target of TUF's client as ours."""
        folder, slash, name = target.path.rpartition("/")
        digest = next(iter(target.hashes.values()), "")
        hashed = f"{folder}{slash}{digest}.{name}"
        return Listed(
            path=target.path,
            location=hashed if self._trusted().has_hashed_names else target.path,
            length=target.length,
            sha256=target.hashes.get("sha256"),
            custom=target.custom,
        )

    def _next_good(self) -> tuple[StagedUpdater | None, tuple[PassedOver, ...]]:
        """Return a look at the next mirror that can be trusted, and those before it that were asked in vain."""
        root = self._root()
        passed_over: list[PassedOver] = []
        while self._unasked:
            mirror = self._unasked.popleft()
            found = self._look(mirror, root)
            if isinstance(found, StagedUpdater):
                self._asked = str(mirror)
                return found, tuple(passed_over)
            passed_over.append((str(mirror), found))
        return None, tuple(passed_over)

    def _has_more(self) -> bool:
        """Go on to the next mirror that has something newer; False where none of those left has."""
        with failures_told():
            while self._unasked:
                found, _ = self._next_good()
                if found is not None and found.versions != self._trusted().versions:
                    self._take(found)
                    return True
        return False

    def _take(self, found: StagedUpdater) -> None:
        """Go by what was found, and never behind it again."""
        self._seen = self._seen.raised(found.versions, found.keys, found.signed_s)
        self._file.write(self._seen)
        CounterFloors(self._place.counters).forbid(decode_floors(found.targets.unrecognized_fields).counters)
        self._updater, self._mirror = found, self._asked

    def _look(self, mirror: Mirror, root: bytes) -> StagedUpdater | Problem:
        try:
            updater = StagedUpdater(
                metadata=self._place.metadata,
                base_url=mirror.metadata,
                fetcher=fetcher_for(mirror, self._repository.patience),
                root=root,
                clock=self._clock,
                floors=self._seen,
                config=self._repository.config,
            )
            updater.look()
        except RepositoryError as error:
            return refusal(error, "root", fits_the_others=True)
        except (ReleaseError, TransferError) as problem:
            return problem
        return updater

    def _root(self) -> bytes:
        try:
            return read_small(self._repository.root, MAX_ROOT_BYTES)
        except OSError as error:
            where, todo = str(self._repository.root), "put there the root that `skerry ota init` made"
            raise ReleaseError(
                "malformed", "the device has no root of trust", where=where, found=error.strerror, todo=todo
            ) from error

    @property
    def _is_silent(self) -> bool:
        longest = self._repository.longest_silence
        if longest is None or all(isinstance(one, FolderMirror) for one in self._repository.mirrors):
            return False
        return bool(self._seen.roles) and self._seen.silent_s > longest.total_seconds()

    def _refuse_silence(self, how: str) -> None:
        if self._is_silent:
            raise ReleaseError(
                "frozen",
                "nothing newer has come from the repository for longer than it may be silent",
                found=f"{self._seen.silent_s / 86400:.1f} days of running; {how}",
                todo="see whether the server still signs its timestamp, and what lies between it and the device",
            )

    def _trusted(self) -> StagedUpdater:
        if self._updater is None:
            raise RuntimeError("refresh comes before anything is chosen")
        return self._updater


def _worst(passed_over: Sequence[PassedOver]) -> Problem:
    """Return the refusal where any mirror was refused: that it lies matters more than that another was away."""
    problems = [problem for _, problem in passed_over]
    return next((one for one in problems if isinstance(one, ReleaseError)), problems[0])


def _in_words(passed_over: Sequence[PassedOver]) -> str:
    return "; ".join(f"{mirror}: {problem.reason}" for mirror, problem in passed_over)
