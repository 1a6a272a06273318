"""A run as it stands, in one file that is whole or not there: enough to go on as if nothing had happened."""

from __future__ import annotations

import io
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from skerry_converters.training.architecture import Anchors
from skerry_converters.training.schedule import Position
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import DataError, ReachError

_FACTS = "facts"


class _Facts(msgspec.Struct, frozen=True, kw_only=True):
    fingerprint: str
    step: int
    images: int
    trained_s: float
    anchors: Anchors
    arrays: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Checkpoint:
    """``fingerprint`` says of which configuration; ``state`` is the learner's."""

    fingerprint: str
    position: Position
    anchors: Anchors
    state: list[NDArray[np.float32]]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint at ``path``. Raises ReachError, with the old one intact, where that fails."""
    facts = _Facts(
        fingerprint=checkpoint.fingerprint,
        anchors=checkpoint.anchors,
        arrays=len(checkpoint.state),
        **asdict(checkpoint.position),
    )
    arrays: dict[str, Any] = {str(number): one for number, one in enumerate(checkpoint.state)}
    arrays[_FACTS] = np.frombuffer(msgspec.json.encode(facts), np.uint8)
    content = io.BytesIO()
    np.savez(content, **arrays)
    write_atomic(path, content.getvalue())


def read_checkpoint(path: Path) -> Checkpoint | None:
    """Return the checkpoint at ``path``, None where there is none yet. Raises ReachError, and DataError for no such."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            facts = msgspec.json.decode(stored[_FACTS].tobytes(), type=_Facts)
            state = [stored[str(number)] for number in range(facts.arrays)]
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, msgspec.DecodeError) as error:
        raise DataError(
            "this is no checkpoint of a training, or a damaged one",
            where=str(path),
            found=str(error),
            todo="remove it to begin anew",
        ) from error
    except OSError as error:
        raise ReachError("cannot read the checkpoint", where=str(path), found=error.strerror) from error
    position = Position(step=facts.step, images=facts.images, trained_s=facts.trained_s)
    return Checkpoint(fingerprint=facts.fingerprint, position=position, anchors=facts.anchors, state=state)
