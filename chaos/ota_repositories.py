"""A small repository of releases with its keys, for honest releases and for metadata as only an attacker signs it."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from securesystemslib.formats import encode_canonical
from securesystemslib.signer import Signer
from tuf.api.metadata import MetaFile, TargetFile

from skerry_edge.contracts.bundle import pack
from skerry_edge.contracts.manifest import Manifest, Raw, Source, Tensor, TensorInput, Variant
from skerry_edge.contracts.release import Release, encode_release, target_path
from skerry_server.releases.founding import Charter, Quorum, found
from skerry_server.releases.keyring import Custody, KeyRing
from skerry_server.releases.offers import Offer
from skerry_server.releases.publishing import Published, publish
from skerry_server.releases.refreshing import Refreshed, refresh
from skerry_server.releases.repository import Repository
from skerry_server.releases.rotation import Change, Rotated, rotate_root
from skerry_server.releases.signing import Signatory

ONLINE = ("online-1",)
TARGETS = ("targets-1", "targets-2")
ROOT = ("root-1", "root-2")
BOARD = "generic-x86"
SECRET = "only for this folder"  # noqa: S105  # opens keys that are made for a test and thrown away
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Rig:
    """A repository whose root and targets have two keys each, both of which must sign, and one online key."""

    repository: Repository
    custody: Custody
    signatory: Signatory
    now: datetime

    @property
    def root(self) -> Path:
        """Return the first root, as a device is given it at its installation."""
        return self.repository.metadata / "1.root.json"

    def publish(self, release: Release, data: bytes) -> Published:
        """Publish one file honestly."""
        return publish(self.repository, [Offer.of_bytes(release, data)], self.signatory, self.now)

    def refresh(self) -> Refreshed:
        """Sign snapshot and timestamp honestly."""
        with self.repository.locked():
            return refresh(self.repository, self.signatory, self.now)

    def rotate(self, *names: str) -> Rotated:
        """Replace keys by new ones honestly."""
        return rotate_root(self.repository, self.custody, Change(replace=names), self.signatory, self.now)

    def copy(self, folder: Path) -> Path:
        """Keep `metadata/` and `targets/` as they are now, to be mixed with later ones; return ``folder``."""
        for part in (self.repository.metadata, self.repository.targets):
            shutil.copytree(part, folder / part.name, dirs_exist_ok=True)
        return folder

    def newest(self, role: str) -> Path:
        """Return the file of a role's newest metadata."""
        if role == "timestamp":
            return self.repository.metadata / "timestamp.json"
        return self.repository.metadata / f"{self.repository.versions(role)[-1]}.{role}.json"

    def forge(self, role: str, change: Callable[[Json], object], *, keys: Sequence[str]) -> Path:
        """Write a role's next version as ``change`` left its signed part, signed by ``keys`` and nobody else.

        Clients do not see it before snapshot and timestamp name it: `relink`. Returns the file.
        """
        signed: Json = json.loads(self.newest(role).read_bytes())["signed"]
        signed["version"] += 1
        change(signed)
        return self.write(signed, self.sign(signed, keys))

    def write(self, signed: Json, signatures: Sequence[Json]) -> Path:
        """Write metadata with these very signatures where clients look for it."""
        role, version = signed["_type"], signed["version"]
        path = self.repository.metadata / ("timestamp.json" if role == "timestamp" else f"{version}.{role}.json")
        path.write_bytes(json.dumps({"signatures": list(signatures), "signed": signed}, indent=1).encode())
        return path

    def sign(self, signed: Json, keys: Sequence[str]) -> list[Json]:
        """Return the signatures of the keys of these names."""
        payload = encode_canonical(signed) or ""
        return [self._signer(name).sign(payload.encode()).to_dict() for name in keys]

    def relink(self, *, keys: Sequence[str] = ONLINE) -> None:
        """Let snapshot and timestamp name the highest versions that are there, whatever these hold."""
        for role, below in (("snapshot", "targets"), ("timestamp", "snapshot")):
            path = self.newest(below)
            version = json.loads(path.read_bytes())["signed"]["version"]
            meta = {f"{below}.json": MetaFile.from_data(version, path.read_bytes(), ["sha256"]).to_dict()}
            self.forge(role, lambda signed, meta=meta: signed.update(meta=meta), keys=keys)  # type: ignore[misc]

    def list_target(self, path: str, data: bytes, custom: Json, *, keys: Sequence[str] = TARGETS) -> Path:
        """Name a target with any bytes and any custom metadata in properly linked metadata; return its file."""
        target = TargetFile.from_data(path, data, ["sha256"])
        file = self.repository.target_file(target)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        described = {**target.to_dict(), "custom": custom}
        self.forge("targets", lambda signed: signed["targets"].update({path: described}), keys=keys)
        self.relink()
        return file

    def list_release(self, release: Release, data: bytes) -> Path:
        """Name a release with any bytes, signed as it should be, whatever its counter; return its file."""
        return self.list_target(target_path(release), data, encode_release(release))

    def _signer(self, name: str) -> Signer:
        for ring in (self.custody.offline, self.custody.online):
            if name in ring.keys:
                return ring.signer(ring.keys[name], lambda _: SECRET)
        raise KeyError(name)


def make_rig(folder: Path, *, now: datetime | None = None) -> Rig:
    """Make keys and an empty repository below ``folder``: `repository/`, `keys/` and `keys/online/`."""
    moment = now or datetime.now(timezone.utc)
    custody = Custody(offline=KeyRing(folder / "keys"), online=KeyRing(folder / "keys/online"), secret=SECRET)
    repository = Repository(folder / "repository")
    both = Quorum(keys=2, threshold=2)
    found(repository, custody, Charter(root=both, targets=both), lambda _: SECRET, moment)
    signatory = Signatory((custody.offline, custody.online), lambda _: SECRET)
    return Rig(repository=repository, custody=custody, signatory=signatory, now=moment)


def model_release(version: str, counter: int, *, name: str = "doorbell", boards: tuple[str, ...] = (BOARD,)) -> Release:
    """Return the release of a model with the variant `onnx-fp32`."""
    return Release(v=1, kind="model", name=name, version=version, counter=counter, boards=boards, variant="onnx-fp32")


def model_bytes(version: str, *, name: str = "doorbell", weights: bytes = b"weights") -> bytes:
    """Return a bundle that is whole, though no runtime could load its file."""
    tensor = Tensor(name="x", shape=(1,), layout="N")
    file = Variant(
        file="model.onnx",
        size=len(weights),
        sha256=TargetFile.from_data("x", weights, ["sha256"]).hashes["sha256"],
        format="onnx",
        precision="fp32",
        inputs=(tensor,),
        outputs=(tensor,),
    )
    manifest = Manifest(
        schema=1,
        name=name,
        version=version,
        task="other",
        labels=(),
        license="Apache-2.0",
        source=Source(kind="onnx", files={}),
        input=TensorInput(),
        output=Raw(),
        variants={"onnx-fp32": file},
    )
    return pack(manifest, {"model.onnx": weights})


def agent_release(version: str, counter: int, *, boards: tuple[str, ...] = (BOARD,), python: str = "py3") -> Release:
    """Return the release of an agent whose wheels need nothing special, or the Python named."""
    return Release(
        v=1,
        kind="agent",
        name="skerry",
        version=version,
        counter=counter,
        boards=boards,
        python=python,
        abi="none",
        platform="any",
    )


def tar_of(members: Sequence[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """Return an uncompressed tar with exactly these members, however odd they are."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
