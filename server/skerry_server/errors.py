"""What can go wrong between the server and the programs it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TypeVar

from skerry_edge.foundation.errors import ConfigError, DataError, ReachError, SkerryError

E = TypeVar("E", bound=SkerryError)


def bare(error: E) -> E:
    """Return ``error`` without traceback, cause and context, to be kept or raised again.

    Through these it holds whatever its callers had in hand, such as whole batches, and gains more with each raise.
    """
    # SkerryError says how it is copied: by its words and fields alone.
    return copy(error)


class StoreError(ReachError):
    """The time-series store does not answer, or answers that it cannot take anything now; try again.

    ``retry_after_s`` is how long the store asked to be left alone, None where it did not say. ``may_have_lost`` tells
    whether its process may be gone, and with it what it took before and had not on disk: not where it answered.
    """

    retry_after_s: float | None = None
    may_have_lost: bool = True


class RefusedPointsError(DataError):
    """The time-series store refuses these very points for good; all others of the same write are stored.

    ``refused`` gives the reason by the point's index in what was to be written.
    """

    def __init__(self, refused: Mapping[int, str], *, where: str | None = None) -> None:
        self.refused = dict(sorted(refused.items()))
        points = "a point" if len(self.refused) == 1 else f"{len(self.refused)} points"
        super().__init__(
            f"the time-series store refuses {points}", where=where, found=next(iter(self.refused.values()), None)
        )


class UnableStoreError(SkerryError):
    """The time-series store has no such ability; what a probe finds says so beforehand."""

    exit_code = 2


class TooWideError(SkerryError):
    """A query of the time-series store that would take too long or too much memory to answer."""

    exit_code = 2


class RegistryError(ReachError):
    """The registry's database does not answer or is locked; try again."""


class BrokerError(ReachError):
    """The MQTT broker does not answer, refuses the connection or ended it; try again."""


class SpoolError(ReachError):
    """The spool on this machine's disk cannot be used: no space, no permission, another process has it."""


class SpoolFullError(SpoolError):
    """The spool has reached its byte budget; what arrives is left unacknowledged until there is room."""


class ChannelError(ReachError):
    """A channel did not bring a notification to people; it is tried again."""


class NotFoundError(ConfigError):
    """What was asked for by its name or number is not in the registry."""


class ConflictError(ConfigError):
    """It cannot be done as things stand: the name is taken, or it has been decided already."""


class OutdatedError(ConflictError):
    """What a change was made from has changed meanwhile; look at it again first."""
