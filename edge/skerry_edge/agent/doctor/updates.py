"""Updates over the air: whether the root of trust is one, each mirror can be believed, and the clock goes with them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from skerry_edge.agent.doctor.findings import Finding
from skerry_edge.agent.life.clock import clock_state
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.foundation.redaction import redact
from skerry_edge.ota.errors import TransferError
from skerry_edge.ota.settings import OtaSettings
from skerry_edge.ota.transfer.mirrors import parse_mirror
from skerry_edge.ota.trust.clock import FURTHEST_AHEAD_S, LocalClock
from skerry_edge.ota.trust.place import TrustPlace
from skerry_edge.ota.trust.releases import Checked, Repository, TrustedReleases
from skerry_edge.ota.trust.root_file import TrustedRoot, read_root

NAME = "updates"
PER_MIRROR_S = 15.0
"""For how long a person waits for one mirror; an update waits longer."""
_BEHIND_S = 300.0
_AWAY = "see that the server runs, that its name can be looked up, and that no firewall lies between"
_REFUSED = "`skerry ota verify --root` with this root where the repository is made; no device takes anything from there"


def look_at_updates(ota: OtaSettings | None) -> Sequence[Finding]:
    """Judge the table [ota] as a fresh device would. Raises ReachError, ConfigError where the root of trust is none."""
    if ota is None:
        todo = "sudo skerry agent install --ota-root 1.root.json --ota-mirror https://HOST/ota"
        return (Finding(name=NAME, status="not applicable", found="the configuration has no table [ota]", todo=todo),)
    root = read_root(Path(ota.root))
    looks = [_look_at_mirror(ota, one) for one in ota.mirrors]
    is_enough = any(isinstance(one, Checked) for one in looks)
    mirrors = [judge_mirror(name, found, is_enough=is_enough) for name, found in zip(ota.mirrors, looks, strict=True)]
    signed_s = max((one.signed_s or 0 for one in looks if isinstance(one, Checked)), default=0)
    clock = [judge_signed_time(time.time(), signed_s)] if signed_s else []
    return (judge_root(root, datetime.now(timezone.utc)), *mirrors, *clock)


def judge_root(root: TrustedRoot, now: datetime) -> Finding:
    """Judge a root of trust that its keys have signed; a newer one is found by going on from it."""
    is_old = root.expires < now
    until = f"expired on {root.expires:%Y-%m-%d}: the roots after it count" if is_old else f"to {root.expires:%Y-%m-%d}"
    return Finding(name=NAME, status="ok", found=f"root of trust {root.version}, {until}")


def judge_mirror(name: str, found: Checked | ReleaseError | TransferError, *, is_enough: bool) -> Finding:
    """Judge what a look at a mirror gave; ``is_enough`` says that one of the mirrors can be used."""
    if isinstance(found, Checked):
        versions = f"root {found.versions['root']}, releases {found.versions['targets']}"
        return Finding(name=NAME, status="ok", found=f"{redact(name)} is signed as it is to be: {versions}")
    told = "; ".join(filter(None, (found.what, found.found)))
    text = redact(f"{name}: {found.reason}: {told}")
    todo = _AWAY if isinstance(found, TransferError) else found.todo or _REFUSED
    return Finding(name=NAME, status="warning" if is_enough else "failed", found=text, todo=todo)


def judge_signed_time(wall_s: float, signed_s: float) -> Finding:
    """Judge the wall clock by the newest time that was signed, both in Unix seconds."""
    found = f"the clock says {_day(wall_s)}, the newest metadata was signed at {_day(signed_s)}"
    if signed_s - _BEHIND_S <= wall_s <= signed_s + FURTHEST_AHEAD_S:
        return Finding(name=NAME, status="ok", found=found)
    todo = "timedatectl set-ntp true; updates go by what is signed meanwhile, and maintenance windows by nothing"
    return Finding(name=NAME, status="warning", found=found, todo=todo)


def _look_at_mirror(ota: OtaSettings, mirror: str) -> Checked | ReleaseError | TransferError:
    """Look at one mirror in a folder of its own: what the device trusts is left as it is."""
    repository = Repository(
        root=Path(ota.root),
        mirrors=(parse_mirror(mirror),),
        patience=replace(ota.patience, connect_s=PER_MIRROR_S / 3, stall_s=PER_MIRROR_S / 3, attempts=1),
        longest_silence=None,
    )
    with tempfile.TemporaryDirectory(prefix="skerry-doctor-") as folder:
        clock = LocalClock(lambda: clock_state() == "synced")
        try:
            return TrustedReleases(TrustPlace.below(Path(folder)), repository, clock).refresh()
        except (ReleaseError, TransferError) as error:
            return error


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
