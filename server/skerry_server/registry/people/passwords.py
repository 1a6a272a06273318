"""Passwords, kept as Argon2id hashes (RFC 9106) that take memory and time to try."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from skerry_edge.foundation.errors import ConfigError

MIN_CHARS = 12
"""NIST SP 800-63B-4, 3.1.1.2: length is what counts, and no rules about its characters."""
MAX_CHARS = 1024


def hash_password(password: str) -> str:
    """Return what is kept of a password. Raises ConfigError where it is too short or too long."""
    if not MIN_CHARS <= len(password) <= MAX_CHARS:
        raise ConfigError(f"a password has {MIN_CHARS} to {MAX_CHARS} characters", found=f"{len(password)} characters")
    return _hasher().hash(password.encode("utf-8", "surrogatepass"))


def is_password(kept: str | None, password: str) -> bool:
    """Tell whether ``password`` is the one that ``kept`` was made from.

    It takes some 50 ms of all processors and 64 MiB, and as long where ``kept`` is None: who asks cannot tell a name
    that exists from one that does not.
    """
    if len(password) > MAX_CHARS:
        return False
    try:
        _hasher().verify(kept or _nobody(), password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def needs_new_hash(kept: str) -> bool:
    """Tell whether ``kept`` was made with less effort than is spent now."""
    return _hasher().check_needs_rehash(kept)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _nobody() -> str:
    return hash_password("nobody has this password")
