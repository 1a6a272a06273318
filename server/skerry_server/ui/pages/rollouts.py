"""Rollouts: all of them with their progress, and a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from sqlalchemy.orm import Session

from skerry_edge.foundation.errors import SkerryError
from skerry_server.api.context import Context
from skerry_server.auth.table import OPERATOR_EVERYWHERE
from skerry_server.auth.visitors import Visitor
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.fleet.groups import list_groups
from skerry_server.rollouts.catalogue import completed
from skerry_server.rollouts.changes import create
from skerry_server.rollouts.reading import list_rollouts, tallies
from skerry_server.rollouts.spec import read_spec
from skerry_server.ui.asking import Field, ask
from skerry_server.ui.frame import Page
from skerry_server.ui.rollout_form import ALL, wish_of
from skerry_server.ui.templating import render
from skerry_server.ui.views.rollouts import rollout_line

SHOWN = 100


class RolloutsPage(Page):
    """The newest rollouts; for whoever has all sites, as a rollout is not of one."""

    title = "Rollouts"
    here = "/rollouts"
    refresh_s = 2.0

    def __init__(self, context: Context, visitor: Visitor, query: Mapping[str, str]) -> None:
        super().__init__(context, visitor)
        del query

    def read(self) -> Mapping[str, str]:
        """Return the page as one region."""
        with self.context.database.reading() as session:
            rows = list_rollouts(session, limit=SHOWN)
            counts = tallies(session, [row.id for row in rows])
        lines = [rollout_line(row, counts[row.id]) for row in rows]
        return {"rollouts": render("rollouts.html", rows=lines, may_operate=self.may_operate)}

    async def act(self, act: str, of: str, picked: list[str]) -> None:
        """Make a rollout."""
        del of, picked
        if act == "new":
            await self._make()

    async def _make(self) -> None:
        text = "Nothing is sent before it is started. Sizes are numbers of devices, or shares as 5%."
        fields = await asyncio.to_thread(self._fields)
        given = await ask("New rollout", text, confirm="Make", fields=fields)
        if given is None:
            return

        def change(session: Session, author: Author) -> str:
            wish = completed(wish_of(given), self.context.catalogue)
            if self.context.config.ota.second_person:
                wish["needs_approval"] = True
            row = create(session, author, read_spec(wish))
            return f"rollout {row.id} is made: look at its plan, then start it"

        await self.changes.make(change, need=OPERATOR_EVERYWHERE)

    def _fields(self) -> list[Field]:
        with self.context.database.reading() as session:
            groups = {ALL: "all devices", **{row.name: row.name for row, _ in list_groups(session)}}
        return [
            *self._release_fields(),
            Field(name="group", label="Devices", kind="choice", value=ALL, choices=groups),
            Field(name="canary", label="Canary", value="5%"),
            Field(name="steps", label="Steps", value="25%, 100%", hint="the last one is repeated"),
            Field(name="success_percent", label="Percent that must succeed", value="95"),
            Field(name="soak_s", label="Seconds that each stage is watched", value="600"),
            Field(
                name="on_failure",
                label="Where a gate fails",
                kind="choice",
                value="pause",
                choices={"pause": "pause", "back": "pause, and order devices back"},
            ),
            Field(
                name="approval",
                label="Approval",
                kind="choice",
                value="no",
                choices={"no": "not needed", "yes": "a second person must approve"},
            ),
        ]

    def _release_fields(self) -> list[Field]:
        """Return the choice of what is published; lines to be filled in where there is no repository to ask."""
        try:
            published = self.context.catalogue.releases() if self.context.catalogue else []
        except SkerryError:
            # It is told when the rollout is made; until then what was published can be named by hand.
            published = []
        if published:
            choices = {
                f"{one.kind}/{one.name} {one.version}": f"{one.name} {one.version} ({one.kind}, counter {one.counter})"
                for one in published
            }
            # An agent's release is the gravest one: it is chosen, never left as it stood.
            first = next((one for one in choices if not one.startswith("agent/")), next(iter(choices)))
            return [Field(name="release", label="Release", kind="choice", value=first, choices=choices)]
        return [
            Field(name="release", label="Release", hint="model/NAME VERSION, or agent/skerry VERSION"),
            Field(name="counter", label="Its release counter"),
        ]
