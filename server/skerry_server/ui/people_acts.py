"""What can be done with users and tokens: each act asks first, and goes through the registry's own functions."""

from __future__ import annotations

from nicegui import ui
from sqlalchemy.orm import Session

from skerry_edge.foundation.errors import SkerryError
from skerry_server.api.context import Context
from skerry_server.auth.table import ADMIN_EVERYWHERE, VIEWER
from skerry_server.auth.token_rules import administers, may_revoke, token_sites
from skerry_server.auth.visitors import Visitor
from skerry_server.errors import NotFoundError
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.models import TokenRow, UserRow
from skerry_server.registry.people import users
from skerry_server.registry.people.passwords import hash_password
from skerry_server.registry.people.tokens import add_token, remove_token
from skerry_server.ui.asking import Field, ask, show_once
from skerry_server.ui.changing import Change, Changes
from skerry_server.ui.threads import PAGES
from skerry_server.ui.views.event_filter import is_number
from skerry_server.ui.views.people import password_fields, read_expiry, read_new_password, read_role, role_fields


class PeopleActs:
    """The acts of one open page."""

    def __init__(self, context: Context, visitor: Visitor, changes: Changes) -> None:
        self._context = context
        self._visitor = visitor
        self._changes = changes

    async def act(self, act: str, of: str) -> None:
        """Do what a button stands for."""
        match act:
            case "add":
                await self._add()
            case "role":
                await self._give_role(of)
            case "password":
                await self._give_password(of)
            case "disable" | "enable" | "remove":
                await self._decide(act, of)
            case "own-password":
                await self._change_own_password()
            case "token":
                await self._make_token()
            case "revoke" if is_number(of):
                await self._revoke(int(of))
            case _:
                return

    async def _add(self) -> None:
        role = "viewer" if await PAGES.run(self._context.doorkeeper.has_users) else "admin"
        fields = [Field(name="name", label="Name", hint="a-z, 0-9 and -"), *password_fields(), *role_fields(role)]
        text = "With the first user sign-in begins: it must be an administrator of all sites."
        given = await ask("New user", text, confirm="Add", fields=fields)
        if given is None:
            return

        def prepare() -> Change:
            name, (role, sites) = given["name"].strip(), read_role(given)
            password_hash = hash_password(read_new_password(given))

            def change(session: Session, author: Author) -> str:
                users.add_user(session, author, name, password_hash=password_hash, role=role, sites=sites)
                return f"'{name}' may sign in"

            return change

        await self._changes.make_prepared(prepare, need=ADMIN_EVERYWHERE)

    async def _give_role(self, name: str) -> None:
        row = await PAGES.run(self._read_user, name)
        text = f"What '{name}' may do, and where, from now on."
        given = await ask("Role and sites", text, confirm="Save", fields=role_fields(row.role, row.sites))
        if given is None:
            return

        def change(session: Session, author: Author) -> str:
            role, sites = read_role(given)
            users.set_role(session, author, name, role=role, sites=sites)
            return f"'{name}' is {role}"

        await self._changes.make(change, need=ADMIN_EVERYWHERE)

    async def _give_password(self, name: str) -> None:
        await PAGES.run(self._read_user, name)
        text = f"'{name}' is signed out everywhere; tokens stay."
        given = await ask("Another password", text, confirm="Save", fields=password_fields(), is_grave=True)
        if given is None:
            return

        def prepare() -> Change:
            new_hash = hash_password(read_new_password(given))

            def change(session: Session, author: Author) -> str:
                users.set_password(session, author, name, new_hash)
                return f"'{name}' has another password"

            return change

        await self._changes.make_prepared(prepare, need=ADMIN_EVERYWHERE)

    async def _decide(self, act: str, name: str) -> None:
        await PAGES.run(self._read_user, name)
        decide, done, text = {
            "disable": (users.disable_user, "may sign in no more", "Signed out at once; tokens are worth nothing."),
            "enable": (users.enable_user, "may sign in again", "Tokens are worth something again."),
            "remove": (users.remove_user, "is removed", "All tokens go as well; the audit keeps the name."),
        }[act]
        if await ask(f"{act.capitalize()} '{name}'", text, confirm=act.capitalize(), is_grave=act != "enable") is None:
            return

        def change(session: Session, author: Author) -> str:
            decide(session, author, name)
            return f"'{name}' {done}"

        await self._changes.make(change, need=ADMIN_EVERYWHERE)

    async def _change_own_password(self) -> None:
        fields = [
            Field(name="present", label="Present password", kind="secret", autocomplete="current-password"),
            *password_fields(),
        ]
        text = "You are signed out everywhere, here as well; your tokens stay."
        given = await ask("Change your password", text, confirm="Change", fields=fields)
        if given is None:
            return
        visitor = self._visitor
        try:
            await self._context.doorkeeper.change_password(
                # Guesses from an open page are slowed down as those from an address are.
                visitor,
                given["present"],
                read_new_password(given),
                address=f"the dashboard of {visitor.name}",
            )
        except SkerryError as error:
            ui.notify(str(error), type="negative", multi_line=True, close_button="Close")
        else:
            ui.notify("Your password is changed; sign in with it", type="positive")

    async def _make_token(self) -> None:
        fields = [
            Field(name="name", label="What it is for"),
            *([Field(name="user", label="User", value=self._visitor.name)] if administers(self._visitor) else []),
            *role_fields(),
            Field(name="days", label="Days", value="90", hint="after which it ends; empty for never"),
        ]
        text = "Programs sign in with it. It can do no more than its user, and no more than its role."
        given = await ask("New token", text, confirm="Make", fields=fields)
        if given is None:
            return
        secrets: list[str] = []

        def change(session: Session, author: Author) -> str:
            user, (role, sites) = given.get("user", self._visitor.name).strip(), read_role(given)
            sites = token_sites(self._visitor, user=user, role=role, sites=sites)
            expires_ms = read_expiry(given, now_ms=author.ts_ms)
            row, secret = add_token(
                session, author, user, name=given["name"].strip(), role=role, sites=sites, expires_ms=expires_ms
            )
            secrets.append(secret)
            return f"token {row.id} of '{user}' is made"

        if await self._changes.make(change, need=VIEWER):
            await show_once("The new token", "Copy it now: it cannot be shown again.", secrets[-1])

    async def _revoke(self, number: int) -> None:
        if (
            await ask(f"Revoke token {number}", "It is worth nothing from now on.", confirm="Revoke", is_grave=True)
            is None
        ):
            return

        def change(session: Session, author: Author) -> str:
            row = session.get(TokenRow, number)
            if row is None or not may_revoke(self._visitor, row.user):
                raise NotFoundError("there is no such token", found=str(number))
            remove_token(session, author, number)
            return f"token {number} is worth nothing any more"

        await self._changes.make(change, need=VIEWER)

    def _read_user(self, name: str) -> UserRow:
        with self._context.database.reading() as session:
            row = session.get(UserRow, name)
        if row is None or not administers(self._visitor):
            raise NotFoundError("there is no such user", found=repr(name[:64]))
        return row
