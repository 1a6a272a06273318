"""What a device has seen of a repository and does not go behind: versions by role, and the time of signing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.small_file import DAMAGED, read_small

GUARDED = ("timestamp", "snapshot", "targets")
"""The roles with a floor; a root cannot go back, since each follows the one before it."""
BINDING = {
    "timestamp": ("timestamp",),
    "snapshot": ("timestamp", "snapshot"),
    "targets": ("snapshot", "targets"),
}
"""The roles whose new keys lift a floor: a thief of the old ones may have raised it beyond all reason.

It is the recovery from fast-forward attacks of the TUF specification, 5.3.11: the old cached metadata is forgotten.
"""
_MAX_BYTES = 1 << 16

Whole = Annotated[int, Meta(ge=0, le=2**53)]
Keys = Mapping[str, frozenset[str]]
"""The ids of the keys of each role, as the newest root has them."""


class Floor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A version, and the ids of the keys that it is bound to."""

    version: Whole
    keys: frozenset[str]


class Floors(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them. ``signed_s`` (Unix seconds) is bound to the timestamp's keys, as its version is.

    ``silent_s`` is for how long the machine has run since it saw a new timestamp; ``boot`` and ``running_s`` say when
    that was last added up.
    """

    v: Annotated[int, Meta(ge=1, le=1)] = 1
    roles: dict[str, Floor] = {}
    signed_s: Whole | None = None
    silent_s: Annotated[float, Meta(ge=0)] = 0.0
    boot: str = ""
    running_s: Annotated[float, Meta(ge=0)] = 0.0

    def lowest(self, role: str, keys: Keys) -> int:
        """Return the lowest version of ``role`` that may come; 0 where its keys are others now."""
        floor = self.roles.get(role)
        return floor.version if floor is not None and floor.keys == bound(role, keys) else 0

    def signed_under(self, keys: Keys) -> int | None:
        """Return the newest time of signing; None where the timestamp's keys are others now."""
        return self.signed_s if self.lowest("timestamp", keys) else None

    def aged(self, *, boot: str, running_s: float) -> Floors:
        """Return them with the time added that the machine has run since."""
        ran_s = running_s - self.running_s if boot == self.boot else running_s
        return msgspec.structs.replace(self, boot=boot, running_s=running_s, silent_s=self.silent_s + max(0.0, ran_s))

    def raised(self, versions: Mapping[str, int], keys: Keys, signed_s: int | None) -> Floors:
        """Return them after a look at a whole repository of these ``versions``; a new timestamp ends the silence."""
        is_news = versions["timestamp"] > self.lowest("timestamp", keys)
        before_s = self.signed_under(keys)
        return msgspec.structs.replace(
            self,
            roles={role: Floor(version=versions[role], keys=bound(role, keys)) for role in GUARDED},
            signed_s=max(before_s, signed_s) if before_s is not None and signed_s is not None else signed_s,
            silent_s=0.0 if is_news else self.silent_s,
        )


def bound(role: str, keys: Keys) -> frozenset[str]:
    """Return the keys that the floor of ``role`` is bound to, each with the role that it has."""
    return frozenset(f"{one}:{key}" for one in BINDING[role] for key in keys[one])


@dataclass(frozen=True, slots=True)
class FloorFile:
    """The file of floors; each change is on the disk before it counts."""

    path: Path

    def read(self) -> Floors | None:
        """Return what is there: no floors where there is no file, None where it is damaged.

        Raises OSError.
        """
        try:
            return msgspec.json.decode(read_small(self.path, _MAX_BYTES), type=Floors)
        except FileNotFoundError:
            return Floors()
        except DAMAGED:
            return None

    def set_aside(self) -> None:
        """Keep a damaged file under another name. Raises OSError."""
        self.path.replace(self._aside)

    @property
    def is_lost(self) -> bool:
        """Whether a damaged file was set aside and nobody was told yet."""
        return self._aside.exists()

    def acknowledge_loss(self) -> None:
        """Remember that it was told; the damaged file stays for people to look at. Raises OSError."""
        self._aside.replace(self._aside.with_suffix(".told"))

    @property
    def _aside(self) -> Path:
        return self.path.with_name(f"{self.path.name}.damaged")

    def write(self, floors: Floors) -> None:
        """Keep ``floors`` for good. Raises ReachError."""
        write_atomic(self.path, msgspec.json.encode(floors))
