"""What a visitor changes from a page: checked again at the moment it is done, in one transaction with its audit row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import ui
from sqlalchemy import select, true
from sqlalchemy.orm import Session

from skerry_edge.foundation.errors import SkerryError
from skerry_server.api.context import Context
from skerry_server.auth.doorkeeper import Doorkeeper
from skerry_server.auth.policy import require
from skerry_server.auth.table import Need
from skerry_server.auth.visitors import SignInError, Visitor
from skerry_server.errors import NotFoundError
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.checks import MAX_NAME_CHARS
from skerry_server.registry.chunks import chunks
from skerry_server.registry.models import Device
from skerry_server.ui.threads import PAGES

Change = Callable[[Session, Author], str]
"""Makes a change and returns, in a sentence, what was done."""
PIECE = 100
"""Devices that are changed in one transaction, where each takes several statements."""


class Changes:
    """What the visitor of one open page does."""

    def __init__(self, context: Context, visitor: Visitor) -> None:
        self._context = context
        self._visitor = visitor

    async def make(self, change: Change, *, need: Need) -> bool:
        """Do it and say so on the page, or say why it cannot be done; tell whether it was done."""
        return await self.do(lambda: self._in_transaction(change), need=need)

    async def make_prepared(self, prepare: Callable[[], Change], *, need: Need) -> bool:
        """Make the change that ``prepare`` returns: there is done what takes long, before anybody waits to write."""
        return await self.do(lambda: self._in_transaction(prepare()), need=need)

    async def make_in_pieces(
        self, devices: Sequence[str], change: Callable[[Sequence[str]], Change], *, done: str, need: Need
    ) -> bool:
        """Make the ``change`` of a few of ``devices`` after that of others, and say that all is ``done``.

        For what takes several statements for each: between the transactions ingest writes. Where one fails, those
        before it are done.
        """

        def work() -> str:
            for start in range(0, len(devices), PIECE):
                self._in_transaction(change(devices[start : start + PIECE]))
            return done

        return await self.do(work, need=need)

    async def do(self, work: Callable[[], str], *, need: Need) -> bool:
        """Do ``work``, which returns what was done, in a thread, as `make` does."""
        try:
            done = await PAGES.run(self._allowed, work, need)
        except SkerryError as error:
            ui.notify(str(error), type="negative", multi_line=True, close_button="Close")
            return False
        ui.notify(done, type="positive")
        return True

    def _allowed(self, work: Callable[[], str], need: Need) -> str:
        require_now(self._context.doorkeeper, self._visitor, need)
        return work()

    def _in_transaction(self, change: Change) -> str:
        with self._context.database.transaction() as session:
            done = change(session, self._context.doorkeeper.author(self._visitor))
        self._context.downlink.wake()
        return done


def require_now(doorkeeper: Doorkeeper, visitor: Visitor, need: Need) -> None:
    """Raise SignInError unless the visitor of an open page is still who it was drawn for; ForbiddenError as the gate.

    A browser may say that a button was clicked which its page never showed.
    """
    if not doorkeeper.still_holds(visitor):
        raise SignInError("you are signed out, or may do something else by now", todo="load the page again")
    require(visitor, need)


def require_devices(session: Session, visitor: Visitor, devices: Sequence[str]) -> None:
    """Raise NotFoundError for the first of ``devices`` that is not there, or is at a site that is not theirs."""
    sites = visitor.principal.sites
    here = true() if sites is None else Device.site.in_(sites)
    for piece in chunks(devices):
        found = set(session.scalars(select(Device.id).where(Device.id.in_(piece), here)))
        for device in piece:
            if device not in found:
                raise NotFoundError("there is no such device", found=repr(device[:MAX_NAME_CHARS]))
