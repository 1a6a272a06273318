"""What all parts of the configuration are made of."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from skerry_edge.contracts.patterns import whole
from skerry_edge.contracts.topics import NAME_IN_WORDS, NAME_PATTERN

Name = Annotated[str, Meta(pattern=whole(NAME_PATTERN), description=NAME_IN_WORDS)]
Seconds = Annotated[float, Meta(gt=0, le=86400)]
Wait = Annotated[float, Meta(ge=0, le=86400)]
Rate = Annotated[float, Meta(gt=0, le=1000)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
FileText = Annotated[str, Meta(min_length=1, max_length=4096)]


class Part(Struct, frozen=True, kw_only=True):
    """Base of the configuration's parts: immutable, named arguments."""
