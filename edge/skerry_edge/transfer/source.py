"""What a download is from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A file at an address; ``sizes``, in bytes, are all that it may have."""

    url: str
    sizes: Sequence[int]
