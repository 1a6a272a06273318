"""When metadata was signed and until when it holds; the next version of it lasts as long again."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from tuf.api.metadata import Signed

from skerry_edge.contracts.release import ISSUED
from skerry_edge.foundation.errors import DataError
from skerry_server.releases.metadata_files import Payload

LIFETIME_DAYS = {"root": 365.0, "targets": 365.0, "snapshot": 14.0, "timestamp": 3.0}
"""How long a role's metadata holds unless told otherwise.

The two that a server signs by itself are short: they are what bounds for how long a stolen repository can keep a
device from news. The two that people sign leave them a year, of which the last 60 days bring a warning.
"""
WARN_DAYS = 60.0


def default_lifetime(role: str) -> timedelta:
    """Return for how long a role's metadata holds unless told otherwise."""
    return timedelta(days=LIFETIME_DAYS[role])


def date(signed: Payload, now: datetime, lifetime: timedelta) -> Payload:
    """Say in ``signed`` that it is signed ``now`` (UTC) and holds for ``lifetime``; return it."""
    issued = now.replace(microsecond=0)
    signed.unrecognized_fields[ISSUED] = int(issued.timestamp())
    signed.expires = issued + lifetime
    return signed


def issued(signed: Signed) -> datetime:
    """Return when metadata was signed (UTC). Raises DataError where it does not say so."""
    value = signed.unrecognized_fields.get(ISSUED)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise DataError(f"the {signed.type} metadata does not say when it was signed", found=repr(value))
    try:
        return datetime.fromtimestamp(value, timezone.utc)
    except (OverflowError, ValueError, OSError) as error:
        raise DataError(f"the {signed.type} metadata was signed in no year", found=repr(value)) from error


def lifetime(signed: Signed) -> timedelta:
    """Return for how long metadata holds from when it was signed. Raises DataError."""
    return signed.expires - issued(signed)


def renewed(signed: Payload, now: datetime, *, lasting: timedelta | None = None) -> Payload:
    """Make ``signed`` its own next version, signed ``now`` and lasting as long as before, or ``lasting``; return it."""
    duration = lasting or lifetime(signed)
    signed.version += 1
    return date(signed, now, duration)
