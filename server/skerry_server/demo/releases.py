"""The demo's releases: two versions of the shipped detector, signed in a repository of the demo's own.

The second one is poisoned: it computes what it should and passes every test before the switch, but its file carries a
mark by which the agent's runtime, in the demo a stand-in that fails on demand, crashes after some seconds of work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from msgspec.structs import replace

from skerry_edge.contracts.bundle import Bundle, pack
from skerry_edge.contracts.manifest import artifacts
from skerry_server.releases.founding import Charter, found
from skerry_server.releases.keyring import Custody, KeyRing
from skerry_server.releases.offers import Offer, Terms, model_offers
from skerry_server.releases.publishing import publish
from skerry_server.releases.repository import Repository
from skerry_server.releases.secret_names import SecretName
from skerry_server.releases.shipped import shipped_models
from skerry_server.releases.signing import Signatory

FOLDER = "ota"
GOOD, POISONED = "2.0.0", "3.0.0"
COUNTERS = {GOOD: 2, POISONED: 3}
POISON = "poisoned-by-the-demo"
"""What the stand-in looks for in a model's file."""


class Releases:
    """The repository in ``folder`` of the model ``name``, which Skerry ships, for devices on ``boards``."""

    def __init__(self, folder: Path, *, name: str, variant: str, boards: tuple[str, ...]) -> None:
        self._folder = folder
        self._variant = variant
        self._boards = boards
        self._shipped = Bundle.open(shipped_models()[name])
        self._repository = Repository(folder / FOLDER)

    @property
    def version_before(self) -> str:
        """The version that Skerry ships."""
        return self._shipped.manifest.version

    @property
    def root(self) -> Path:
        """The file that devices trust."""
        return self._repository.metadata / "1.root.json"

    def publish(self) -> None:
        """Make keys and repository, and publish both versions. Raises SkerryError."""
        now = datetime.now(timezone.utc)
        offline, online = KeyRing(self._folder / "keys"), KeyRing(self._folder / "online-keys")
        found(self._repository, Custody(offline=offline, online=online, secret=None), Charter(), _no_passphrase, now)
        publish(self._repository, list(self._offers()), Signatory((offline, online), _no_passphrase), now)

    def _offers(self) -> Iterator[Offer]:
        manifest = self._shipped.manifest
        variant = manifest.variants[self._variant]
        content = {one.file: self._shipped.read(one) for one in artifacts(manifest)}
        for version, counter in COUNTERS.items():
            data = poisoned(content[variant.file]) if version == POISONED else content[variant.file]
            changed = replace(variant, size=len(data), sha256=hashlib.sha256(data).hexdigest())
            release = replace(manifest, version=version, variants={**manifest.variants, self._variant: changed})
            path = self._folder / f"{manifest.name}-{version}.skerry"
            path.write_bytes(pack(release, {**content, variant.file: data}))
            yield from model_offers(path, Terms(counter=counter, boards=self._boards), (self._variant,))


def poisoned(network: bytes) -> bytes:
    """Return a TFLite file with the mark behind its flatbuffer, where no runtime reads."""
    return network + POISON.encode()


def _no_passphrase(_secret: SecretName) -> str:
    """Return none: the demo's keys live as long as its folder."""
    return ""
