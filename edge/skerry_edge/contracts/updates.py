"""What a device answers to an update order: where it is with it, and how it ended."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import Meta

from skerry_edge.contracts.messages import Count, Id, Message, Text
from skerry_edge.contracts.patterns import whole
from skerry_edge.contracts.release import Kind, ReleaseName, ReleaseVersion

UpdateState = Literal[
    "idle",
    "check",
    "precheck",
    "download",
    "verify",
    "stage",
    "self-test",
    "intent",
    "switch",
    "probation",
    "commit",
    "report",
    "rollback",
    "report-fail",
]
"""The states of the device's update machine (skerry_edge/ota/machine)."""
UPDATE_STATES: tuple[UpdateState, ...] = get_args(UpdateState)
UpdateOutcome = Literal["under-way", "committed", "rolled-back", "refused", "failed"]
"""How an order stands. All but the first are final; after each of them the device runs one whole version:

- ``committed``: the new one, which has proved itself;
- ``rolled-back``: the old one, after the new one ran and was found bad;
- ``refused``: the old one; the release may not run here (board, counter, ...), or nothing to be trusted (signature,
  expiry, ...) came before the deadline;
- ``failed``: the old one; the new one could not be had or did not pass its self-test.
"""
FINAL_OUTCOMES: tuple[UpdateOutcome, ...] = ("committed", "rolled-back", "refused", "failed")

Reason = Annotated[str, Meta(pattern=whole(r"^[a-z][a-z0-9-]{0,47}$"))]
"""The stable word that rollouts group failures by: one of `release.REASONS`."""


class UpdateReport(Message, frozen=True, kw_only=True, omit_defaults=True):
    """How one device stands with one order: its progress, then its end, which is the same whenever it is told.

    ``from_version`` is what ran before, absent where nothing of that name did; after the final outcome the device runs
    ``to_version`` where it is ``committed`` and ``from_version`` otherwise. Progress may be lost,
    the end is not, and may be told again, as with each new connection.
    """

    order: Id
    kind: Kind
    name: ReleaseName
    from_version: ReleaseVersion | None = None
    to_version: ReleaseVersion
    state: UpdateState
    outcome: UpdateOutcome
    reason: Reason | None = None
    detail: Text | None = None
    progress_bytes: Count | None = None
    total_bytes: Count | None = None
