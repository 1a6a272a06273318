"""The audit: who changed what, and whether its chain is whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from skerry_edge.foundation.errors import ConfigError
from skerry_server.api.context import Context
from skerry_server.auth.visitors import Visitor
from skerry_server.registry.audit.chain import Verified, verify
from skerry_server.registry.audit.trail import list_audit
from skerry_server.registry.checks import MAX_NAME_CHARS, check_text
from skerry_server.ui.frame import Page
from skerry_server.ui.rows import clock_time
from skerry_server.ui.templating import render
from skerry_server.ui.threads import PAGES
from skerry_server.ui.views.event_filter import is_number

ROWS_A_PAGE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a verification found, in a sentence."""

    text: str
    tone: str


class AuditPage(Page):
    """All changes that a filter finds; for administrators of all sites."""

    title = "Audit"
    here = "/audit"

    def __init__(self, context: Context, visitor: Visitor, query: Mapping[str, str]) -> None:
        super().__init__(context, visitor)
        self._query = {key: query.get(key, "").strip() for key in ("actor", "subject")}
        self._before = query.get("before", "")
        self._verdict: Verdict | None = None

    def read(self) -> Mapping[str, str]:
        """Return the page as one region."""
        for key, text in self._query.items():
            check_text(text, where=key, max_chars=MAX_NAME_CHARS)
        if self._before and not is_number(self._before):
            raise ConfigError("a page begins before the number of a change", found=repr(self._before[:40]))
        with self.context.database.reading() as session:
            rows = list_audit(
                session,
                limit=ROWS_A_PAGE + 1,
                before_id=int(self._before) if self._before else None,
                actor=self._query["actor"] or None,
                subject=self._query["subject"] or None,
            )
        shown = rows[:ROWS_A_PAGE]
        kept = {key: value for key, value in self._query.items() if value}
        content = render(
            "audit.html",
            rows=[
                {
                    "id": row.id,
                    "time": clock_time(row.ts_ms),
                    "actor": row.actor,
                    "action": row.action,
                    "subject": row.subject,
                    "detail": row.detail,
                    "hash": row.hash,
                }
                for row in shown
            ],
            query=self._query,
            verdict=self._verdict,
            is_first=not self._before,
            next=f"/audit?{urlencode({**kept, 'before': shown[-1].id})}" if len(rows) > ROWS_A_PAGE else None,
        )
        return {"audit": content}

    async def act(self, act: str, of: str, picked: list[str]) -> None:
        """Verify the chain."""
        del of, picked
        if act == "verify":
            self._verdict = verdict_of(await PAGES.run(self._verify))

    def _verify(self) -> Verified:
        with self.context.database.reading() as session:
            return verify(session)


def verdict_of(found: Verified) -> Verdict:
    """Return what was found; the hash of the newest row is what somebody may note elsewhere."""
    if not found.faults:
        return Verdict(text=f"The chain of {found.rows:,} changes is whole; its end is {found.hash}.", tone="good")
    first = found.faults[0]
    number = len(found.faults)
    breaks = "is broken" if number == 1 else f"is broken in {number:,} places, first"
    return Verdict(text=f"The chain {breaks} at change {first.id}: {first.what}.", tone="bad")
