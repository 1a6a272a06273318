"""Secrets that the server gives out: 256 random bits, shown once, and kept as a hash."""

from __future__ import annotations

import hashlib
import secrets

SECRET_BYTES = 32


def new_secret(prefix: str) -> str:
    """Return a secret that nobody can guess; by its prefix, people and scanners of leaked secrets know what it is."""
    return prefix + secrets.token_urlsafe(SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """Return what is kept of a secret, in hexadecimal digits.

    A plain SHA-256 is enough for what cannot be guessed, and one index finds it: Argon2 is for what people think up.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
