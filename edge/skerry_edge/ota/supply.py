"""Where an update's files come from: a look at the repository, a choice, a download and its check."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.ota.choice import Choice, Held, Target, Wanted
from skerry_edge.ota.errors import TransferError
from skerry_edge.ota.settings import OtaSettings
from skerry_edge.ota.transfer.fetching import Fetcher, Told, verify
from skerry_edge.ota.transfer.mirrors import Mirror, parse_mirror
from skerry_edge.ota.trust.clock import Clock
from skerry_edge.ota.trust.device import Device
from skerry_edge.ota.trust.place import TrustPlace
from skerry_edge.ota.trust.releases import Repository, TrustedReleases
from skerry_edge.transfer.patience import Patience


class Supply(Protocol):
    """What the update machine needs of a repository. All raise ReleaseError (refused) and TransferError (not now)."""

    def choose(self, wanted: Wanted, have_sha256: str | None) -> Choice:
        """Look at the repository, and return the signed file of a release for this device."""
        ...

    def confirm(self, choice: Choice) -> None:
        """See that what was chosen is still what the repository signs; ``not-found`` where it is not any more.

        Where the repository is away, what was seen of it last counts until that expires.
        """
        ...

    def fetch(self, choice: Choice, into: Path, held: Held | None, told: Told) -> Path:
        """Bring the file of a choice, going on where an earlier try stopped, and return where it lies in ``into``."""
        ...

    def verify(self, target: Target, path: Path) -> None:
        """Hold the file on the disk against what was signed."""
        ...


class SignedSupply:
    """The real one: TUF metadata, and files from mirrors."""

    def __init__(
        self, place: TrustPlace, settings: OtaSettings, device: Device, clock: Clock, patience: Patience
    ) -> None:
        self._mirrors: Sequence[Mirror] = tuple(map(parse_mirror, settings.mirrors))
        self._patience = patience
        self._device = device
        repository = Repository(
            root=Path(settings.root),
            mirrors=self._mirrors,
            patience=patience,
            longest_silence=settings.longest_silence,
        )
        self._releases = TrustedReleases(place, repository, clock)

    def refresh(self) -> None:
        """Look at the repository, so that one that is silent for too long is noticed. Raises as Supply's do."""
        try:
            self._releases.refresh()
        except TransferError:
            self._releases.refuse_silence()
            raise

    def choose(self, wanted: Wanted, have_sha256: str | None) -> Choice:
        """Look and choose (see Supply)."""
        self._releases.refresh()
        return self._releases.choose(wanted, self._device, have_sha256=have_sha256)

    def confirm(self, choice: Choice) -> None:
        """Look again (see Supply)."""
        try:
            self._releases.refresh()
        except TransferError:
            if not self._releases.recall():
                raise
        release = choice.release
        wanted = Wanted(
            kind=release.kind,
            name=release.name,
            version=release.version,
            variant=release.variant,
            counter=release.counter,
        )
        found = self._releases.choose(wanted, self._device)
        if found.target != choice.target:
            what = "the repository has another file for the release by now"
            raise ReleaseError("not-found", what, where=choice.target.path, found=found.target.path)

    def fetch(self, choice: Choice, into: Path, held: Held | None, told: Told) -> Path:
        """Bring the file (see Supply)."""
        fetcher = Fetcher(into=into, mirrors=self._mirrors, patience=self._patience, told=told)
        return fetcher.fetch(choice, held=held)

    def verify(self, target: Target, path: Path) -> None:
        """Check the file (see Supply)."""
        verify(target, path)
