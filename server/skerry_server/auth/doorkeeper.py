"""Sign-in, sign-out, and who a token or a cookie stands for.

The registry is asked each time, so that the end of a session, a token or a user holds at once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping

from sqlalchemy import select

from skerry_server.auth.credentials import bearer_of, cookie_of, is_of_this_machine
from skerry_server.auth.throttle import SignInThrottle
from skerry_server.auth.visitors import ForbiddenError, SignInError, Visitor, local_visitor
from skerry_server.errors import RegistryError
from skerry_server.health import now_ms
from skerry_server.http_errors import TooManyError
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.database import Database
from skerry_server.registry.models import UserRow
from skerry_server.registry.people import tokens, users, web_sessions
from skerry_server.registry.people.passwords import hash_password, is_password, needs_new_hash
from skerry_server.threads import Threads

LIFETIME_MS = 7 * 86_400_000
IDLE_MS = 12 * 3_600_000
"""A browser is signed out after this long without a question; a page that is open asks all the time."""
VERIFIED_AT_ONCE = 2
"""Passwords; each takes all processors for a while, and 64 MiB."""
MOST_AT_THE_DOOR = 32
"""Sign-ins under way, of which all but VERIFIED_AT_ONCE wait; who comes then is told to come again."""
CROWD_WAIT_S = 2


class Doorkeeper:
    """Knows who asks. ``is_local_only`` says that nobody but this machine can reach the server.

    All methods may be called from any thread; `sign_in` and `change_password` are for the event loop.
    """

    def __init__(
        self, database: Database, *, is_local_only: bool, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._is_local_only = is_local_only
        self._clock_s = clock_s
        self._throttle = SignInThrottle()
        self._verifying = Threads("sign-in", most=VERIFIED_AT_ONCE)
        self._was_open = False

    def has_users(self) -> bool:
        """Tell whether anybody can sign in. Raises RegistryError."""
        with self._database.reading() as session:
            return session.scalar(select(UserRow.name).limit(1)) is not None

    def is_open(self) -> bool:
        """Tell whether whoever is at this machine may do everything: only while there is no user at all.

        Raises RegistryError where that was never known. While the registry is away, what was true last holds: nothing
        can be read or changed then anyway.
        """
        if not self._is_local_only:
            return False
        try:
            self._was_open = not self.has_users()
        except RegistryError:
            if not self._was_open:
                raise
        return self._was_open

    def identify(self, headers: Mapping[str, str]) -> Visitor | None:
        """Return who sends a request with these headers; None where nobody signed in.

        Raises RegistryError, and SignInError for a token that is worth nothing: whoever shows one means it.
        """
        secret = bearer_of(headers)
        if secret is not None:
            return self._of_token(secret)
        secret = cookie_of(headers)
        visitor = self._of_session(secret) if secret is not None else None
        if visitor is None and is_of_this_machine(headers) and self.is_open():
            return local_visitor()
        return visitor

    def still_holds(self, visitor: Visitor) -> bool:
        """Tell whether who looks at a page may go on, for one that is open for long. Raises RegistryError."""
        if visitor.by == "local":
            return self.is_open()
        if visitor.secret is None or visitor.by == "token":
            return False
        found = self._of_session(visitor.secret)
        return found is not None and found.principal == visitor.principal

    async def sign_in(self, name: str, password: str, *, address: str, earlier: str | None = None) -> Visitor:
        """Return a visitor with a new session; ``earlier``, the secret of a session that the browser had, ends with it.

        Raises SignInError, TooManyError and RegistryError.
        """
        verified_hash = await self._verified(name, password, address)
        return await self._verifying.run(self._begin, name, password, verified_hash, earlier)

    async def change_password(self, visitor: Visitor, password: str, new_password: str, *, address: str) -> None:
        """Give a visitor who knows the present password another one, and sign them out everywhere.

        Raises ForbiddenError, SignInError, TooManyError, ConfigError and RegistryError.
        """
        if visitor.by != "session":
            raise ForbiddenError("only who signed in with a password can change it")
        verified_hash = await self._verified(visitor.name, password, address)
        await self._verifying.run(self._renew, visitor, verified_hash, new_password)

    def sign_out(self, visitor: Visitor) -> None:
        """End the session of a visitor. Raises RegistryError."""
        if visitor.by == "session" and visitor.secret is not None:
            with self._database.transaction() as session:
                web_sessions.end(session, visitor.secret)

    def author(self, visitor: Visitor) -> Author:
        """Return the visitor as the author of a change that is made now."""
        return visitor.author(now_ms())

    async def _verified(self, name: str, password: str, address: str) -> str:
        """Return the hash that ``password`` fits. No transaction is open meanwhile: nobody who writes waits for it."""
        wait_s = self._throttle.wait_s(name, address, now_s=self._clock_s())
        if wait_s > 0:
            raise TooManyError("too many sign-ins failed", retry_after_s=math.ceil(wait_s))
        if self._verifying.under_way >= MOST_AT_THE_DOOR:
            raise TooManyError("too many sign in at this moment", retry_after_s=CROWD_WAIT_S)
        # Counted before the check, which takes long: else many at once would all be let through to it.
        self._throttle.failed(name, address, now_s=self._clock_s())
        try:
            verified_hash = await self._verifying.run(self._verify, name, password)
        except RegistryError:
            self._throttle.take_back(name, address)
            raise
        self._throttle.succeeded(name, address)
        return verified_hash

    def _verify(self, name: str, password: str) -> str:
        with self._database.reading() as session:
            kept = users.password_hash(session, name)
        if not is_password(kept, password) or kept is None:
            raise SignInError("the name or the password is wrong")
        return kept

    def _begin(self, name: str, password: str, verified_hash: str, earlier: str | None) -> Visitor:
        new_hash = hash_password(password) if needs_new_hash(verified_hash) else None
        with self._database.transaction() as session:
            principal = users.sign_in(session, name, verified_hash=verified_hash, new_hash=new_hash)
            if principal is None:
                raise SignInError("the name or the password is wrong")
            if earlier is not None:
                web_sessions.end(session, earlier)
            secret = web_sessions.begin(session, principal.user, now_ms=now_ms(), lifetime_ms=LIFETIME_MS)
        return Visitor(principal=principal, by="session", secret=secret)

    def _renew(self, visitor: Visitor, verified_hash: str, new_password: str) -> None:
        new_hash = hash_password(new_password)
        with self._database.transaction() as session:
            if users.sign_in(session, visitor.name, verified_hash=verified_hash) is None:
                raise SignInError("the password was changed meanwhile")
            users.set_password(session, self.author(visitor), visitor.name, new_hash)

    def _of_token(self, secret: str) -> Visitor:
        with self._database.reading() as session:
            principal = tokens.bearer(session, secret, now_ms=now_ms())
            is_noted = principal is None or tokens.is_use_noted(session, secret, now_ms=now_ms())
        if principal is None:
            raise SignInError("the token is worth nothing", todo="take one that has not expired and was not revoked")
        if not is_noted:
            with self._database.transaction() as session:
                tokens.note_use(session, secret, now_ms=now_ms())
        return Visitor(principal=principal, by="token", secret=secret)

    def _of_session(self, secret: str) -> Visitor | None:
        with self._database.reading() as session:
            found = web_sessions.visit(session, secret, now_ms=now_ms(), idle_ms=IDLE_MS)
        if found is None:
            return None
        if not found.is_noted:
            with self._database.transaction() as session:
                web_sessions.note_visit(session, secret, now_ms=now_ms())
        return Visitor(principal=found.principal, by="session", secret=secret)
