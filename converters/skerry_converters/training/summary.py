"""What came of a run, in its folder and on standard output."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from skerry_converters.training.architecture import Anchors
from skerry_edge.foundation.errors import DataError, ReachError


class Summary(Struct, frozen=True, kw_only=True):
    """``files`` are the network's, by what `skerry convert` calls them; figures are None where nothing can tell them.

    ``finished`` is False while its schedule has steps left.
    """

    name: str
    finished: bool
    fingerprint: str
    seed: int
    steps: int
    images: int
    minutes: float
    parameters: int
    anchors: Anchors
    ap50: float | None
    false_per_empty: float | None
    files: dict[str, str]
    versions: dict[str, str]


def encode_summary(summary: Summary) -> bytes:
    """Return the summary as JSON for people: indented, with a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"


def read_summary(path: Path) -> Summary | None:
    """Return the summary at ``path``, None where there is none. Raises ReachError, and DataError for no such."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Summary)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ReachError("cannot read the summary", where=str(path), found=error.strerror) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(
            "this is no summary of a training, or a damaged one",
            where=str(path),
            found=str(error),
            todo="remove it: what can be told from the checkpoint is written again",
        ) from error
