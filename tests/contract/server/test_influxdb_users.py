"""A real InfluxDB 1.x that asks who is there: what its administrator may, and who only has a database."""

from __future__ import annotations

import httpx
import pytest

from skerry_server.config.stores import InfluxStore
from skerry_server.errors import StoreError
from skerry_server.stores.archive import WindowQuery
from skerry_server.stores.base import Point, Query

NS = 1_700_000_000_000_000_000
POINT = Point(
    measurement="heartbeat", tags={"site": "home", "device": "cam-1"}, fields={"cpu_percent": 1.0}, time_ns=NS
)


@pytest.fixture
def administer(monkeypatch, request):
    """An InfluxDB with the users `admin` and `skerry`; gives a function that executes a statement as the first."""
    monkeypatch.setenv("INFLUXDB_HTTP_AUTH_ENABLED", "true")
    url = request.getfixturevalue("influxd")

    def execute(statement):
        answer = httpx.post(f"{url}/query", params={"q": statement}, auth=("admin", "secret"), trust_env=False)
        assert answer.status_code == 200, answer.text

    execute("CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES")
    execute("CREATE USER skerry WITH PASSWORD 'secret'")
    execute.url = url
    return execute


@pytest.fixture
def sign_in(opened, tmp_path, administer):
    """Return a function that opens the store as a user."""

    def as_user(username, password="secret"):
        (tmp_path / "store.secret").write_text(password)
        (tmp_path / "store.secret").chmod(0o600)
        return opened(InfluxStore(url=administer.url, username=username, password_file="store.secret"))

    return as_user


def test_who_is_no_administrator_uses_the_database_that_is_there(administer, sign_in):
    administer("CREATE DATABASE skerry")
    administer("GRANT ALL ON skerry TO skerry")
    store = sign_in("skerry")
    store.write([POINT])
    assert store.query(Query(measurement="heartbeat")) == [POINT]
    window = WindowQuery(
        measurement="heartbeat", fields=("cpu_percent",), start_ns=NS - 10**9, stop_ns=NS + 10**9, step_ns=10**9
    )
    assert [point.fields for point in store.windows(window)] == [{"cpu_percent": 1.0}]
    info = store.probe()
    assert info.can == {"erase"}
    assert "no administrator" in info.remarks[0]
    store.erase({"device": "cam-1"})
    assert store.query(Query(measurement="heartbeat")) == []


def test_a_database_that_is_not_there_or_not_granted_is_named_and_taken_once_it_is(administer, sign_in):
    store = sign_in("skerry")
    for statement in ("CREATE DATABASE skerry", "GRANT ALL ON skerry TO skerry"):
        with pytest.raises(StoreError, match="GRANT ALL"):
            store.write([POINT])
        administer(statement)
    store.write([POINT])


def test_an_administrator_has_it_made(sign_in):
    store = sign_in("admin")
    assert store.probe().can == {"retention", "rollup", "erase"}
    assert store.probe().remarks == ()
    store.write([POINT])


def test_a_wrong_password_is_no_missing_database(administer, sign_in):
    with pytest.raises(StoreError, match="check the user name, password"):
        sign_in("skerry", "another").probe()
