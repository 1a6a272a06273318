"""The release counters that a device does not go below: each only ever rises. The agent itself may import this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.release import Counter, Subject
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError
from skerry_edge.foundation.small_file import read_small

_MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class CounterFloors:
    """The file of counters, such as `{"model/skerry-signs": 7}`; what was committed or forbidden below."""

    path: Path

    def read(self) -> dict[str, int]:
        """Return them. Raises ReleaseError (``counter``) where the file is damaged, ReachError where it is unreadable.

        A damaged file bars updates until a person looks at it: without it, an old release could not be told from a new.
        """
        try:
            return msgspec.json.decode(read_small(self.path, _MAX_BYTES), type=dict[Subject, Counter])
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ReachError("cannot read the counters", where=str(self.path), found=error.strerror) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ReleaseError(
                "counter",
                "the file of release counters is damaged",
                where=str(self.path),
                found=str(error),
                todo="see which releases the device runs, and remove the file",
            ) from error

    def raise_to(self, counters: Mapping[str, int]) -> None:
        """Keep the higher one of each counter for good; nothing is written where none rises.

        Raises as `read` does, and ReachError where it cannot be written.
        """
        before = self.read()
        after = before | {subject: max(one, before.get(subject, 0)) for subject, one in counters.items()}
        if after != before:
            write_atomic(self.path, msgspec.json.encode(after))
