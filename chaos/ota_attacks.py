"""What an attacker could put into a repository of releases; a device refuses each of it and says why in one word.

Each attack finds the rig with `doorbell` 1.0.0 (counter 5) published honestly and committed by the device, and tries
to bring 2.0.0 (counter 6).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
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
from skerry_edge.contracts.release import Patch, Release, encode_release, target_path
from skerry_server.releases.patches import make_patch

OLD, NEW = model_release("1.0.0", 5), model_release("2.0.0", 6)
LOWER = model_release("2.0.0", 3)
OLD_BYTES, NEW_BYTES = model_bytes("1.0.0", weights=b"old" * 2000), model_bytes("2.0.0", weights=b"new" * 2000)
FAST_FORWARD = 2**31 - 1


@dataclass(frozen=True)
class Attack:
    """One forgery: ``reasons`` are the words that a device may refuse it with, ``release`` is what it is told to take.

    ``needs`` is what the attacker holds, for the reader of the table.
    """

    name: str
    needs: str
    forge: Callable[[Rig], object]
    reasons: tuple[str, ...]
    release: Release = NEW


def honest(rig: Rig) -> None:
    """Bring the rig to where each attack begins."""
    rig.publish(OLD, OLD_BYTES)


def _unsigned(role: str) -> Callable[[Rig], object]:
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


def _under_threshold(rig: Rig) -> None:
    _list_new(rig, keys=TARGETS[:1])


def _root_under_threshold(rig: Rig) -> None:
    rig.forge("root", lambda signed: signed["roles"]["targets"].update(threshold=1), keys=ROOT[:1])
    _list_new(rig)


def _same_signature_twice(rig: Rig) -> None:
    _list_new(rig, keys=TARGETS[:1])
    signed = json.loads(rig.newest("targets").read_bytes())["signed"]
    rig.write(signed, rig.sign(signed, (TARGETS[0], TARGETS[0])))
    rig.relink()


def _same_key_twice_in_root(rig: Rig) -> None:
    def change(signed: Json) -> None:
        role = signed["roles"]["targets"]
        role["keyids"] = [role["keyids"][0]] * 2

    rig.forge("root", change, keys=ROOT)
    _list_new(rig)


def _one_key_under_two_ids(rig: Rig) -> None:
    """Let a root name one key twice, by two ids, so that its one signature reaches a threshold of two."""
    alias = "f" * 64

    def change(signed: Json) -> None:
        role = signed["roles"]["targets"]
        signed["keys"][alias] = signed["keys"][role["keyids"][0]]
        role["keyids"] = [role["keyids"][0], alias]

    rig.forge("root", change, keys=ROOT)
    _list_new(rig, keys=TARGETS[:1])
    signed = json.loads(rig.newest("targets").read_bytes())["signed"]
    signature = rig.sign(signed, TARGETS[:1])[0]
    rig.write(signed, [signature, {**signature, "keyid": alias}])
    rig.relink()


def _older_timestamp(rig: Rig) -> None:
    kept = rig.newest("timestamp").read_bytes()
    signed = json.loads(kept)["signed"]
    signed["version"] -= 1
    rig.write(signed, rig.sign(signed, ONLINE))


def _older_snapshot(rig: Rig) -> None:
    _name_snapshot(rig, rig.repository.metadata / "1.snapshot.json")


def _older_targets(rig: Rig) -> None:
    raw = (rig.repository.metadata / "1.targets.json").read_bytes()
    meta = {"targets.json": {"version": 1, "length": len(raw)}}
    rig.forge("snapshot", lambda signed: signed.update(meta=meta), keys=ONLINE)
    _name_snapshot(rig)


def _older_root(rig: Rig) -> None:
    shutil.copy(rig.root, rig.repository.metadata / "2.root.json")


def _mixed(role: str) -> Callable[[Rig], object]:
    """Put other metadata, properly signed and of the same version, in the place of what the one above names."""

    def forge(rig: Rig) -> None:
        _list_new(rig)
        path = rig.newest(role)
        signed = json.loads(path.read_bytes())["signed"]
        signed["issued"] += 1
        rig.write(signed, rig.sign(signed, TARGETS if role == "targets" else ONLINE))

    return forge


def _expired(role: str) -> Callable[[Rig], object]:
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


def _revoked_online_key(rig: Rig) -> None:
    rig.rotate("online-1")
    rig.publish(NEW, NEW_BYTES)
    signed = json.loads(rig.newest("timestamp").read_bytes())["signed"]
    signed["version"] += 1
    rig.write(signed, rig.sign(signed, ONLINE))


def _revoked_targets_key(rig: Rig) -> None:
    rig.rotate("targets-1")
    signed = json.loads(rig.newest("targets").read_bytes())["signed"]
    signed["version"] += 1
    rig.write(signed, rig.sign(signed, TARGETS))
    rig.relink(keys=ONLINE)


def _stolen_online_key(rig: Rig) -> None:
    _list_new(rig, keys=ONLINE)


def _stolen_online_key_signs_root(rig: Rig) -> None:
    rig.forge("root", lambda signed: signed["roles"]["root"].update(threshold=1), keys=ONLINE)
    _list_new(rig)


def _wrong_board(rig: Rig) -> None:
    rig.list_release(msgspec.structs.replace(NEW, boards=("raspberry-pi-4",)), NEW_BYTES)


def _lower_counter(rig: Rig) -> None:
    rig.list_release(LOWER, NEW_BYTES)


def _below_the_floor(rig: Rig) -> None:
    _list_new(rig)
    floors = {"v": 1, "counters": {NEW.subject: NEW.counter + 1}}
    rig.forge("targets", lambda signed: signed.update(skerry=floors), keys=TARGETS)
    rig.relink()


def _other_bytes(change: Callable[[bytes], bytes]) -> Callable[[Rig], object]:
    def forge(rig: Rig) -> None:
        path = _list_new(rig)
        path.write_bytes(change(path.read_bytes()))

    return forge


def _patch(data: bytes, patch: Patch) -> Callable[[Rig], object]:
    """List a patch beside a full file that nobody can get, so that only the patch leads there."""

    def forge(rig: Rig) -> None:
        _list_new(rig).unlink()
        rig.list_release(msgspec.structs.replace(NEW, patch=patch), data)

    return forge


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _described(old: bytes, new: bytes) -> Patch:
    return Patch(from_sha256=_sha256(old), from_length=len(old), to_sha256=_sha256(new), to_length=len(new))


def _patch_bomb(rig: Rig) -> None:
    """List a patch of a few kilobytes that makes 256 MiB of zeros."""
    _patch(make_patch(OLD_BYTES, bytes(256 << 20)), _described(OLD_BYTES, NEW_BYTES))(rig)


def _tar(*members: tuple[tarfile.TarInfo, bytes]) -> Callable[[Rig], object]:
    def forge(rig: Rig) -> None:
        requirements = (tarfile.TarInfo("requirements.txt"), b"")
        rig.list_release(AGENT, tar_of((requirements, *members)))

    return forge


def _member(name: str, *, kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = kind, link, 0o4777
    return member, b"evil" if kind == tarfile.REGTYPE else b""


def _odd_custom(custom: Json) -> Callable[[Rig], object]:
    return lambda rig: rig.list_target(target_path(NEW), NEW_BYTES, custom)


def _custom(**changes: object) -> Json:
    return {"skerry": {**encode_release(NEW)["skerry"], **changes}}


def _agent_for_another_python(rig: Rig) -> None:
    rig.list_release(ODD_AGENT, tar_of([(tarfile.TarInfo("requirements.txt"), b"")]))


AGENT, ODD_AGENT = agent_release("2.0.0", 2), agent_release("2.0.0", 2, python="cp399")
UNSIGNED = ("unsigned",)
UNSIGNED = ("unsigned",)
ALL_ROLES = ("root", "targets", "snapshot", "timestamp")
_ODD_MEMBERS = (
    ("a path upwards", _member("../evil")),
    ("an absolute path", _member("/tmp/evil")),  # noqa: S108  # what an attacker would write
    ("a link", _member("wheels", kind=tarfile.SYMTYPE, link="/etc")),
    ("a hard link", _member("wheels/evil.whl", kind=tarfile.LNKTYPE, link="/etc/passwd")),
    ("a device", _member("wheels/evil.whl", kind=tarfile.CHRTYPE)),
    ("a file that does not belong", _member("setup.py")),
)
ATTACKS = (
    *(Attack(f"unsigned {role}", "the server", _unsigned(role), UNSIGNED) for role in ALL_ROLES),
    Attack("targets under their threshold", "one of two keys", _under_threshold, UNSIGNED),
    Attack("root under its threshold", "one of two keys", _root_under_threshold, UNSIGNED),
    Attack("one signature twice", "one of two keys", _same_signature_twice, ("unsigned", "malformed")),
    Attack("one key twice in the root", "all root keys", _same_key_twice_in_root, ("malformed",)),
    Attack("one key under two ids in the root", "all root keys", _one_key_under_two_ids, ("malformed",)),
    Attack("older root", "the server", _older_root, ("rollback", "mismatch", "malformed")),
    Attack("older targets", "the online key", _older_targets, ("rollback",)),
    Attack("older snapshot", "the online key", _older_snapshot, ("rollback",)),
    Attack("older timestamp", "the online key", _older_timestamp, ("rollback",)),
    *(Attack(f"{role} of another time", "the server", _mixed(role), ("mismatch",)) for role in ("targets", "snapshot")),
    *(Attack(f"expired {role}", "the server", _expired(role), ("expired",)) for role in ALL_ROLES),
    Attack("revoked online key", "the old online key", _revoked_online_key, UNSIGNED),
    Attack("revoked targets key", "an old targets key", _revoked_targets_key, UNSIGNED),
    Attack("stolen online key signs targets", "the online key", _stolen_online_key, UNSIGNED),
    Attack("stolen online key signs a root", "the online key", _stolen_online_key_signs_root, UNSIGNED),
    Attack("another board", "the server", _wrong_board, ("wrong-board",)),
    Attack("lower release counter", "the targets keys", _lower_counter, ("counter",), LOWER),
    Attack("counter below the signed floor", "the server", _below_the_floor, ("counter",)),
    Attack("file cut short", "the server", _other_bytes(lambda raw: raw[:-1]), ("length", "hash", "network")),
    Attack(
        "file with more behind it", "the server", _other_bytes(lambda raw: raw + bytes(1 << 20)), ("length", "hash")
    ),
    Attack(
        "other file of the same length",
        "the server",
        _other_bytes(lambda raw: raw[:-1] + bytes((raw[-1] ^ 1,))),
        ("hash",),
    ),
    Attack("patch bomb", "the targets keys", _patch_bomb, ("patch", "network")),
    Attack(
        "patch that makes another file",
        "the targets keys",
        _patch(make_patch(OLD_BYTES, NEW_BYTES[::-1]), _described(OLD_BYTES, NEW_BYTES)),
        ("patch", "network"),
    ),
    *(
        Attack(f"archive with {what}", "the targets keys", _tar(member), ("archive",), AGENT)
        for what, member in _ODD_MEMBERS
    ),
    Attack("no custom metadata", "the targets keys", _odd_custom({}), ("malformed", "not-found")),
    Attack("a condition that nobody knows", "the targets keys", _odd_custom(_custom(moon="full")), ("malformed",)),
    Attack(
        "a release in the place of another", "the targets keys", _odd_custom(_custom(version="3.0.0")), ("malformed",)
    ),
    Attack("wheels for another Python", "nothing", _agent_for_another_python, ("wrong-platform",), ODD_AGENT),
    Attack("a release for a newer agent", "nothing", _odd_custom(_custom(minimum_agent="999.0.0")), ("agent-too-old",)),
)
"""Each is tried twice: with the device's metadata as it was, and with its caches emptied."""
