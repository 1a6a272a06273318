"""Users and tokens as rows of text, and what dialogs say of them, read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skerry_edge.foundation.errors import ConfigError
from skerry_server.registry.models import TokenRow, UserRow
from skerry_server.registry.people.roles import ROLES, Role, check_role
from skerry_server.ui.asking import Field
from skerry_server.ui.rows import ago, clock_time

DAY_MS = 86_400_000
MAX_DAYS = 3_660
ALL_SITES = "all sites"
NEW = "new-password"


@dataclass(frozen=True, kw_only=True, slots=True)
class UserLine:
    """A user."""

    name: str
    role: str
    sites: str
    made: str
    is_disabled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenLine:
    """A token; ``what`` is the most that it may do."""

    id: int
    name: str
    user: str
    what: str
    used: str
    ends: str


def user_line(row: UserRow) -> UserLine:
    """Return a user."""
    return UserLine(
        name=row.name,
        role=row.role,
        sites=sites_text(row.sites),
        made=clock_time(row.created_ms),
        is_disabled=row.disabled,
    )


def token_line(row: TokenRow, *, at_ms: int) -> TokenLine:
    """Return a token."""
    if row.expires_ms is None:
        ends = "never"
    else:
        ends = clock_time(row.expires_ms) if row.expires_ms > at_ms else f"expired {ago(row.expires_ms, now_ms=at_ms)}"
    return TokenLine(
        id=row.id,
        name=row.name,
        user=row.user,
        what=f"{row.role}, {sites_text(row.sites)}",
        used=ago(row.last_used_ms, now_ms=at_ms),
        ends=ends,
    )


def sites_text(sites: Sequence[str] | None) -> str:
    """Return sites in words."""
    return ALL_SITES if sites is None else ", ".join(sites)


def role_fields(role: str = "viewer", sites: Sequence[str] | None = None) -> list[Field]:
    """Return what is asked for what somebody may do, and where."""
    return [
        Field(name="role", label="Role", kind="choice", value=role, choices={one: one for one in ROLES}),
        Field(name="sites", label="Sites", value=", ".join(sites or ()), hint="site, site; empty for all"),
    ]


def read_role(given: Mapping[str, str]) -> tuple[Role, list[str] | None]:
    """Return role and sites, of which None stands for all. Raises ConfigError."""
    sites = [one for one in (part.strip() for part in given.get("sites", "").split(",")) if one]
    return check_role(given.get("role", "")), sites or None


def read_expiry(given: Mapping[str, str], *, now_ms: int) -> int | None:
    """Return when a token ends (Unix ms), None for never. Raises ConfigError."""
    text = given.get("days", "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= MAX_DAYS):
        raise ConfigError(f"a token lasts 1 to {MAX_DAYS} days", found=repr(text[:20]), todo="leave it empty for ever")
    return now_ms + int(text) * DAY_MS


def read_new_password(given: Mapping[str, str]) -> str:
    """Return a new password that was entered twice. Raises ConfigError."""
    if given.get("password") != given.get("again"):
        raise ConfigError("the new password was not entered the same twice")
    return given.get("password", "")


def password_fields() -> list[Field]:
    """Return what is asked for a new password."""
    return [
        Field(name="password", label="New password", kind="secret", autocomplete=NEW, hint="at least 12 characters"),
        Field(name="again", label="New password again", kind="secret", autocomplete=NEW),
    ]
