"""Who may change what from a page that is open: asked again at the moment of the click, whatever the page shows."""

from __future__ import annotations

import asyncio

import pytest

from skerry_server.auth.doorkeeper import Doorkeeper
from skerry_server.auth.table import OPERATOR, OPERATOR_EVERYWHERE
from skerry_server.auth.visitors import ForbiddenError, SignInError, Visitor, local_visitor
from skerry_server.errors import NotFoundError
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.devices import Claim, bind
from skerry_server.registry.people.passwords import hash_password
from skerry_server.registry.people.roles import Principal
from skerry_server.registry.people.users import add_user, disable_user, set_role
from skerry_server.ui.changing import require_devices, require_now

AUTHOR = Author(name="setup", ts_ms=1)
PASSWORD = "correct horse battery"


@pytest.fixture
def doorkeeper(database):
    """A door with an administrator, an operator of all sites, and one of a single site."""
    with database.transaction() as session:
        for name, role, sites in (("ann", "admin", None), ("oli", "operator", None), ("vic", "operator", ["home"])):
            add_user(session, AUTHOR, name, password_hash=hash_password(PASSWORD), role=role, sites=sites)
    return Doorkeeper(database, is_local_only=True)


def signed_in(doorkeeper, name):
    return asyncio.run(doorkeeper.sign_in(name, PASSWORD, address="a"))


def test_whoever_is_signed_in_with_the_role_may(doorkeeper):
    require_now(doorkeeper, signed_in(doorkeeper, "oli"), OPERATOR)


def test_a_click_of_somebody_who_was_made_a_viewer_meanwhile_is_refused(doorkeeper, database):
    visitor = signed_in(doorkeeper, "oli")
    with database.transaction() as session:
        set_role(session, AUTHOR, "oli", role="viewer", sites=None)
    with pytest.raises(SignInError, match="may do something else"):
        require_now(doorkeeper, visitor, OPERATOR)


def test_a_click_of_somebody_who_may_not_sign_in_any_more_is_refused(doorkeeper, database):
    visitor = signed_in(doorkeeper, "oli")
    with database.transaction() as session:
        disable_user(session, AUTHOR, "oli")
    with pytest.raises(SignInError):
        require_now(doorkeeper, visitor, OPERATOR)


def test_a_page_that_was_open_before_there_was_a_user_changes_nothing_any_more(doorkeeper):
    with pytest.raises(SignInError):
        require_now(doorkeeper, local_visitor(), OPERATOR)


def test_what_is_for_all_sites_is_not_for_who_has_one(doorkeeper):
    with pytest.raises(ForbiddenError):
        require_now(doorkeeper, signed_in(doorkeeper, "vic"), OPERATOR_EVERYWHERE)


def test_a_device_of_another_site_is_as_if_it_were_not_there(database):
    visitor = Visitor(principal=Principal(user="vic", role="operator", sites=frozenset({"home"})), by="session")
    with database.transaction() as session:
        bind(
            session, [Claim(device=f"cam-{site}", site=site, received_ms=1) for site in ("home", "yard")], max_devices=9
        )
        require_devices(session, visitor, ["cam-home"])
        with pytest.raises(NotFoundError):
            require_devices(session, visitor, ["cam-home", "cam-yard"])
