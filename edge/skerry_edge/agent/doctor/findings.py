"""What a check found, and the judgement over all of them; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warning", "failed", "not applicable"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at: what was found, already redacted, and what to do where that is not right."""

    name: str
    status: Status
    found: str
    todo: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """Something to look at. ``look`` gives one finding or more and may take ``limit_s``; longer is a finding itself.

    ``todo`` is what to do where it raises an error that does not say.
    """

    name: str
    look: Callable[[], Sequence[Finding]]
    limit_s: float = 10.0
    todo: str | None = None


def is_healthy(findings: Iterable[Finding]) -> bool:
    """Tell whether nothing has failed; warnings are no failures."""
    return all(one.status != "failed" for one in findings)
