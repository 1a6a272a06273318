"""What the failures of a transfer mean for an update: the word of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.foundation.errors import DataError, ReachError
from skerry_edge.ota.errors import TransferError
from skerry_edge.transfer.disk import FULL, DiskError
from skerry_edge.transfer.folder import FolderError
from skerry_edge.transfer.resumption import TransientError


@contextmanager
def failures_told() -> Iterator[None]:
    """Turn the errors of `skerry_edge.transfer` into TransferError and ReleaseError, with the reason of each."""
    try:
        yield
    except (TransferError, ReleaseError):
        raise
    except ReachError as error:
        raise TransferError(
            _reason(error), error.what, where=error.where, found=error.found, todo=error.todo
        ) from error
    except DataError as error:
        raise ReleaseError("length", error.what, where=error.where, found=error.found) from error
    except OSError as error:
        raise disk_failure(error) from error


def disk_failure(error: OSError) -> TransferError:
    """Return the error for a state that the disk does not take."""
    reason = "no-space" if error.errno in FULL else "read-only"
    where = str(error.filename) if error.filename else None
    return TransferError(reason, "the device's state cannot be written", where=where, found=error.strerror)


def _reason(error: ReachError) -> str:
    if isinstance(error, TransientError) and error.stalled:
        return "stalled"
    if isinstance(error, TransientError | FolderError):
        return "network"
    if isinstance(error, DiskError):
        return "no-space" if error.is_full else "read-only"
    # Of what is left, the device's own files have an OSError behind them.
    cause = error.__cause__
    if isinstance(cause, OSError):
        return "no-space" if cause.errno in FULL else "read-only"
    return "network"
