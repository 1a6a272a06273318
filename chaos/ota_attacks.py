"""What an attacker could put into a repository of releases; a device refuses each of it and says why in one word.

Each attack finds the rig with `doorbell` 1.0.0 (counter 5) published honestly and committed by the device, and tries
to bring 2.0.0 (counter 6).
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import dataclass

from chaos.ota_forgeries import (
    AGENT,
    LOWER,
    NEW,
    ODD_AGENT,
    agent_for_another_python,
    archive,
    below_the_floor,
    changed_custom,
    expired,
    lower_counter,
    lying_patch,
    mixed,
    odd_custom,
    odd_member,
    older_root,
    older_snapshot,
    older_targets,
    older_timestamp,
    one_key_under_two_ids,
    other_bytes,
    patch_bomb,
    revoked_online_key,
    revoked_targets_key,
    root_under_threshold,
    same_key_twice_in_root,
    same_signature_twice,
    stolen_online_key,
    stolen_online_key_signs_root,
    under_threshold,
    unsigned,
    wrong_board,
)
from chaos.ota_repositories import Rig
from skerry_edge.contracts.release import Release


@dataclass(frozen=True)
class Attack:
    """One forgery: ``reasons`` are the words that a device may refuse it with, ``release`` is what it is told to take.

    ``says`` is what its report must hold, where the reason alone could have another cause. ``needs`` is what the
    attacker holds, for the reader of the table.
    """

    name: str
    needs: str
    forge: Callable[[Rig], object]
    reasons: tuple[str, ...]
    release: Release = NEW
    says: str = ""


UNSIGNED = ("unsigned",)
ALL_ROLES = ("root", "targets", "snapshot", "timestamp")
_ODD_MEMBERS = (
    ("a path upwards", odd_member("../evil")),
    ("an absolute path", odd_member("/tmp/evil")),  # noqa: S108  # what an attacker would write
    ("a link", odd_member("wheels", kind=tarfile.SYMTYPE, link="/etc")),
    ("a hard link", odd_member("wheels/evil.whl", kind=tarfile.LNKTYPE, link="/etc/passwd")),
    ("a device", odd_member("wheels/evil.whl", kind=tarfile.CHRTYPE)),
    ("a file that does not belong", odd_member("setup.py")),
)
ATTACKS = (
    *(Attack(f"unsigned {role}", "the server", unsigned(role), UNSIGNED) for role in ALL_ROLES),
    Attack("targets under their threshold", "one of two keys", under_threshold, UNSIGNED),
    Attack("root under its threshold", "one of two keys", root_under_threshold, UNSIGNED),
    Attack("one signature twice", "one of two keys", same_signature_twice, ("unsigned", "malformed")),
    Attack("one key twice in the root", "all root keys", same_key_twice_in_root, ("malformed",)),
    Attack("one key under two ids in the root", "all root keys", one_key_under_two_ids(str), ("malformed",)),
    Attack("one key in two spellings in the root", "all root keys", one_key_under_two_ids(str.upper), ("malformed",)),
    Attack("older root", "the server", older_root, ("rollback", "mismatch", "malformed")),
    Attack("older targets", "the online key", older_targets, ("rollback",)),
    Attack("older snapshot", "the online key", older_snapshot, ("rollback",)),
    Attack("older timestamp", "the online key", older_timestamp, ("rollback",)),
    *(Attack(f"{role} of another time", "the server", mixed(role), ("mismatch",)) for role in ("targets", "snapshot")),
    *(Attack(f"expired {role}", "the server", expired(role), ("expired",)) for role in ALL_ROLES),
    Attack("revoked online key", "the old online key", revoked_online_key, UNSIGNED),
    Attack("revoked targets key", "an old targets key", revoked_targets_key, UNSIGNED),
    Attack("stolen online key signs targets", "the online key", stolen_online_key, UNSIGNED),
    Attack("stolen online key signs a root", "the online key", stolen_online_key_signs_root, UNSIGNED),
    Attack("another board", "the server", wrong_board, ("wrong-board",)),
    Attack("lower release counter", "the targets keys", lower_counter, ("counter",), LOWER),
    Attack("counter below the signed floor", "the server", below_the_floor, ("counter",)),
    Attack("file cut short", "the server", other_bytes(lambda raw: raw[:-1]), ("length", "hash", "network")),
    Attack("file with more behind it", "the server", other_bytes(lambda raw: raw + bytes(1 << 20)), ("length", "hash")),
    Attack(
        "other file of the same length",
        "the server",
        other_bytes(lambda raw: raw[:-1] + bytes((raw[-1] ^ 1,))),
        ("hash",),
    ),
    Attack("patch bomb", "the targets keys", patch_bomb, ("network",), says="it states 67108864 bytes instead of"),
    Attack("patch that makes another file", "the targets keys", lying_patch, ("network",), says="it makes sha256"),
    *(
        Attack(f"archive with {what}", "the targets keys", archive(member), ("archive",), AGENT)
        for what, member in _ODD_MEMBERS
    ),
    Attack("no custom metadata", "the targets keys", odd_custom({}), ("terms", "not-found")),
    Attack("a condition that nobody knows", "the targets keys", odd_custom(changed_custom(moon="full")), ("terms",)),
    Attack(
        "a release in the place of another",
        "the targets keys",
        odd_custom(changed_custom(version="3.0.0")),
        ("terms",),
    ),
    Attack("wheels for another Python", "nothing", agent_for_another_python, ("wrong-platform",), ODD_AGENT),
    Attack(
        "a release for a newer agent",
        "nothing",
        odd_custom(changed_custom(minimum_agent="999.0.0")),
        ("agent-too-old",),
    ),
)
"""Each is tried twice: with the device's metadata as it was, and with its caches emptied."""
