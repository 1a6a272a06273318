"""How the contract's regular expressions are held against a whole string."""

from __future__ import annotations


def whole(pattern: str) -> str:
    """Return ``pattern``, which ends in `$`, for msgspec's `Meta`: nothing may follow, a newline neither.

    msgspec searches with Python's `re`, whose `$` also matches before a newline at the end of the string.
    """
    return rf"{pattern}(?!\n)"
