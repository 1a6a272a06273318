"""Users and tokens: all of them for administrators of all sites, one's own for everybody."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from skerry_server.api.context import Context
from skerry_server.auth.token_rules import administers
from skerry_server.auth.visitors import Visitor
from skerry_server.health import now_ms
from skerry_server.registry.models import UserRow
from skerry_server.registry.people.tokens import list_tokens
from skerry_server.registry.people.users import list_users
from skerry_server.ui.frame import Page
from skerry_server.ui.people_acts import PeopleActs
from skerry_server.ui.templating import render
from skerry_server.ui.views.people import token_line, user_line


class PeoplePage(Page):
    """Who may sign in, and what programs sign in with."""

    title = "People"
    here = "/people"
    refresh_s = 5.0

    def __init__(self, context: Context, visitor: Visitor, query: Mapping[str, str]) -> None:
        super().__init__(context, visitor)
        del query
        self._acts = PeopleActs(context, visitor, self.changes)

    def read(self) -> Mapping[str, str]:
        """Return the page as one region."""
        is_admin, at_ms = administers(self.visitor), now_ms()
        with self.context.database.reading() as session:
            people = list_users(session) if is_admin else self._own(session)
            tokens = list_tokens(session, user=None if is_admin else self.visitor.name)
        content = render(
            "people.html",
            users=[user_line(row) for row in people],
            tokens=[token_line(row, at_ms=at_ms) for row in tokens],
            is_admin=is_admin,
            may_change_own=self.visitor.by == "session",
            me=self.visitor.name,
        )
        return {"people": content}

    async def act(self, act: str, of: str, picked: list[str]) -> None:
        """Do what a button stands for."""
        del picked
        await self._acts.act(act, of)

    def _own(self, session: Session) -> list[UserRow]:
        row = session.get(UserRow, self.visitor.name)
        return [] if row is None else [row]
