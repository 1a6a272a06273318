"""Who may do what: three roles, each of which may do what the one before may, at some sites or at all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, cast, get_args

from skerry_edge.foundation.errors import ConfigError
from skerry_server.registry.checks import check_choice, check_name

Role = Literal["viewer", "operator", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
MAX_SITES = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """Who asks: a user, the role that counts here, and the sites, of which None stands for all."""

    user: str
    role: Role
    sites: frozenset[str] | None

    def may(self, role: Role) -> bool:
        """Tell whether the principal may do what ``role`` may."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def sees(self, site: str) -> bool:
        """Tell whether ``site`` is one of the principal's."""
        return self.sites is None or site in self.sites


def lower(one: Role, other: Role) -> Role:
    """Return the one of two roles that may do less."""
    return min(one, other, key=ROLES.index)


def common(one: Collection[str] | None, other: Collection[str] | None) -> frozenset[str] | None:
    """Return the sites that are in both, where None stands for all."""
    if one is None or other is None:
        rest = other if one is None else one
        return None if rest is None else frozenset(rest)
    return frozenset(one) & frozenset(other)


def check_role(role: str) -> Role:
    """Return ``role`` if there is one of that name. Raises ConfigError."""
    return cast("Role", check_choice(role, ROLES, where="the role"))


def check_sites(sites: Collection[str] | None) -> list[str] | None:
    """Return the names in order, None as it is. Raises ConfigError for one that can be no site, and for none at all."""
    if sites is None:
        return None
    if not 0 < len(sites) <= MAX_SITES:
        raise ConfigError(f"name 1 to {MAX_SITES} sites, or leave them out for all", found=f"{len(sites)}")
    return sorted({check_name(site, where="the sites") for site in sites})
