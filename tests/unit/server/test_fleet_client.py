"""What answers in a Skerry server's place is told so, and no name leads to another path."""

from __future__ import annotations

import httpx
import pytest

from skerry_edge.foundation.errors import ConfigError, DataError
from skerry_server.fleet.account import Account
from skerry_server.fleet.client import Client, part


@pytest.fixture
def asking(monkeypatch):
    """Return a function that lists the devices of a server with these answers, the last again and again."""
    client = httpx.Client

    def ask(*answers):
        rest = list(answers)
        transport = httpx.MockTransport(lambda _: httpx.Response(200, json=rest.pop(0) if len(rest) > 1 else rest[0]))
        options = {"trust_env": False, "base_url": "http://127.0.0.1/api/v1/"}
        monkeypatch.setattr(httpx, "Client", lambda **_: client(transport=transport, **options))
        return list(Client(Account(url="http://127.0.0.1")).pages("devices", "devices", {}, limit=1_000))

    return ask


@pytest.mark.parametrize("answer", [{}, [], "hello", {"devices": 1, "next": None}, {"devices": []}])
def test_another_server_that_answers_is_told_so(asking, answer):
    with pytest.raises(DataError, match="does not answer as a Skerry server"):
        asking(answer)


def test_a_list_without_an_end_is_an_error(asking):
    with pytest.raises(DataError):
        asking({"devices": [], "next": "1"})
    assert asking({"devices": [{"a": 1}], "next": "1"}, {"devices": [{"a": 2}], "next": None}) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_be_another_path_is_refused(name):
    with pytest.raises(ConfigError, match="no name"):
        part(name)
