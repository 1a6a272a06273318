"""The door under a crowd: few passwords are verified at once, and whoever comes beyond that is told so."""

from __future__ import annotations

import asyncio
import threading

import pytest

from skerry_server.auth import doorkeeper as module
from skerry_server.auth.doorkeeper import MOST_AT_THE_DOOR, VERIFIED_AT_ONCE, Doorkeeper
from skerry_server.auth.visitors import ForbiddenError, SignInError, local_visitor
from skerry_server.errors import RegistryError
from skerry_server.http_errors import TooManyError
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.people.passwords import hash_password
from skerry_server.registry.people.users import add_user

PASSWORD = "correct horse battery"
OTHER = "another horse battery"


@pytest.fixture
def doorkeeper(database):
    """A door with the administrator ann."""
    with database.transaction() as session:
        add_user(session, Author(name="setup", ts_ms=1), "ann", password_hash=hash_password(PASSWORD), role="admin")
    return Doorkeeper(database, is_local_only=True)


def test_of_a_crowd_few_are_verified_at_once_and_the_last_are_sent_away(doorkeeper, monkeypatch):
    go_on, all_inside, lock, inside, most = threading.Event(), threading.Event(), threading.Lock(), [0], [0]

    def verify(_kept, _password):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            if inside[0] == VERIFIED_AT_ONCE:
                all_inside.set()
        go_on.wait(30)
        with lock:
            inside[0] -= 1
        return False

    monkeypatch.setattr(module, "is_password", verify)

    async def crowd():
        tries = [
            asyncio.create_task(doorkeeper.sign_in(f"user-{number}", "guess", address=f"10.0.0.{number}"))
            for number in range(MOST_AT_THE_DOOR)
        ]
        await asyncio.sleep(0)
        with pytest.raises(TooManyError, match="at this moment"):
            await doorkeeper.sign_in("ann", PASSWORD, address="10.0.1.1")
        assert await asyncio.to_thread(all_inside.wait, 30)
        go_on.set()
        return await asyncio.gather(*tries, return_exceptions=True)

    assert all(isinstance(one, SignInError) for one in asyncio.run(crowd()))
    assert most == [VERIFIED_AT_ONCE]


def test_who_knows_the_password_changes_it_and_is_signed_out_everywhere(doorkeeper):
    async def change():
        ann = await doorkeeper.sign_in("ann", PASSWORD, address="desk")
        with pytest.raises(SignInError):
            await doorkeeper.change_password(ann, "a wrong password", OTHER, address="desk")
        assert doorkeeper.still_holds(ann)
        await doorkeeper.change_password(ann, PASSWORD, OTHER, address="desk")
        assert not doorkeeper.still_holds(ann)
        with pytest.raises(SignInError):
            await doorkeeper.sign_in("ann", PASSWORD, address="desk")
        assert (await doorkeeper.sign_in("ann", OTHER, address="desk")).name == "ann"
        with pytest.raises(ForbiddenError):
            await doorkeeper.change_password(local_visitor(), PASSWORD, OTHER, address="desk")

    asyncio.run(change())


def test_a_new_password_is_hashed_before_anybody_has_to_wait_to_write(doorkeeper, database, monkeypatch):
    hashed = []

    def hash_it(password):
        with database.transaction() as session:
            session.connection()
        hashed.append(password)
        return hash_password(password)

    monkeypatch.setattr(module, "hash_password", hash_it)

    async def change():
        ann = await doorkeeper.sign_in("ann", PASSWORD, address="desk")
        await doorkeeper.change_password(ann, PASSWORD, OTHER, address="desk")

    asyncio.run(change())
    assert hashed == [OTHER]


def test_a_sign_in_while_the_registry_is_away_is_no_wrong_guess(doorkeeper, database, monkeypatch):
    def away():
        raise RegistryError("the registry's database cannot be used")

    async def sign_in():
        with monkeypatch.context() as patch:
            patch.setattr(database, "reading", away)
            for _ in range(20):
                with pytest.raises(RegistryError):
                    await doorkeeper.sign_in("ann", PASSWORD, address="desk")
        return await doorkeeper.sign_in("ann", PASSWORD, address="desk")

    assert asyncio.run(sign_in()).name == "ann"
