"""Groups of devices, and the desired states that are staged for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from skerry_server.api.context import Context
from skerry_server.api.visibility import require_whole_group, visible_stage
from skerry_server.auth.table import OPERATOR, OPERATOR_EVERYWHERE
from skerry_server.auth.visitors import Visitor
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.fleet.groups import add_group, list_groups, remove_group, visible_members
from skerry_server.registry.models import DesiredStageRow
from skerry_server.registry.orders.stages import apply_stage, discard_stage, list_stages, stage
from skerry_server.registry.orders.standing import Standing, standings, versions_of_stage
from skerry_server.ui.asking import Field, ask
from skerry_server.ui.frame import Page
from skerry_server.ui.orders import desired_fields, read_desired
from skerry_server.ui.templating import render
from skerry_server.ui.threads import PAGES
from skerry_server.ui.views.event_filter import is_number
from skerry_server.ui.views.groups import group_line, stage_line, wish_text

SHOWN_STAGES = 30


class GroupsPage(Page):
    """All groups and the newest stages."""

    title = "Groups"
    here = "/groups"
    refresh_s = 5.0

    def __init__(self, context: Context, visitor: Visitor, query: Mapping[str, str]) -> None:
        super().__init__(context, visitor)
        del query

    def read(self) -> Mapping[str, str]:
        """Return the page as one region."""
        with self.context.database.reading() as session:
            groups = list_groups(session, sites=self.visitor.principal.sites)
            stages = list_stages(session, limit=SHOWN_STAGES, sites=self.visitor.principal.sites)
            rollouts = _rollouts(session, stages)
        content = render(
            "groups.html",
            groups=[group_line(*one) for one in groups],
            stages=[stage_line(row, rollouts.get(row.id, [])) for row in stages],
            may_operate=self.may_operate,
            may_remove=self.visitor.principal.sites is None,
        )
        return {"groups": content}

    async def act(self, act: str, of: str, picked: list[str]) -> None:
        """Make or remove a group, stage a state for it, decide a stage."""
        del picked
        if act == "new":
            await self._add()
        elif act == "remove":
            await self._remove(of)
        elif act == "stage":
            await self._stage(of)
        elif act in ("apply", "discard") and is_number(of):
            await (self._apply if act == "apply" else self._discard)(int(of))

    async def _add(self) -> None:
        fields = [Field(name="name", label="Name", hint="a-z, 0-9 and -"), Field(name="note", label="Note")]
        given = await ask("New group", "It is empty at first.", confirm="Make", fields=fields)
        if given is None:
            return

        def change(session: Session, author: Author) -> str:
            add_group(session, author, given["name"].strip(), text=given["note"])
            return f"the group '{given['name'].strip()}' is made"

        await self.changes.make(change, need=OPERATOR_EVERYWHERE)

    async def _remove(self, name: str) -> None:
        text = f"The group '{name}', its stages and its silences go. Its devices stay."
        if await ask("Remove the group", text, confirm="Remove", is_grave=True) is None:
            return

        def change(session: Session, author: Author) -> str:
            remove_group(session, author, name)
            return f"the group '{name}' is removed"

        await self.changes.make(change, need=OPERATOR_EVERYWHERE)

    async def _stage(self, name: str) -> None:
        text = f"Nothing is sent to the devices of '{name}' until the stage is applied."
        given = await ask("Stage a desired state", text, confirm="Stage", fields=desired_fields({}, {}))
        if given is None:
            return

        def change(session: Session, author: Author) -> str:
            require_whole_group(session, self.visitor, name)
            config, models = read_desired(given)
            return f"stage {stage(session, author, name, config=config, models=models).id} is prepared"

        await self.changes.make(change, need=OPERATOR)

    async def _apply(self, number: int) -> None:
        row, members = await PAGES.run(self._read_stage, number)
        wish = wish_text(row.config, row.models)
        text = f"{members} devices of '{row.group}' get this as their next version:\n\n{wish}"
        if await ask("Apply the stage", text, confirm="Apply", is_grave=True) is None:
            return

        def change(session: Session, author: Author) -> str:
            visible_stage(session, self.visitor, number)
            return f"{len(apply_stage(session, author, number))} devices get stage {number}"

        await self.changes.make(change, need=OPERATOR)

    async def _discard(self, number: int) -> None:
        if await ask("Discard the stage", "It is never applied.", confirm="Discard", is_grave=True) is None:
            return

        def change(session: Session, author: Author) -> str:
            visible_stage(session, self.visitor, number)
            discard_stage(session, author, number)
            return f"stage {number} is discarded"

        await self.changes.make(change, need=OPERATOR)

    def _read_stage(self, number: int) -> tuple[DesiredStageRow, int]:
        with self.context.database.reading() as session:
            row = visible_stage(session, self.visitor, number)
            return row, len(visible_members(session, row.group, sites=None))


def _rollouts(session: Session, stages: Iterable[DesiredStageRow]) -> dict[int, list[Standing]]:
    """Return what devices made of the newest applied stage of each group, by its number; it is the one that counts."""
    newest: dict[str, DesiredStageRow] = {}
    for row in stages:
        if row.state == "applied" and row.decided_ms is not None:
            other = newest.get(row.group)
            if other is None or row.decided_ms > (other.decided_ms or 0):
                newest[row.group] = row
    return {
        row.id: standings(session, versions_of_stage(session, row, visible_members(session, group, sites=None)))
        for group, row in newest.items()
    }
