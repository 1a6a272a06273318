"""Alerts and silences: looked at, acknowledged, silenced."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_edge.foundation.errors import ConfigError
from skerry_server.alerts.rules import check_rule_name
from skerry_server.api.context import AS_WHOLE, Asking, Context, RowNumber, Wish, answers, cut
from skerry_server.api.queries import CURSOR_PATTERN, TEXT_PATTERN
from skerry_server.api.visibility import own_silence, require_own_subject, visible_alert, visible_silences
from skerry_server.health import now_ms
from skerry_server.registry.alerts import AlertSearch, acknowledge, list_alerts
from skerry_server.registry.checks import MAX_NOTE_CHARS
from skerry_server.registry.events import MAX_PAGE
from skerry_server.registry.models import AlertRow, SilenceRow
from skerry_server.registry.silences import add_silence, end_silence

MAX_SILENCE_S = 366 * 86_400
_Rule = Annotated[str, Field(min_length=1, max_length=63, pattern=TEXT_PATTERN)]
_Name = Annotated[str, Field(pattern=NAME_PATTERN)]


_SUBJECTS = ("rule", "device", "group")
_SCOPES: list[Any] = [
    {
        "required": ["everything"],
        "properties": {"everything": {"const": True}} | {one: {"type": "null"} for one in _SUBJECTS},
    },
    *(
        {"required": [one], "properties": {one: {"type": "string"}, "everything": {"const": False}}}
        for one in _SUBJECTS
    ),
]
"""What `_check_scope` asks for, in JSON Schema's words."""


class AlertQuery(BaseModel):
    """Which alerts are wanted; what is not given excludes nothing."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["firing", "acknowledged", "resolved"] | None = None
    rule: _Rule | None = None
    device: _Name | None = None
    limit: int = Field(default=50, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(default=None, pattern=CURSOR_PATTERN, description="`next` of the page before.")

    def search(self, sites: frozenset[str] | None) -> AlertSearch:
        """Return the search; ``sites`` are those that whoever asks may see."""
        before_id = int(self.cursor) if self.cursor else None
        asked = self.model_dump(include={"state", "rule", "device"})
        return AlertSearch(**asked, sites=sites, before_id=before_id, limit=self.limit + 1)


class AlertOut(BaseModel):
    """A rule that holds or held; without ``device`` it is about the fleet or the server."""

    id: int
    rule: str
    device: str | None
    subject: str
    severity: str
    state: Literal["firing", "acknowledged", "resolved"]
    began_ms: int
    ended_ms: int | None
    value: float | None
    detail: str
    acknowledged_by: str | None
    acknowledged_ms: int | None
    notified_ms: int | None


class AlertsOut(BaseModel):
    """One page of alerts, newest first; ``next`` is the cursor of the following page, if there is one."""

    alerts: list[AlertOut]
    next: str | None


class SilenceIn(Wish):
    """Alerts that nobody wants to hear of: of a rule, a device, a group, or what is common to those given.

    Without any of them it is ``everything`` that is silenced, which must be said.
    """

    model_config = ConfigDict(json_schema_extra={"anyOf": _SCOPES})

    rule: _Rule | None = None
    device: _Name | None = None
    group: _Name | None = None
    everything: bool = False
    lasts_s: Annotated[int, AS_WHOLE] = Field(ge=1, le=MAX_SILENCE_S)
    comment: str = Field(default="", max_length=MAX_NOTE_CHARS, pattern=TEXT_PATTERN)


class SilenceOut(BaseModel):
    """A silence; an empty rule, device or group stands for all."""

    id: int
    rule: str | None
    device: str | None
    group: str | None
    created_ms: int
    until_ms: int
    author: str
    comment: str


class SilencesOut(BaseModel):
    """The silences that hold, oldest first."""

    silences: list[SilenceOut]


def add_alerts(router: APIRouter, context: Context) -> None:
    """Add the routes of alerts and silences."""
    _add_silences(router, context)

    @router.get("/alerts")
    def alerts(query: Annotated[AlertQuery, Query()], visitor: Asking) -> AlertsOut:
        """Alerts, newest first."""
        with context.database.reading() as session:
            rows = list_alerts(session, query.search(visitor.principal.sites))
        page, last = cut(rows, query.limit)
        return AlertsOut(alerts=[alert_out(row) for row in page], next=str(last.id) if last else None)

    @router.post(
        "/alerts/{alert}/acknowledge",
        responses=answers(_404="No such alert at your sites.", _409="It is over, or somebody sees to it already."),
    )
    def take_note(alert: RowNumber, visitor: Asking) -> AlertOut:
        """Say that you see to an alert: it is told no more."""
        with context.database.transaction() as session:
            row = visible_alert(session, visitor, alert)
            acknowledge(session, context.doorkeeper.author(visitor), alert)
        return alert_out(row)


def _add_silences(router: APIRouter, context: Context) -> None:
    @router.get("/silences")
    def silences(visitor: Asking) -> SilencesOut:
        """Silences that hold."""
        with context.database.reading() as session:
            found = visible_silences(session, visitor, now_ms=now_ms())
        return SilencesOut(silences=[silence_out(row) for row, _ in found])

    @router.post(
        "/silences",
        status_code=201,
        responses=answers(_404="No such device at your sites, no such group, or no such rule."),
    )
    def silence(wish: SilenceIn, visitor: Asking) -> SilenceOut:
        """Silence alerts for a while."""
        _check_scope(wish)
        check_rule_name(wish.rule, context.config.alerts)
        author = context.doorkeeper.author(visitor)
        with context.database.transaction() as session:
            require_own_subject(session, visitor, wish.device)
            row = add_silence(
                session,
                author,
                until_ms=author.ts_ms + wish.lasts_s * 1000,
                comment=wish.comment,
                rule=wish.rule,
                device=wish.device,
                group=wish.group,
            )
        return silence_out(row)

    @router.delete("/silences/{silence}", status_code=204, responses=answers(_404="No such silence at your sites."))
    def speak(silence: RowNumber, visitor: Asking) -> None:
        """End a silence now."""
        with context.database.transaction() as session:
            own_silence(session, visitor, silence)
            end_silence(session, context.doorkeeper.author(visitor), silence)


def _check_scope(wish: SilenceIn) -> None:
    is_narrow = any(one is not None for one in (wish.rule, wish.device, wish.group))
    if not is_narrow and not wish.everything:
        todo = "name a rule, a device or a group, or ask for everything"
        raise ConfigError("this would silence all alerts", where="the silence", todo=todo)
    if is_narrow and wish.everything:
        raise ConfigError("everything leaves nothing to name", where="the silence", todo="leave out one of both")


def alert_out(row: AlertRow) -> AlertOut:
    """Return an alert."""
    return AlertOut(
        id=row.id,
        rule=row.rule,
        device=row.device,
        subject=row.subject,
        severity=row.severity,
        state=row.state,  # type: ignore[arg-type]  # checked by pydantic
        began_ms=row.began_ms,
        ended_ms=row.ended_ms,
        value=row.value,
        detail=row.detail,
        acknowledged_by=row.acknowledged_by,
        acknowledged_ms=row.acknowledged_ms,
        notified_ms=row.notified_ms,
    )


def silence_out(row: SilenceRow) -> SilenceOut:
    """Return a silence."""
    return SilenceOut(
        id=row.id,
        rule=row.rule,
        device=row.device,
        group=row.group,
        created_ms=row.created_ms,
        until_ms=row.until_ms,
        author=row.author,
        comment=row.comment,
    )
