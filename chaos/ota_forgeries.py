"""Ways to put wrong things into a repository of releases, each with the keys that it takes."""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec

from chaos.ota_repositories import (
    ONLINE,
    ROOT,
    TARGETS,
    Json,
    Rig,
    agent_release,
    model_bytes,
    model_release,
    tar_of,
)
from skerry_edge.contracts.release import Patch, encode_release, target_path
from skerry_server.releases.patches import make_patch

OLD, NEW = model_release("1.0.0", 5), model_release("2.0.0", 6)
LOWER = model_release("2.0.0", 3)
OLD_BYTES, NEW_BYTES = model_bytes("1.0.0", weights=b"old" * 2000), model_bytes("2.0.0", weights=b"new" * 2000)
FAST_FORWARD = 2**31 - 1
AGENT, ODD_AGENT = agent_release("2.0.0", 2), agent_release("2.0.0", 2, python="cp399")


def honest(rig: Rig) -> None:
    """Bring the rig to where each attack begins."""
    rig.publish(OLD, OLD_BYTES)


def unsigned(role: str) -> Callable[[Rig], object]:
    """Take all signatures from a role's metadata, and link it properly as the online key could."""

    def forge(rig: Rig) -> None:
        _list_new(rig, keys=() if role == "targets" else TARGETS)
        if role == "root":
            rig.forge("root", lambda _: None, keys=())
        elif role != "targets":
            signed = json.loads(rig.newest(role).read_bytes())["signed"]
            rig.write(signed, [])
            if role == "snapshot":
                _name_snapshot(rig)

    return forge


def _list_new(rig: Rig, *, keys: tuple[str, ...] = TARGETS) -> Path:
    return rig.list_target(target_path(NEW), NEW_BYTES, encode_release(NEW), keys=keys)


def _name_snapshot(rig: Rig, path: Path | None = None) -> None:
    """Let a new timestamp name this snapshot file, or the newest."""
    raw = (path or rig.newest("snapshot")).read_bytes()
    version = json.loads(raw)["signed"]["version"]
    meta = {"snapshot.json": {"version": version, "length": len(raw)}}
    rig.forge("timestamp", lambda signed: signed.update(meta=meta), keys=ONLINE)


def under_threshold(rig: Rig) -> None:
    """List a release with one signature where two are asked for."""
    _list_new(rig, keys=TARGETS[:1])


def root_under_threshold(rig: Rig) -> None:
    """Publish a root that asks for less, signed by one key where two are asked for."""
    rig.forge("root", lambda signed: signed["roles"]["targets"].update(threshold=1), keys=ROOT[:1])
    _list_new(rig)


def same_signature_twice(rig: Rig) -> None:
    """Give one signature twice where two are asked for."""
    _list_new(rig, keys=TARGETS[:1])
    signed = json.loads(rig.newest("targets").read_bytes())["signed"]
    rig.write(signed, rig.sign(signed, (TARGETS[0], TARGETS[0])))
    rig.relink()


def same_key_twice_in_root(rig: Rig) -> None:
    """Let a properly signed root name one key id twice, so that one signature would reach two."""

    def change(signed: Json) -> None:
        role = signed["roles"]["targets"]
        role["keyids"] = [role["keyids"][0]] * 2

    rig.forge("root", change, keys=ROOT)
    _list_new(rig)


def one_key_under_two_ids(spelling: Callable[[str], str]) -> Callable[[Rig], object]:
    """Let a root name one key twice, by two ids, so that its one signature reaches a threshold of two."""
    alias = "f" * 64

    def change(signed: Json) -> None:
        role = signed["roles"]["targets"]
        key = signed["keys"][role["keyids"][0]]
        signed["keys"][alias] = {**key, "keyval": {"public": spelling(key["keyval"]["public"])}}
        role["keyids"] = [role["keyids"][0], alias]

    def forge(rig: Rig) -> None:
        rig.forge("root", change, keys=ROOT)
        _list_new(rig, keys=TARGETS[:1])
        signed = json.loads(rig.newest("targets").read_bytes())["signed"]
        signature = rig.sign(signed, TARGETS[:1])[0]
        rig.write(signed, [signature, {**signature, "keyid": alias}])
        rig.relink()

    return forge


def older_timestamp(rig: Rig) -> None:
    """Serve a timestamp of a lower version, signed as it should be."""
    kept = rig.newest("timestamp").read_bytes()
    signed = json.loads(kept)["signed"]
    signed["version"] -= 1
    rig.write(signed, rig.sign(signed, ONLINE))


def older_snapshot(rig: Rig) -> None:
    """Let a new timestamp name the first snapshot again."""
    _name_snapshot(rig, rig.repository.metadata / "1.snapshot.json")


def older_targets(rig: Rig) -> None:
    """Let new snapshot and timestamp name the first targets again."""
    raw = (rig.repository.metadata / "1.targets.json").read_bytes()
    meta = {"targets.json": {"version": 1, "length": len(raw)}}
    rig.forge("snapshot", lambda signed: signed.update(meta=meta), keys=ONLINE)
    _name_snapshot(rig)


def older_root(rig: Rig) -> None:
    """Serve the first root as the second one."""
    shutil.copy(rig.root, rig.repository.metadata / "2.root.json")


def mixed(role: str) -> Callable[[Rig], object]:
    """Put other metadata, properly signed and of the same version, in the place of what the one above names."""

    def forge(rig: Rig) -> None:
        _list_new(rig)
        path = rig.newest(role)
        signed = json.loads(path.read_bytes())["signed"]
        signed["issued"] += 1
        rig.write(signed, rig.sign(signed, TARGETS if role == "targets" else ONLINE))

    return forge


def expired(role: str) -> Callable[[Rig], object]:
    """Serve a release with one role's metadata expired an hour ago."""

    def forge(rig: Rig) -> None:
        _list_new(rig)
        past = (rig.now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        keys = {"root": ROOT, "targets": TARGETS}.get(role, ONLINE)
        rig.forge(role, lambda signed: signed.update(expires=past), keys=keys)
        if role == "targets":
            rig.relink()
        elif role == "snapshot":
            _name_snapshot(rig)

    return forge


def fast_forward(rig: Rig) -> None:
    """Let the stolen online key sign versions that no honest one will ever reach; devices take them."""
    rig.copy(_backup(rig))
    for role in ("snapshot", "timestamp"):
        rig.forge(role, lambda signed: signed.update(version=FAST_FORWARD - 1), keys=ONLINE)
        if role == "snapshot":
            _name_snapshot(rig)


def recover(rig: Rig) -> None:
    """Go on after `fast_forward` as an operator would: with the backup's timestamp and another online key."""
    shutil.copy(_backup(rig) / "metadata" / "timestamp.json", rig.newest("timestamp"))
    rig.rotate("online-1")


def _backup(rig: Rig) -> Path:
    return rig.repository.path.with_name("backup")


def rotate_three_times(rig: Rig) -> None:
    """Replace each kind of key, one root after the other, before a device looks again; it must follow."""
    for name in ("online-1", "targets-1", "root-1"):
        rig.rotate(name)
    rig.publish(NEW, NEW_BYTES)


def revoked_online_key(rig: Rig) -> None:
    """Sign a timestamp with the online key that was replaced."""
    rig.rotate("online-1")
    rig.publish(NEW, NEW_BYTES)
    signed = json.loads(rig.newest("timestamp").read_bytes())["signed"]
    signed["version"] += 1
    rig.write(signed, rig.sign(signed, ONLINE))


def revoked_targets_key(rig: Rig) -> None:
    """Sign targets with the targets key that was replaced."""
    rig.rotate("targets-1")
    signed = json.loads(rig.newest("targets").read_bytes())["signed"]
    signed["version"] += 1
    rig.write(signed, rig.sign(signed, TARGETS))
    rig.relink(keys=ONLINE)


def stolen_online_key(rig: Rig) -> None:
    """List a release, signed by the online key."""
    _list_new(rig, keys=ONLINE)


def stolen_online_key_signs_root(rig: Rig) -> None:
    """Publish a root that asks for less, signed by the online key."""
    rig.forge("root", lambda signed: signed["roles"]["root"].update(threshold=1), keys=ONLINE)
    _list_new(rig)


def wrong_board(rig: Rig) -> None:
    """List the release for another board."""
    rig.list_release(msgspec.structs.replace(NEW, boards=("raspberry-pi-4",)), NEW_BYTES)


def lower_counter(rig: Rig) -> None:
    """List the release with a counter below the one that the device has committed."""
    rig.list_release(LOWER, NEW_BYTES)


def below_the_floor(rig: Rig) -> None:
    """List the release below the floor that is signed beside it."""
    _list_new(rig)
    floors = {"v": 1, "counters": {NEW.subject: NEW.counter + 1}}
    rig.forge("targets", lambda signed: signed.update(skerry=floors), keys=TARGETS)
    rig.relink()


def other_bytes(change: Callable[[bytes], bytes]) -> Callable[[Rig], object]:
    """List the release honestly and change its file on the server."""

    def forge(rig: Rig) -> None:
        path = _list_new(rig)
        path.write_bytes(change(path.read_bytes()))

    return forge


def patch(data: bytes, patch: Patch) -> Callable[[Rig], object]:
    """List a patch beside a full file that nobody can get, so that only the patch leads there."""

    def forge(rig: Rig) -> None:
        _list_new(rig).unlink()
        rig.list_release(msgspec.structs.replace(NEW, patch=patch), data)

    return forge


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def patched(old: bytes, new: bytes) -> Patch:
    """Describe a patch between two files."""
    return Patch(from_sha256=_sha256(old), from_length=len(old), to_sha256=_sha256(new), to_length=len(new))


def patch_bomb(rig: Rig) -> None:
    """List a patch of two kilobytes that makes 64 MiB of zeros."""
    patch(make_patch(OLD_BYTES, bytes(64 << 20)), patched(OLD_BYTES, NEW_BYTES))(rig)


def lying_patch(rig: Rig) -> None:
    """List a patch that makes another file of the right length."""
    patch(make_patch(OLD_BYTES, NEW_BYTES[::-1]), patched(OLD_BYTES, NEW_BYTES))(rig)


def archive(*members: tuple[tarfile.TarInfo, bytes]) -> Callable[[Rig], object]:
    """List an agent's archive with these members beside its requirements."""

    def forge(rig: Rig) -> None:
        requirements = (tarfile.TarInfo("requirements.txt"), b"")
        rig.list_release(AGENT, tar_of((requirements, *members)))

    return forge


def odd_member(name: str, *, kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    """Return a member of an archive that no honest archive has."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = kind, link, 0o4777
    return member, b"evil" if kind == tarfile.REGTYPE else b""


def odd_custom(custom: Json) -> Callable[[Rig], object]:
    """List the release with this custom metadata."""
    return lambda rig: rig.list_target(target_path(NEW), NEW_BYTES, custom)


def changed_custom(**changes: object) -> Json:
    """Return the release's custom metadata with changes."""
    return {"skerry": {**encode_release(NEW)["skerry"], **changes}}


def agent_for_another_python(rig: Rig) -> None:
    """List wheels for a Python that the device does not have."""
    rig.list_release(ODD_AGENT, tar_of([(tarfile.TarInfo("requirements.txt"), b"")]))
