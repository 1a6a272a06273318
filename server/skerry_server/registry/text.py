"""Text from the network, as every database can keep it."""

from __future__ import annotations

from typing import overload


@overload
def storable(text: str) -> str: ...
@overload
def storable(text: None) -> None: ...
@overload
def storable(text: str | None) -> str | None: ...
def storable(text: str | None) -> str | None:
    """Return ``text`` with NUL replaced, which PostgreSQL keeps in no text."""
    return None if text is None else text.replace("\x00", "\ufffd")
