"""A simulated TUF repository behind a real web server, and `scripts/tuf-client` called as the public suite calls it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Key,
    Metadata,
    MetaFile,
    Root,
    Signed,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from skerry_edge.ota import tuf_client

TOP = ("targets", "snapshot", "timestamp", "root")
NOW = datetime.now(timezone.utc).replace(microsecond=0)


class Simulated:
    """A repository in memory: each role's metadata, its signers, and every file that was published."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.hashes_in_meta = False
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.signers: dict[str, list[CryptoSigner]] = {}
        later = NOW + timedelta(days=30)
        self.roles: dict[str, Metadata[Signed]] = {
            "targets": Metadata(Targets(expires=later)),
            "snapshot": Metadata(Snapshot(expires=later)),
            "timestamp": Metadata(Timestamp(expires=later)),
            "root": Metadata(Root(expires=later)),
        }
        for role in TOP:
            self.give_keys(role, CryptoSigner.generate_ed25519())
        for role in TOP:
            self.sign(role)

    @property
    def root(self) -> Root:
        return self.roles["root"].signed

    def signed(self, role: str) -> Signed:
        return self.roles[role].signed

    def give_keys(
        self, role: str, *signers: CryptoSigner, threshold: int = 1, holder: Root | Targets | None = None
    ) -> None:
        """Let ``role`` have these keys alone."""
        holder = holder or self.root
        roles = holder.roles if isinstance(holder, Root) else holder.delegations.roles
        roles[role].keyids.clear()
        for signer in signers:
            holder.add_key(signer.public_key, role)
        roles[role].threshold = threshold
        self.signers[role] = list(signers)

    def rotate(self, *roles: str) -> None:
        """Give each role a new key, and publish the root."""
        for role in roles:
            self.give_keys(role, CryptoSigner.generate_ed25519())
        self.publish("root")

    def sign(self, role: str) -> bytes:
        """Publish the role's metadata as it is, and name it in what stands above it when that is published."""
        metadata = self.roles[role]
        metadata.signatures.clear()
        for signer in self.signers[role]:
            metadata.sign(signer, append=True)
        raw = metadata.to_bytes(JSONSerializer())
        versioned = role == "root" or (role != "timestamp" and self.root.consistent_snapshot)
        prefix = f"{metadata.signed.version}." if versioned else ""
        self.files[f"/metadata/{prefix}{quote(role, safe='')}.json"] = raw
        named = MetaFile(metadata.signed.version)
        if self.hashes_in_meta:
            named = MetaFile.from_data(metadata.signed.version, raw, ["sha256"])
        if role == "snapshot":
            self.signed("timestamp").snapshot_meta = named
        elif role not in ("root", "timestamp"):
            self.signed("snapshot").meta[f"{role}.json"] = named
        return raw

    def publish(self, *roles: str) -> None:
        """Publish the next version of each role."""
        for role in roles:
            self.signed(role).version += 1
            self.sign(role)

    def publish_all(self) -> None:
        self.publish("targets", "snapshot", "timestamp")

    def set_version(self, role: str, version: int) -> None:
        self.signed(role).version = version
        self.sign(role)

    def add_target(self, path: str, data: bytes, role: str = "targets") -> str:
        """List a target and serve it; return the path that it is served at."""
        target = TargetFile.from_data(path, data, ["sha256"])
        self.signed(role).targets[path] = target
        folder, slash, name = path.rpartition("/")
        prefix = f"{target.hashes['sha256']}." if self.root.consistent_snapshot else ""
        at = f"/targets/{folder}{slash}{prefix}{name}"
        self.files[at] = data
        return at

    def delegate(self, parent: str, name: str, paths: list[str], *, terminating: bool = False) -> None:
        """Let ``parent`` delegate ``paths`` to the role ``name``, which is there already or made."""
        delegator = self.signed(parent)
        if delegator.delegations is None:
            delegator.delegations = Delegations({}, {})
        delegator.delegations.roles[name] = DelegatedRole(name, [], 1, terminating, paths)
        if name not in self.roles:
            self.roles[name] = Metadata(Targets(expires=NOW + timedelta(days=30)))
            self.signers[name] = [CryptoSigner.generate_ed25519()]
        self.give_keys(name, *self.signers[name], holder=delegator)

    def asked_metadata(self) -> list[str]:
        """Return what metadata was asked for since the last call, in order."""
        found = [path.removeprefix("/metadata/").removesuffix(".json") for path in self.asked if "/metadata/" in path]
        self.asked.clear()
        return found


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        repository = self.server.repository
        repository.asked.append(self.path)
        data = repository.files.get(self.path, repository.files.get(unquote(self.path)))
        if data is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""


@pytest.fixture
def repository() -> Iterator[Simulated]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.repository = Simulated(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.repository
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class SetClock:
    """A clock that stands at ``now``."""

    now: datetime = NOW

    def wall_s(self) -> float | None:
        return self.now.timestamp()

    def running_s(self) -> float:
        return 1000.0

    def boot(self) -> str:
        return "boot"


@dataclass
class Client:
    """The client under test, with folders of its own."""

    folder: Path
    repository: Simulated
    clock: SetClock = field(default_factory=SetClock)

    @property
    def metadata(self) -> Path:
        return self.folder / "metadata"

    def run(self, *words: str) -> int:
        arguments = ["--metadata-dir", str(self.metadata), "--metadata-url", f"{self.repository.address}/metadata/"]
        return tuf_client.main([*arguments, *words], self.clock)

    def init(self, root: bytes | None = None) -> int:
        """Trust the first root, or another one."""
        path = self.folder / "initial_root.json"
        path.write_bytes(root or self.repository.files["/metadata/1.root.json"])
        return tuf_client.main(["--metadata-dir", str(self.metadata), "init", str(path)], self.clock)

    def refresh(self) -> int:
        return self.run("refresh")

    def download(self, name: str) -> int:
        targets = [
            "--target-dir",
            str(self.folder / "targets"),
            "--target-base-url",
            f"{self.repository.address}/targets/",
        ]
        return self.run("--target-name", name, *targets, "download")

    def downloaded(self) -> list[bytes]:
        """Return what was downloaded, the oldest first."""
        files = [one for one in (self.folder / "targets").rglob("*") if one.is_file()]
        return [one.read_bytes() for one in sorted(files, key=lambda one: one.stat().st_mtime_ns)]

    def version(self, role: str) -> int | None:
        """Return the version that is trusted now."""
        path = self.metadata / f"{role}.json"
        return Metadata.from_file(str(path)).signed.version if path.exists() else None

    def versions(self) -> dict[str, int | None]:
        return {role: self.version(role) for role in ("root", "timestamp", "snapshot", "targets")}

    def forget(self) -> None:
        """Lose all metadata; the root that was given stays outside of it."""
        shutil.rmtree(self.metadata)


@pytest.fixture
def client(tmp_path: Path, repository: Simulated) -> Client:
    """The client, which has been given the first root."""
    made = Client(tmp_path, repository)
    (tmp_path / "metadata").mkdir()
    (tmp_path / "targets").mkdir()
    assert made.init() == 0
    assert repository.asked == []
    return made


@pytest.fixture
def new_key() -> Callable[[], CryptoSigner]:
    return CryptoSigner.generate_ed25519


@pytest.fixture
def same_key_again() -> Callable[[CryptoSigner, str], CryptoSigner]:
    """Return a function that gives a signer's key another id."""

    def make(signer: CryptoSigner, keyid: str) -> CryptoSigner:
        public = signer.public_key
        key = Key.from_dict(keyid, public.to_dict())
        return CryptoSigner(signer._private_key, key)

    return make
