"""What of stages, alerts and silences a visitor may see and decide; API and dashboard ask here alone."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry_server.api.context import visible_device
from skerry_server.auth.visitors import ForbiddenError, Visitor
from skerry_server.errors import NotFoundError
from skerry_server.registry.alerts import get_alert
from skerry_server.registry.fleet.groups import find_group, is_whole_at
from skerry_server.registry.models import AlertRow, DesiredStageRow, GroupRow, SilenceRow
from skerry_server.registry.orders.stages import get_stage
from skerry_server.registry.silences import active_silences, get_silence


def require_whole_group(session: Session, visitor: Visitor, group: str) -> None:
    """Raise ForbiddenError unless all of a group's devices, of which there must be one, are at the visitor's sites.

    Who has all sites has every group. Raises NotFoundError where there is no such group.
    """
    find_group(session, group)
    if not _has_whole(session, visitor, group):
        raise ForbiddenError("the group has no device, or some at sites that are not yours", where=f"group '{group}'")


def visible_stage(session: Session, visitor: Visitor, stage: int) -> DesiredStageRow:
    """Return a stage whose group is wholly the visitor's: a configuration may hold what other sites must not know.

    Raises NotFoundError for any other, as if it were not there.
    """
    row = get_stage(session, stage)
    if not _has_whole(session, visitor, row.group):
        raise NotFoundError("there is no such stage", found=str(stage))
    return row


def visible_alert(session: Session, visitor: Visitor, alert: int) -> AlertRow:
    """Return an alert of the visitor's devices; one of no device is for who has all sites. Raises NotFoundError."""
    row = get_alert(session, alert)
    if not _is_of(session, visitor, row.device):
        raise NotFoundError("there is no such alert", found=str(alert))
    return row


def visible_silences(session: Session, visitor: Visitor, *, now_ms: int) -> list[tuple[SilenceRow, bool]]:
    """Return the silences that hold for devices of the visitor, each with whether the visitor may end it.

    One that names no device holds for theirs as well.
    """
    found = [(row, _is_of(session, visitor, row.device)) for row in active_silences(session, now_ms=now_ms)]
    return [(row, is_own) for row, is_own in found if is_own or row.device is None]


def own_silence(session: Session, visitor: Visitor, silence: int) -> SilenceRow:
    """Return a silence that the visitor may end. Raises NotFoundError for any other, as if it were not there."""
    row = get_silence(session, silence)
    if not _is_of(session, visitor, row.device):
        raise NotFoundError("there is no such silence of yours", found=str(silence))
    return row


def require_own_subject(session: Session, visitor: Visitor, device: str | None) -> None:
    """Raise unless the visitor may silence ``device``, or all devices for None: NotFoundError, ForbiddenError."""
    if device is not None:
        visible_device(session, visitor, device)
    elif visitor.principal.sites is not None:
        raise ForbiddenError("name a device: what is silenced must be at your sites")


def _has_whole(session: Session, visitor: Visitor, group: str) -> bool:
    whole = is_whole_at(visitor.principal.sites, GroupRow.name)
    return session.scalar(select(GroupRow.name).where(GroupRow.name == group, whole)) is not None


def _is_of(session: Session, visitor: Visitor, device: str | None) -> bool:
    if device is None or visitor.principal.sites is None:
        return visitor.principal.sites is None
    try:
        visible_device(session, visitor, device)
    except NotFoundError:
        return False
    return True
