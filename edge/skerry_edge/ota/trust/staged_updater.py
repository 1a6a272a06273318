"""TUF's own client with our clock and our floors: what each stage brings is judged before the next begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from tuf.api import exceptions
from tuf.api.metadata import Root, Signed, Snapshot, TargetFile, Targets, Timestamp
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from skerry_edge.contracts.release import ISSUED
from skerry_edge.ota.trust.clock import Clock, time_for_sure_s
from skerry_edge.ota.trust.floors import GUARDED, Floors, Keys
from skerry_edge.ota.trust.keys import doubled_role
from skerry_edge.ota.trust.refusals import failure, refusal, told

_LAST_S = datetime(9999, 1, 1, tzinfo=timezone.utc).timestamp()
_STAGES: tuple[type[Signed], ...] = (Root, Timestamp, Snapshot, Targets)


class StagedUpdater(Updater):
    """One look at one mirror; ``floors`` are what the device has seen before.

    TUF's client takes its time from the system's clock in its constructor and offers no other way, so its stages are
    overridden here: `tests/contract/ota` fails where a new version of it has others.
    """

    def __init__(
        self,
        *,
        metadata: Path,
        base_url: str,
        fetcher: FetcherInterface,
        root: bytes,
        clock: Clock,
        floors: Floors,
        config: UpdaterConfig | None = None,
    ) -> None:
        self._metadata = metadata
        super().__init__(str(metadata), base_url, fetcher=fetcher, config=config, bootstrap=root)
        self._clock = clock
        self._floors = floors
        self._role = Root.type

    def look(self) -> None:
        """Bring root, timestamp, snapshot and targets up to date. Raises ReleaseError, TransferError, OSError."""
        with self._told():
            self.refresh()

    def look_for(self, path: str) -> TargetFile | None:
        """Return a target of any role, None where there is none. Raises as `look` does."""
        with self._told():
            return self.get_targetinfo(path)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except exceptions.RepositoryError as error:
            raise refusal(error, self._role, fits_the_others=self._fits_the_others()) from error
        except exceptions.DownloadError as error:
            raise failure(error, self._role) from error

    @property
    def keys(self) -> Keys:
        """The ids of the keys that the newest root gives to each guarded role."""
        return {role: frozenset(self._trusted_set.root.roles[role].keyids) for role in GUARDED}

    @property
    def versions(self) -> dict[str, int]:
        """The versions that are trusted now, by role."""
        return {kind.type: self._trusted_set[kind.type].version for kind in _STAGES}

    @property
    def targets(self) -> Targets:
        """The top-level targets that are trusted now."""
        return self._trusted_set.targets

    @property
    def has_hashed_names(self) -> bool:
        """Whether files lie under names that begin with their hash."""
        return bool(self._trusted_set.root.consistent_snapshot) and self.config.prefix_targets_with_hash

    @property
    def signed_s(self) -> int | None:
        """The newest time, in Unix seconds, that the trusted metadata says it was signed at."""
        there = [self._trusted_set[kind.type] for kind in _STAGES if kind.type in self._trusted_set]
        times = [one for signed in there if (one := _issued_s(signed)) is not None]
        return max(times, default=None)

    def _persist_root(self, version: int, data: bytes) -> None:
        # Each root comes by here, the embedded one too, as soon as it is trusted and before the next is asked for.
        if (role := doubled_role(self._trusted_set.root)) is not None:
            raise exceptions.RepositoryError(f"the role {role} has one key under several ids")
        super()._persist_root(version, data)

    def _update_root_symlink(self) -> None:
        # One that was refused here has not been kept, so the link stays on the root before it.
        if (self._metadata / "root_history" / f"{self._trusted_set.root.version}.root.json").exists():
            super()._update_root_symlink()

    def _load_root(self) -> None:
        # Here a root only has to follow its forerunner; its expiry is judged with the timestamp, by what is known then.
        self._role = Root.type
        super()._load_root()
        self._role = Timestamp.type
        self._tell_time()

    def _load_timestamp(self) -> None:
        super()._load_timestamp()
        self._heed_floor(Timestamp.type)
        self._tell_time()
        self._role = Root.type
        if self._trusted_set.root.is_expired(self._trusted_set.reference_time):
            raise exceptions.ExpiredMetadataError("root.json has expired by the time that the timestamp was signed")
        # The timestamp's own expiry is judged again before a snapshot is taken.
        self._role = Timestamp.type

    def _load_snapshot(self) -> None:
        self._role = Snapshot.type
        super()._load_snapshot()
        self._heed_floor(Snapshot.type)

    def _load_targets(self, role: str, parent_role: str) -> Targets:
        self._role = role
        loaded = super()._load_targets(role, parent_role)
        if role == Targets.type:
            self._heed_floor(role)
        return loaded

    def _tell_time(self) -> None:
        """Judge expiry by the time that has passed for sure, which only ever rises during a look."""
        seen_s = self._floors.signed_under(self.keys)
        times = [] if seen_s is None else [seen_s + self._floors.silent_s]
        times += [] if self.signed_s is None else [self.signed_s]
        now = time_for_sure_s(wall_s=self._clock.wall_s(), signed_s=max(times, default=None))
        if now is None:
            raise exceptions.ExpiredMetadataError("nothing tells the time: the clock is not set, and no time is signed")
        self._trusted_set.reference_time = datetime.fromtimestamp(min(now, _LAST_S), timezone.utc)

    def _heed_floor(self, role: str) -> None:
        found, lowest = self._trusted_set[role].version, self._floors.lowest(role, self.keys)
        if found < lowest:
            # The cache has been emptied, or it could not have come this far: what came instead is not to stay there.
            (self._metadata / f"{role}.json").unlink(missing_ok=True)
            raise told("rollback", role, f"version {found}, {lowest} was seen before")

    def _fits_the_others(self) -> bool:
        """Whether a refused version is at least the one that the metadata above it names."""
        if self._role not in (Root.type, Timestamp.type, Snapshot.type):
            return False
        if Snapshot.type not in self._trusted_set:
            return True
        # One that went back was not taken: then the snapshot is still the one that was seen before.
        seen, named = self._floors.lowest(Snapshot.type, self.keys), self._trusted_set.timestamp.snapshot_meta.version
        return self._trusted_set.snapshot.version in (seen, named)


def _issued_s(signed: Signed) -> int | None:
    """Return when metadata was signed, in Unix seconds; None where it does not say, or says what cannot be."""
    found = signed.unrecognized_fields.get(ISSUED)
    if not isinstance(found, int) or isinstance(found, bool):
        return None
    return found if 0 <= found <= signed.expires.replace(tzinfo=timezone.utc).timestamp() else None
