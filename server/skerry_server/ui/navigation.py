"""The pages of the dashboard, and who sees which in the navigation. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_server.auth.policy import require
from skerry_server.auth.table import TABLE
from skerry_server.auth.visitors import ForbiddenError, Visitor


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A page that the navigation leads to."""

    path: str
    title: str


PLACES = (
    Place(path="/", title="Overview"),
    Place(path="/devices", title="Devices"),
    Place(path="/events", title="Events"),
    Place(path="/models", title="Models"),
    Place(path="/alerts", title="Alerts"),
    Place(path="/groups", title="Groups"),
    Place(path="/rollouts", title="Rollouts"),
    Place(path="/dead-letters", title="Dead letters"),
    Place(path="/audit", title="Audit"),
    Place(path="/people", title="People"),
)


def places(visitor: Visitor) -> list[Place]:
    """Return the pages that the gate would let ``visitor`` see."""
    return [one for one in PLACES if may_see(visitor, one.path)]


def may_see(visitor: Visitor, path: str) -> bool:
    """Tell whether the gate would let ``visitor`` see a page."""
    try:
        require(visitor, TABLE["GET", path])
    except ForbiddenError:
        return False
    return True
