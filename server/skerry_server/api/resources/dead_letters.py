"""Dead letters: searched, replayed after a fix, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from skerry_server.api.context import AS_WHOLE, MAX_ID, Asking, Context, RowNumber, Wish, answers, cut
from skerry_server.api.queries import CURSOR_PATTERN, TEXT_PATTERN
from skerry_server.api.read import dead_letter_out
from skerry_server.api.replaying import replay
from skerry_server.api.schemas import DeadLetterOut, DeadLettersOut
from skerry_server.auth.visitors import Visitor
from skerry_server.ingest.second_chance import chosen_ids, waiting_ids
from skerry_server.registry.dead_letters import (
    count_dead_letters,
    dead_letters_of,
    list_dead_letters,
    remove_dead_letter,
)
from skerry_server.registry.events import MAX_PAGE

MAX_AT_ONCE = 10_000
_NO_LETTER = answers(_404="No such dead letter.")


class LetterQuery(BaseModel):
    """Which dead letters are wanted; what is not given excludes nothing."""

    model_config = ConfigDict(extra="forbid")

    reason: str | None = Field(default=None, max_length=32, pattern=TEXT_PATTERN)
    text: str | None = Field(default=None, max_length=128, pattern=TEXT_PATTERN, description="In topic or detail.")
    limit: int = Field(default=50, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(default=None, pattern=CURSOR_PATTERN, description="`next` of the page before.")


class TheseIn(Wish):
    """Letters to replay by their ids."""

    ids: list[Annotated[int, Field(ge=1, le=MAX_ID), AS_WHOLE]] = Field(min_length=1, max_length=MAX_AT_ONCE)


class OfReasonIn(Wish):
    """Letters to replay: all of one reason that were not taken in yet."""

    reason: str = Field(max_length=32, pattern=TEXT_PATTERN)


class EverythingIn(Wish):
    """Letters to replay: all that were not taken in yet."""

    everything: Literal[True]


class OutcomeOut(BaseModel):
    """What became of one letter; ``refusal`` says why it was refused again, null where it was taken in."""

    id: int
    topic: str
    refusal: str | None


class ReplayedOut(BaseModel):
    """What became of the letters."""

    outcomes: list[OutcomeOut]
    taken_in: int


def add_dead_letters(router: APIRouter, context: Context) -> None:
    """Add the routes of dead letters."""
    _add_replay(router, context)

    @router.get("/dead-letters")
    def dead_letters(query: Annotated[LetterQuery, Query()], _visitor: Asking) -> DeadLettersOut:
        """Messages that were refused, with the reason, newest first."""
        before_id = int(query.cursor) if query.cursor else None
        with context.database.reading() as session:
            rows = list_dead_letters(
                session, limit=query.limit + 1, before_id=before_id, reason=query.reason, text=query.text
            )
            total = count_dead_letters(session)
        page, last = cut(rows, query.limit)
        shown = [dead_letter_out(row) for row in page]
        return DeadLettersOut(dead_letters=shown, total=total, next=str(last.id) if last else None)

    @router.get("/dead-letters/{letter}", responses=_NO_LETTER)
    def dead_letter(letter: RowNumber, _visitor: Asking) -> DeadLetterOut:
        """One dead letter."""
        with context.database.reading() as session:
            return dead_letter_out(dead_letters_of(session, [letter])[0])

    @router.delete("/dead-letters/{letter}", status_code=204, responses=_NO_LETTER)
    def remove(letter: RowNumber, visitor: Asking) -> None:
        """Delete a dead letter."""
        with context.database.transaction() as session:
            remove_dead_letter(session, context.doorkeeper.author(visitor), letter)


def _add_replay(router: APIRouter, context: Context) -> None:
    @router.post("/dead-letters/replay", responses=_NO_LETTER)
    def replay_many(wish: TheseIn | OfReasonIn | EverythingIn, visitor: Asking) -> ReplayedOut:
        """Take letters in after all, as messages that have just come; doing it twice changes nothing."""
        if isinstance(wish, TheseIn):
            return _replayed(context, visitor, chosen_ids(context.database, wish.ids))
        reason = wish.reason if isinstance(wish, OfReasonIn) else None
        ids = waiting_ids(context.database, reason=reason)
        return _replayed(context, visitor, ids)

    @router.post("/dead-letters/{letter}/replay", responses=_NO_LETTER)
    def replay_one(letter: RowNumber, visitor: Asking) -> ReplayedOut:
        """Take one letter in after all."""
        return _replayed(context, visitor, chosen_ids(context.database, [letter]))


def _replayed(context: Context, visitor: Visitor, ids: Sequence[int]) -> ReplayedOut:
    author = context.doorkeeper.author(visitor)
    outcomes = replay(context.database, context.store, context.config, author, ids)
    shown = [OutcomeOut(id=one.id, topic=one.topic, refusal=one.refusal) for one in outcomes]
    return ReplayedOut(outcomes=shown, taken_in=sum(one.refusal is None for one in outcomes))
