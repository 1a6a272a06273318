"""People who sign in: what they may do, and everything that must not let anybody in."""

from __future__ import annotations

import threading

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from skerry_edge.foundation.errors import ConfigError
from skerry_server.errors import ConflictError, NotFoundError
from skerry_server.registry.audit.trail import list_audit
from skerry_server.registry.models import TokenRow, UserRow, WebSessionRow
from skerry_server.registry.people import passwords, web_sessions
from skerry_server.registry.people.passwords import hash_password
from skerry_server.registry.people.roles import Principal
from skerry_server.registry.people.tokens import add_token, bearer, list_tokens, note_use, remove_token
from skerry_server.registry.people.users import (
    add_user,
    disable_user,
    enable_user,
    list_users,
    password_hash,
    remove_user,
    set_password,
    set_role,
    sign_in,
)

PASSWORD = "correct horse battery"
OTHER = "another horse battery"


@pytest.fixture(autouse=True)
def _little_effort(monkeypatch):
    """Hash in a millisecond what is to take a tenth of a second."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: cheap)


@pytest.fixture
def staff(database, ann):
    """A registry with the administrator ann and bob, who operates the yard."""
    with database.transaction() as session:
        add_user(session, ann, "ann", password_hash=hash_password(PASSWORD), role="admin")
        add_user(session, ann, "bob", password_hash=hash_password(PASSWORD), role="operator", sites=["yard"])
    return database


def signs_in(session, name, password):
    """Return who signs in, None where nobody does."""
    kept = password_hash(session, name)
    return sign_in(session, name, verified_hash=kept) if passwords.is_password(kept, password) else None


def test_who_signs_in_may_what_the_role_may_at_their_sites(staff):
    with staff.transaction() as session:
        bob = signs_in(session, "bob", PASSWORD)
    assert bob == Principal(user="bob", role="operator", sites=frozenset({"yard"}))
    assert (bob.may("viewer"), bob.may("operator"), bob.may("admin")) == (True, True, False)
    assert (bob.sees("yard"), bob.sees("home")) == (True, False)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "password"),
    [("bob", OTHER), ("bob", ""), ("bob", "x" * 2_000), ("nobody", PASSWORD), ("b\x00b", PASSWORD), ("", "")],
)
def test_nobody_else_signs_in(staff, name, password):
    with staff.transaction() as session:
        assert signs_in(session, name, password) is None


def test_passwords_and_secrets_are_in_no_row(staff, ann):
    with staff.transaction() as session:
        _, secret = add_token(session, ann, "bob", name="ci", role="viewer")
        cookie = web_sessions.begin(session, "bob", now_ms=1, lifetime_ms=9)
        rows = [*session.scalars(select(UserRow)), *session.scalars(select(TokenRow))]
        rows += [*session.scalars(select(WebSessionRow)), *list_audit(session, limit=99)]
        kept = repr([{key: value for key, value in vars(row).items() if key[0] != "_"} for row in rows])
    assert "$argon2id$" in kept
    for one in (PASSWORD, secret, cookie):
        assert one not in kept


def test_who_was_disabled_is_let_in_in_no_way(staff, ann):
    with staff.transaction() as session:
        _, secret = add_token(session, ann, "bob", name="ci", role="viewer")
        cookie = web_sessions.begin(session, "bob", now_ms=1, lifetime_ms=9)
        disable_user(session, ann, "bob")
        assert signs_in(session, "bob", PASSWORD) is None
        assert bearer(session, secret, now_ms=2) is None
        assert web_sessions.visit(session, cookie, now_ms=2, idle_ms=99) is None
        enable_user(session, ann, "bob")
        assert bearer(session, secret, now_ms=2) is not None
        assert web_sessions.visit(session, cookie, now_ms=2, idle_ms=99) is None


def test_another_password_ends_what_was_signed_in_with_the_old_one(staff, ann):
    with staff.transaction() as session:
        cookie = web_sessions.begin(session, "bob", now_ms=1, lifetime_ms=9)
        set_password(session, ann, "bob", hash_password(OTHER))
        assert signs_in(session, "bob", PASSWORD) is None
        assert signs_in(session, "bob", OTHER) is not None
        assert web_sessions.visit(session, cookie, now_ms=2, idle_ms=99) is None


def test_a_token_may_no_more_than_itself_and_its_user(staff, ann):
    with staff.transaction() as session:
        _, high = add_token(session, ann, "bob", name="high", role="admin")
        _, low = add_token(session, ann, "ann", name="low", role="viewer", sites=["home"])
        _, apart = add_token(session, ann, "bob", name="apart", role="viewer", sites=["home"])
        assert bearer(session, high, now_ms=1) == Principal(user="bob", role="operator", sites=frozenset({"yard"}))
        assert bearer(session, low, now_ms=1) == Principal(user="ann", role="viewer", sites=frozenset({"home"}))
        assert bearer(session, apart, now_ms=1).sites == frozenset()
        set_role(session, ann, "bob", role="viewer", sites=None)
        assert bearer(session, high, now_ms=1) == Principal(user="bob", role="viewer", sites=None)


def test_a_token_is_worth_nothing_after_its_end_or_when_it_is_removed(staff, ann):
    with staff.transaction() as session:
        row, secret = add_token(session, ann, "bob", name="ci", role="viewer", expires_ms=2_000)
        assert bearer(session, secret, now_ms=1_999) is not None
        assert bearer(session, secret, now_ms=2_000) is None
        assert bearer(session, secret + "x", now_ms=1_999) is None
        assert bearer(session, "\ud800", now_ms=1_999) is None
        remove_token(session, ann, row.id)
        assert bearer(session, secret, now_ms=1_999) is None
        with pytest.raises(NotFoundError):
            remove_token(session, ann, row.id)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_use_of_a_token_is_noted_to_the_minute(staff, ann):
    with staff.transaction() as session:
        row, secret = add_token(session, ann, "bob", name="ci", role="viewer")
        for now_ms, noted_ms in ((5_000, 5_000), (30_000, 5_000), (65_000, 65_000)):
            note_use(session, secret, now_ms=now_ms)
            assert row.last_used_ms == noted_ms
        assert [one.name for one in list_tokens(session, user="bob")] == ["ci"]


def test_a_browser_is_known_until_its_time_is_over_or_it_signs_out(staff):
    with staff.transaction() as session:
        one, other = (web_sessions.begin(session, "bob", now_ms=1, lifetime_ms=99) for _ in range(2))
        assert one != other
        assert web_sessions.visit(session, one, now_ms=99, idle_ms=99).principal.user == "bob"
        assert web_sessions.visit(session, one, now_ms=100, idle_ms=99) is None
        web_sessions.end(session, other)
        assert web_sessions.visit(session, other, now_ms=5, idle_ms=99) is None
        web_sessions.begin(session, "ann", now_ms=100, lifetime_ms=9)
        assert [row.user for row in session.scalars(select(WebSessionRow))] == ["ann"]


def test_of_two_administrators_who_disable_each_other_at_once_one_is_left(database, url, opened, ann):
    with database.transaction() as session:
        for name in ("ann", "eve"):
            add_user(session, ann, name, password_hash=hash_password(PASSWORD), role="admin")
    begin, failed = threading.Barrier(2), []

    def disable(name):
        own = opened(url)
        own.probe()
        begin.wait()
        try:
            with own.transaction() as session:
                disable_user(session, ann, name)
        except ConflictError as error:
            failed.append(error)

    threads = [threading.Thread(target=disable, args=(name,)) for name in ("ann", "eve")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 1


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        lambda session, ann: set_role(session, ann, "ann", role="operator", sites=None),
        lambda session, ann: set_role(session, ann, "ann", role="admin", sites=["yard"]),
        lambda session, ann: disable_user(session, ann, "ann"),
        lambda session, ann: remove_user(session, ann, "ann"),
        lambda session, ann: add_user(session, ann, "bob", password_hash=hash_password(PASSWORD), role="viewer"),
    ],
)
def test_nobody_locks_everybody_out_and_no_name_is_taken_twice(staff, ann, change):
    with pytest.raises(ConflictError), staff.transaction() as session:
        change(session, ann)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        lambda session, ann: add_user(session, ann, "eve", password_hash=hash_password("short"), role="viewer"),
        lambda session, ann: add_user(session, ann, "eve", password_hash=hash_password(PASSWORD), role="root"),
        lambda session, ann: add_user(session, ann, "Eve Smith", password_hash=hash_password(PASSWORD), role="viewer"),
        lambda session, ann: add_user(
            session, ann, "eve", password_hash=hash_password(PASSWORD), role="viewer", sites=[]
        ),
        lambda session, ann: add_user(
            session, ann, "eve", password_hash=hash_password(PASSWORD), role="viewer", sites=["+"]
        ),
        lambda session, ann: add_token(session, ann, "bob", name="x" * 200, role="viewer"),
        lambda session, ann: add_token(session, ann, "bob", name="x", role="viewer", expires_ms=1),
        lambda session, ann: add_token(session, ann, "eve", name="x", role="viewer"),
        lambda session, ann: set_password(session, ann, "eve", hash_password(PASSWORD)),
    ],
)
def test_what_cannot_be_is_refused(staff, ann, change):
    with pytest.raises(ConfigError) as caught, staff.transaction() as session:
        change(session, ann)
    assert PASSWORD not in str(caught.value)


def test_a_user_is_removed_with_all_tokens(staff, ann):
    with staff.transaction() as session:
        add_token(session, ann, "bob", name="ci", role="viewer")
        remove_user(session, ann, "bob")
        assert [row.name for row in list_users(session)] == ["ann"]
        assert list_tokens(session) == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_browser_that_lies_unused_is_signed_out(staff):
    with staff.transaction() as session:
        cookie = web_sessions.begin(session, "bob", now_ms=1, lifetime_ms=10**9)
        assert web_sessions.visit(session, cookie, now_ms=100, idle_ms=100).principal.user == "bob"
        assert web_sessions.visit(session, cookie, now_ms=101, idle_ms=100) is None
        web_sessions.note_visit(session, cookie, now_ms=100)
        assert web_sessions.visit(session, cookie, now_ms=199, idle_ms=100).is_noted
        assert not web_sessions.visit(session, cookie, now_ms=100_000, idle_ms=10**6).is_noted
