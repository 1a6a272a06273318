"""Alerts: those that last, with acknowledgement and silence, the silences that hold, and the newest that are over."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from skerry_edge.foundation.errors import ConfigError
from skerry_server.alerts.rules import check_rule_name
from skerry_server.api.context import Context
from skerry_server.api.visibility import own_silence, require_own_subject, visible_alert, visible_silences
from skerry_server.auth.table import OPERATOR
from skerry_server.auth.visitors import Visitor
from skerry_server.health import now_ms
from skerry_server.registry.alerts import AlertSearch, acknowledge, list_alerts
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.checks import MAX_NAME_CHARS, check_text
from skerry_server.registry.models import AlertRow
from skerry_server.registry.silences import add_silence, end_silence
from skerry_server.ui.asking import Field, ask
from skerry_server.ui.frame import Page
from skerry_server.ui.templating import render
from skerry_server.ui.threads import PAGES
from skerry_server.ui.views.alerts import alert_line, open_lines, silence_line
from skerry_server.ui.views.event_filter import is_number

KEYS = ("rule", "device")
MAX_OPEN = 200
SHOWN_PAST = 30
HOUR_MS = 3_600_000
MAX_HOURS = 24 * 365
_ALL = (
    "Nobody is told of any alert of any device, or of the server, until then: neither rule, device nor group is given."
)


class AlertsPage(Page):
    """All alerts that the visitor's sites have."""

    title = "Alerts"
    here = "/alerts"
    refresh_s = 1.0

    def __init__(self, context: Context, visitor: Visitor, query: Mapping[str, str]) -> None:
        super().__init__(context, visitor)
        self._wanted = {
            key: check_text(query.get(key, "").strip(), where=key, max_chars=MAX_NAME_CHARS) for key in KEYS
        }

    def read(self) -> Mapping[str, str]:
        """Return the filter, which stays as it is, and the alerts."""
        with self.context.database.reading() as session:
            lasting = [*self._alerts(session, "firing", MAX_OPEN), *self._alerts(session, "acknowledged", MAX_OPEN)]
            past = self._alerts(session, "resolved", SHOWN_PAST)
            silences = visible_silences(session, self.visitor, now_ms=now_ms())
        at_ms = now_ms()
        content = render(
            "alerts.html",
            open=open_lines(lasting, at_ms=at_ms),
            past=[alert_line(row, at_ms=at_ms) for row in past],
            silences=[silence_line(row, may_end=may_end) for row, may_end in silences],
            may_operate=self.may_operate,
        )
        search_form = render("alerts_filter.html", query=self._wanted, is_filtered=any(self._wanted.values()))
        return {"filter": search_form, "alerts": content}

    async def act(self, act: str, of: str, picked: list[str]) -> None:
        """Acknowledge an alert or all that are shown, silence one or several, end a silence."""
        del picked
        number = int(of) if is_number(of) else None
        if act == "acknowledge" and number is not None:
            await self._acknowledge(number)
        elif act == "acknowledge-all":
            await self._acknowledge_all()
        elif act == "silence":
            await self._silence(number)
        elif act == "end-silence" and number is not None:
            await self._end_silence(number)

    async def _acknowledge(self, number: int) -> None:
        if await ask("Acknowledge", "You say that you see to this alert.", confirm="Acknowledge") is None:
            return

        def change(session: Session, author: Author) -> str:
            visible_alert(session, self.visitor, number)
            acknowledge(session, author, number)
            return "Acknowledged"

        await self.changes.make(change, need=OPERATOR)

    async def _acknowledge_all(self) -> None:
        numbers = await PAGES.run(self._firing)
        text = f"You say that you see to {len(numbers)} alerts: those that fire now and that the filter leaves."
        if await ask("Acknowledge all", text, confirm="Acknowledge all", is_grave=True) is None:
            return

        def change(session: Session, author: Author) -> str:
            # Whatever ended or was seen to meanwhile needs nobody any more.
            still = [one for one in numbers if visible_alert(session, self.visitor, one).state == "firing"]
            for number in still:
                acknowledge(session, author, number)
            return f"{len(still)} acknowledged"

        await self.changes.make(change, need=OPERATOR)

    async def _silence(self, number: int | None) -> None:
        alert = None if number is None else await PAGES.run(self._read_alert, number)
        given = await ask(
            "Silence alerts",
            "Nobody is told of alerts with this rule, device and group; an empty field stands for all.",
            confirm="Silence",
            fields=[
                Field(name="rule", label="Rule", value=alert.rule if alert else ""),
                Field(name="device", label="Device", value=(alert.device or "") if alert else ""),
                Field(name="group", label="Group"),
                Field(name="hours", label="Hours", value="2"),
                Field(name="comment", label="Why"),
            ],
        )
        if given is None:
            return
        is_all = not any(given[key].strip() for key in ("rule", "device", "group"))
        if is_all and await ask("Silence all alerts", _ALL, confirm="Silence all", is_grave=True) is None:
            return

        def change(session: Session, author: Author) -> str:
            about = {key: given[key].strip() or None for key in ("rule", "device", "group")}
            if alert is None or about["rule"] != alert.rule:
                # An alert may be of a rule that was taken out of the configuration since.
                check_rule_name(about["rule"], self.context.config.alerts)
            require_own_subject(session, self.visitor, about["device"])
            until_ms = author.ts_ms + round(_hours(given["hours"]) * HOUR_MS)
            add_silence(session, author, until_ms=until_ms, comment=given["comment"], **about)
            return "Silenced"

        await self.changes.make(change, need=OPERATOR)

    async def _end_silence(self, number: int) -> None:
        if await ask("End the silence", "People are told of these alerts again.", confirm="End") is None:
            return

        def change(session: Session, author: Author) -> str:
            own_silence(session, self.visitor, number)
            end_silence(session, author, number)
            return "The silence has ended"

        await self.changes.make(change, need=OPERATOR)

    def _alerts(self, session: Session, state: str, limit: int) -> list[AlertRow]:
        wanted = AlertSearch(
            state=state,
            rule=self._wanted["rule"] or None,
            device=self._wanted["device"] or None,
            sites=self.visitor.principal.sites,
            limit=limit,
        )
        return list_alerts(session, wanted)

    def _firing(self) -> list[int]:
        with self.context.database.reading() as session:
            return [row.id for row in self._alerts(session, "firing", MAX_OPEN)]

    def _read_alert(self, number: int) -> AlertRow:
        with self.context.database.reading() as session:
            return visible_alert(session, self.visitor, number)


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError as error:
        raise ConfigError("say for how many hours", found=repr(text[:20])) from error
    if not 0 < hours <= MAX_HOURS:
        raise ConfigError(f"a silence lasts up to {MAX_HOURS} hours", found=repr(text[:20]))
    return hours
