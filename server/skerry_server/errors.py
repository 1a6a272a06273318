"""What can go wrong between the server and the programs it stands on."""

from __future__ import annotations

from skerry_edge.foundation.errors import DataError, ReachError


class StoreError(ReachError):
    """The time-series store does not answer, or answers that it cannot take anything now; try again."""


class RefusedPointsError(DataError):
    """The time-series store refuses these very points; sending them again would change nothing."""


class RegistryError(ReachError):
    """The registry's database does not answer or is locked; try again."""


class BrokerError(ReachError):
    """The MQTT broker does not answer, refuses the connection or ended it; try again."""
