"""Dead letters: what was refused and why, with its payload, and a second chance for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skerry_edge.foundation.errors import ConfigError
from skerry_server.api.context import Context
from skerry_server.api.replaying import replay
from skerry_server.auth.table import OPERATOR_EVERYWHERE
from skerry_server.auth.visitors import Visitor
from skerry_server.ingest.second_chance import chosen_ids, waiting_ids
from skerry_server.registry.checks import MAX_NAME_CHARS, check_text
from skerry_server.registry.dead_letters import count_dead_letters, list_dead_letters
from skerry_server.ui.asking import ask
from skerry_server.ui.frame import Page
from skerry_server.ui.templating import render
from skerry_server.ui.views.dead_letters import ROWS_A_PAGE, following, letter_line, outcome_text
from skerry_server.ui.views.event_filter import is_number


class DeadLettersPage(Page):
    """All dead letters that a filter finds; for whoever has all sites, since no letter belongs to one."""

    title = "Dead letters"
    here = "/dead-letters"
    refresh_s = 2.0

    def __init__(self, context: Context, visitor: Visitor, query: Mapping[str, str]) -> None:
        super().__init__(context, visitor)
        self._query = {key: query.get(key, "").strip() for key in ("reason", "q")}
        self._before = query.get("before", "")

    def read(self) -> Mapping[str, str]:
        """Return the page as one region."""
        for key, text in self._query.items():
            check_text(text, where=key, max_chars=MAX_NAME_CHARS)
        if self._before and not is_number(self._before):
            raise ConfigError("a page begins before the number of a letter", found=repr(self._before[:40]))
        with self.context.database.reading() as session:
            rows = list_dead_letters(
                session,
                limit=ROWS_A_PAGE + 1,
                before_id=int(self._before) if self._before else None,
                reason=self._query["reason"] or None,
                text=self._query["q"] or None,
            )
            total = count_dead_letters(session)
        shown = rows[:ROWS_A_PAGE]
        content = render(
            "dead_letters.html",
            rows=[letter_line(row) for row in shown],
            total=total,
            query=self._query,
            may_operate=self.may_operate,
            is_first=not self._before,
            next=following(self._query, before=shown[-1].id) if len(rows) > ROWS_A_PAGE else None,
        )
        return {"letters": content}

    async def act(self, act: str, of: str, picked: list[str]) -> None:
        """Replay one letter, or all that the filter's reason finds."""
        del picked
        if act == "replay" and is_number(of):
            text = "It goes through the very commit that refused it; doing it twice changes nothing."
            if await ask(f"Replay letter {of}", text, confirm="Replay") is not None:
                await self.changes.do(lambda: self._replay_chosen(int(of)), need=OPERATOR_EVERYWHERE)
        elif act == "replay-all":
            what = f"with the reason '{self._query['reason']}'" if self._query["reason"] else "whatever their reason"
            text = f"All letters that were not taken in yet, {what}, go through the commit that refused them."
            if await ask("Replay dead letters", text, confirm="Replay all", is_grave=True) is not None:
                await self.changes.do(self._replay_waiting, need=OPERATOR_EVERYWHERE)

    def _replay_waiting(self) -> str:
        return self._replay(waiting_ids(self.context.database, reason=self._query["reason"] or None))

    def _replay_chosen(self, letter: int) -> str:
        return self._replay(chosen_ids(self.context.database, [letter]))

    def _replay(self, ids: Sequence[int]) -> str:
        context = self.context
        author = context.doorkeeper.author(self.visitor)
        return outcome_text(replay(context.database, context.store, context.config, author, ids))
