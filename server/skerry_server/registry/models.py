"""All tables of the registry in one place: whoever imports this has the whole schema in ``Base.metadata``."""

from __future__ import annotations

from skerry_server.registry.tables.alerts import AlertRow, SilenceRow
from skerry_server.registry.tables.audit import AuditHeadRow, AuditRow
from skerry_server.registry.tables.base import Base, table_of
from skerry_server.registry.tables.commands import CommandRow
from skerry_server.registry.tables.dead_letters import DeadLetterRow
from skerry_server.registry.tables.desired import DesiredRow, DesiredStageRow
from skerry_server.registry.tables.devices import Device
from skerry_server.registry.tables.events import EventRow
from skerry_server.registry.tables.groups import DeviceTagRow, GroupMemberRow, GroupRow
from skerry_server.registry.tables.leases import LeaseRow
from skerry_server.registry.tables.notifications import NotificationRow
from skerry_server.registry.tables.people import TokenRow, UserRow, WebSessionRow
from skerry_server.registry.tables.presence import PresenceIntervalRow, PresenceRow, SessionClockRow
from skerry_server.registry.tables.reports import ReportRow
from skerry_server.registry.tables.worker_health import WorkerHealthRow

__all__ = [
    "AlertRow",
    "AuditHeadRow",
    "AuditRow",
    "Base",
    "CommandRow",
    "DeadLetterRow",
    "DesiredRow",
    "DesiredStageRow",
    "Device",
    "DeviceTagRow",
    "EventRow",
    "GroupMemberRow",
    "GroupRow",
    "LeaseRow",
    "NotificationRow",
    "PresenceIntervalRow",
    "PresenceRow",
    "ReportRow",
    "SessionClockRow",
    "SilenceRow",
    "TokenRow",
    "UserRow",
    "WebSessionRow",
    "WorkerHealthRow",
    "table_of",
]
