"""The release counters that a device does not go below: each only ever rises. The agent itself may import this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Struct

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.release import Counter, Subject
from skerry_edge.foundation.atomic import sync_directory, write_atomic
from skerry_edge.foundation.errors import ReachError
from skerry_edge.foundation.small_file import DAMAGED, MOMENTARY, read_small

_MAX_BYTES = 1 << 20
LOWEST = 1
"""The lowest counter that a release may have."""


class Counters(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """By subject: the highest counter that proved itself here, and the lowest that signed metadata still allows.

    A release that is fetched must reach both. One that the device has kept must reach only what is ``forbidden`` below:
    going back to it is what it was kept for, and needs no network and no new signature.
    """

    committed: dict[Subject, Counter] = {}
    forbidden: dict[Subject, Counter] = {}

    def lowest(self, subject: str) -> int:
        """Return the lowest counter that a release which is fetched may have; 0 where nothing is known."""
        return max(self.committed.get(subject, 0), self.forbidden.get(subject, 0))

    def refuse_forbidden(self, subject: str, counter: int) -> None:
        """Raise ReleaseError (``counter``) where a kept release is below what the fleet forbids for good."""
        lowest = self.forbidden.get(subject, 0)
        if counter < lowest:
            raise ReleaseError(
                "counter",
                "the release that was kept has been forbidden since",
                where=subject,
                found=f"release counter {counter}, below {lowest}",
                todo="order a newer one",
            )

    def refuse_forbidden_unsigned(self, subject: str) -> None:
        """Raise ReleaseError (``counter``) where a file without a signed counter may be what the fleet forbids."""
        self.refuse_forbidden(subject, 0)

    def counts_unsigned(self, subject: str, counter: int) -> bool:
        """Tell whether a file without a signed counter that runs may stand for what is ordered.

        It may where the order names the lowest counter, as one does that knows of no signed release; any other means
        that release, whatever the file says of its version. Raises ReleaseError as `refuse_forbidden` does.
        """
        if counter > LOWEST:
            return False
        self.refuse_forbidden_unsigned(subject)
        return True


@dataclass(frozen=True, slots=True)
class CounterFloors:
    """The file of counters."""

    path: Path

    def read(self) -> Counters:
        """Return them. Raises ReleaseError (``counter``) where the file is damaged, ReachError where it is unreadable.

        A damaged file bars updates until a person looks at it: without it, an old release could not be told from a new.
        """
        try:
            return msgspec.json.decode(read_small(self.path, _MAX_BYTES), type=Counters)
        except FileNotFoundError:
            return Counters()
        except OSError as error:
            found = error.strerror
            if error.errno in MOMENTARY:
                raise ReachError("cannot read the counters", where=str(self.path), found=found) from error
        except DAMAGED as error:
            found = str(error)
        raise ReleaseError(
            "counter",
            "the file of release counters is damaged",
            where=str(self.path),
            found=found,
            todo="see which releases the device runs, and remove the file",
        )

    def forbid(self, lowest: Mapping[str, int]) -> None:
        """Keep for good what signed metadata forbids below. Raises as `read` does, and where it cannot be written."""
        before = self.read()
        self._write(before, msgspec.structs.replace(before, forbidden=_higher(before.forbidden, lowest)))

    def commit(self, subject: str, counter: int, lost: Callable[[ReleaseError], None]) -> None:
        """Keep the counter of a release that has proved itself here. Raises ReachError where the disk refuses.

        What runs already must not wait for a person: a damaged file is set aside, after ``lost`` was told of it, and
        what the fleet forbids is learnt anew with the next look at the repository.
        """
        try:
            before = self.read()
        except ReleaseError as damage:
            lost(damage)
            self._set_aside()
            before = Counters()
        self._write(before, msgspec.structs.replace(before, committed=_higher(before.committed, {subject: counter})))

    def _write(self, before: Counters, after: Counters) -> None:
        if after != before:
            write_atomic(self.path, msgspec.json.encode(after))

    def _set_aside(self) -> None:
        try:
            self.path.replace(self.path.with_name(f"{self.path.name}.damaged"))
            sync_directory(self.path.parent)
        except OSError as error:
            raise ReachError("cannot set a file aside", where=str(self.path), found=error.strerror) from error


def _higher(before: Mapping[str, int], now: Mapping[str, int]) -> dict[str, int]:
    return {**before, **{subject: max(one, before.get(subject, 0)) for subject, one in now.items()}}
