"""The reason word for each way in which TUF's client refuses metadata."""

from __future__ import annotations

from tuf.api import exceptions

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.ota.errors import TransferError

_WHAT = {
    "unsigned": "the metadata is not signed by enough of its role's keys",
    "expired": "the metadata has expired",
    "mismatch": "the metadata does not belong to the other metadata",
    "length": "the metadata is longer than it may be",
    "malformed": "the metadata cannot be read",
    "rollback": "the metadata is older than what was seen before",
}


def refusal(error: exceptions.RepositoryError, role: str, *, fits_the_others: bool) -> ReleaseError:
    """Return what it means that the metadata of ``role`` was refused.

    ``fits_the_others`` is False where it has another version than the metadata above it names.
    """
    if isinstance(error, exceptions.UnsignedMetadataError):
        return told("unsigned", role, error)
    if isinstance(error, exceptions.ExpiredMetadataError):
        return told("expired", role, error)
    if isinstance(error, exceptions.LengthOrHashMismatchError):
        return told("mismatch", role, error)
    if isinstance(error, exceptions.BadVersionNumberError):
        return told("rollback" if fits_the_others else "mismatch", role, error)
    return told("malformed", role, error)


def told(reason: str, role: str, error: Exception | str) -> ReleaseError:
    """Return the refusal of the metadata of ``role``; ``error`` is what was found."""
    return ReleaseError(reason, _WHAT[reason], where=f"{role}.json", found=str(error)[:300])


def failure(error: exceptions.DownloadError, role: str) -> ReleaseError | TransferError:
    """Return what it means that the metadata of ``role`` did not come."""
    if isinstance(error, exceptions.DownloadLengthMismatchError):
        return told("length", role, error)
    if isinstance(error, exceptions.DownloadHTTPError):
        found = f"status {error.status_code}"
        return TransferError("network", "the repository does not have its metadata", where=f"{role}.json", found=found)
    return TransferError("network", "the repository does not give its metadata", where=f"{role}.json", found=str(error))
