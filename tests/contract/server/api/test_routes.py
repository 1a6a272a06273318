"""Every route has a declared need, and is closed to whoever does not have it."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import select
from starlette.routing import Mount, Route
from starlette.websockets import WebSocketDisconnect

from skerry_server.auth.credentials import COOKIE
from skerry_server.auth.table import TABLE, VIEWER, declared, need_of
from skerry_server.auth.visitors import Visitor
from skerry_server.config.http import Http
from skerry_server.config.server import ServerConfig, Settings
from skerry_server.health import Health
from skerry_server.registry.models import AuditRow
from skerry_server.registry.people.roles import ROLES, Principal
from skerry_server.serving import Serving
from skerry_server.stores.sqlite import SqliteStore
from skerry_server.ui.pages.groups import GroupsPage

OF_A_SITE = re.compile(r"\{(device|alert|silence|group|command|stage)\}")
HOME_CAMERA = "rtsp://camera-at-home.example"
LIVE = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
KNOWN = {
    "command": "unknown",
    "device": "cam-1",
    "group": "all",
    "stage": "1",
    "event": "m7",
    "alert": "1",
    "letter": "1",
    "silence": "1",
    "token": "1",
    "user": "oli",
    "name": "cam-1",
    "rest": "nothing",
}
BODIES = {
    ("POST", "/api/v1/devices/{device}/commands"): {"name": "ping"},
    ("POST", "/api/v1/groups/{group}/commands"): {"name": "ping"},
    ("POST", "/api/v1/groups/{group}/devices"): {"devices": ["cam-1"]},
    ("POST", "/api/v1/stages"): {"group": "all"},
    ("POST", "/api/v1/silences"): {"device": "cam-1", "lasts_s": 60},
}


def walk(routes):
    """Yield (method, path) of every route, whatever it is nested in."""
    for route in routes:
        original = getattr(route, "original_router", None)
        if original is not None:
            yield from walk(original.routes)
        elif isinstance(route, Mount):
            # What is mounted at the root is the dashboard with its pages; any other mount is a folder of files.
            yield from walk(route.routes) if not route.path else [("*", f"{route.path}/{{rest:path}}")]
        elif isinstance(route, APIRoute | Route):
            for method in route.methods - {"HEAD"}:
                yield method, route.path
        else:
            pytest.fail(f"a route of a kind that this test does not know: {route!r}")


def filled(path):
    return re.sub(r"\{(\w+)(:path)?\}", lambda found: KNOWN[found[1]], path)


def guarded():
    """Every line of the table that needs a role, as (method, path, need)."""
    return [(method, path, need) for (method, path), need in TABLE.items() if need.role and method != "*"]


@pytest.fixture
def whole_server(tmp_path, fleet, free_port):
    """The application as it is served, with the dashboard, over the registry of ``fleet``."""
    config = ServerConfig(http=Http(port=free_port()))
    settings = Settings(config=config, base=tmp_path, state=tmp_path)
    database, store, downlink = fleet.database, SqliteStore(tmp_path / "telemetry.sqlite"), fleet.downlink
    serving = Serving(settings, store=store, database=database, health=Health(), downlink=downlink)
    fleet.app = serving.application()
    yield fleet
    serving.close()
    store.close()


def test_every_route_of_api_and_dashboard_is_declared(whole_server):
    found = set(walk(whole_server.app.routes))
    assert {path for _, path in found} >= {"/api/v1/devices", "/api/v1/session", "/healthz", "/sign-in", "/", "/audit"}
    assert [one for one in sorted(found) if declared(*one) is None and not is_of_nicegui(*one)] == []


def is_of_nicegui(method, path):
    """Tell whether a route belongs to NiceGUI's own files, which the table names as one."""
    return path.startswith("/_nicegui") and need_of(method, path) == VIEWER


def test_every_line_of_the_table_for_the_api_has_a_route(fleet):
    found = set(walk(fleet.app.routes))
    assert [one for one in TABLE if one[1].startswith("/api/") and one not in found] == []


def test_whatever_changes_something_needs_an_operator_and_what_ends_it_for_good_an_administrator():
    own = {"/api/v1/session", "/api/v1/session/password", "/sign-in", "/api/v1/tokens", "/api/v1/tokens/{token}"}
    changing = {one: need for one, need in TABLE.items() if one[0] not in ("GET", "*") and one[1] not in own}
    assert [one for one, need in changing.items() if need.role not in ("operator", "admin")] == []
    for path in ("/api/v1/users", "/api/v1/users/{user}", "/api/v1/devices/{device}", "/api/v1/audit"):
        assert all(
            need.role == "admin" for one, need in TABLE.items() if one[1] == path and one[0] in ("DELETE", "POST")
        )


def test_nothing_but_health_and_sign_in_is_open_to_strangers(whole_server):
    found = sorted(set(walk(whole_server.app.routes)))
    assert [one for one in found if is_open_to_strangers(whole_server, *one)] == [
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/sign-in"),
        ("POST", "/api/v1/session"),
    ]  # and POST /sign-in, which answers 401 to who sends no name


def is_open_to_strangers(fleet, method, path):
    path = re.sub(r"\{\w+(:path)?\}", "x", path)
    answer = fleet.client().request("GET" if method == "*" else method, path, follow_redirects=False)
    return answer.status_code != 401 and not answer.headers.get("location", "").startswith("/sign-in")


def test_no_route_answers_without_credentials_or_with_too_little_of_them(fleet):
    for method, path, need in guarded():
        asked = {"method": method, "url": filled(path), "json": BODIES.get((method, path)), "follow_redirects": False}
        stranger = fleet.client().request(**asked)
        assert stranger.status_code == 401 or stranger.headers["location"].startswith("/sign-in"), path
        assert fleet.client(authorization="Bearer skerry_guessed").request(**asked).status_code in (401, 303), path
        too_low = ROLES[: ROLES.index(need.role)]
        for name in (name for name, role in (("vic", "viewer"), ("oli", "operator")) if role in too_low):
            assert fleet.as_(name).request(**asked).status_code == 403, (name, method, path)
        if need.everywhere:
            assert fleet.as_("yara").request(**asked).status_code == 403, (method, path)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer skerry_revoked"}])
def test_metrics_say_who_may_not_read_them_to_prometheus_and_send_it_to_no_page(fleet, headers):
    answer = fleet.client(**headers).get("/metrics", follow_redirects=False)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["todo"]


def test_nobody_reaches_a_foreign_site(fleet):
    for method, path, _ in [one for one in guarded() if OF_A_SITE.search(one[1]) and not one[2].everywhere]:
        body = {} if method in ("PUT", "PATCH") else BODIES.get((method, path))
        headers = {"if-match": "*"} if method == "PUT" else {}
        answer = fleet.as_("yara").request(method, filled(path), json=body, headers=headers)
        if answer.status_code < 300:
            # What is about a group shows and changes what of it is in the yard.
            assert "{group}" in path
            assert "cam-1" not in answer.text
            assert "bell-1" in answer.text
        else:
            assert answer.status_code == 404, (method, path, answer.text)
    with fleet.database.reading() as session:
        about_home = select(AuditRow.subject).where(AuditRow.actor == "yara", AuditRow.detail.contains("cam-"))
        assert session.execute(about_home).all() == []


def test_lists_show_what_belongs_to_ones_sites_and_nothing_else(fleet):
    yara, ann = fleet.as_("yara"), fleet.as_("ann")
    for path in ("devices", "events", "commands", "alerts", "summary", "groups/all", "models"):
        assert "cam-" not in yara.get(f"/api/v1/{path}").text, path
    assert [one["device"] for one in yara.get("/api/v1/devices").json()["devices"]] == ["bell-1"]
    assert yara.get("/api/v1/summary").json()["devices"] == 1
    assert ann.get("/api/v1/summary").json()["devices"] == 3
    assert yara.get("/api/v1/groups").json()["groups"][0]["devices"] == 1


def test_a_stage_is_decided_only_by_whoever_has_all_its_devices(fleet):
    yves = fleet.as_("yves")
    for path in ("stages/1/apply", "stages/1/discard"):
        assert yves.post(f"/api/v1/{path}").status_code == 404
    fleet.as_("ann").put("/api/v1/groups/empty", json={})
    for group in ("all", "empty"):
        assert yves.post("/api/v1/stages", json={"group": group}).status_code == 403
    made = yves.post("/api/v1/stages", json={"group": "yard-only"}).json()
    assert yves.get("/api/v1/stages").json()["stages"] == [made]
    assert yves.post(f"/api/v1/stages/{made['id']}/apply").status_code == 200


def test_nothing_shows_what_is_staged_for_another_site(fleet):
    shown = []
    for method, path, need in guarded():
        if method == "GET" and path.startswith("/api/") and not need.everywhere:
            assert HOME_CAMERA not in fleet.as_("yara").get(filled(path)).text, path
            shown += [path] if HOME_CAMERA in fleet.as_("ann").get(filled(path)).text else []
    assert shown == ["/api/v1/stages", "/api/v1/stages/{stage}"]
    for sites, is_shown in ((None, True), (frozenset({"yard"}), False)):
        visitor = Visitor(principal=Principal(user="x", role="admin", sites=sites), by="session")
        assert (HOME_CAMERA in GroupsPage(fleet.context, visitor, {}).read()["groups"]) == is_shown


def test_a_silence_of_no_device_is_seen_by_all_it_holds_for_and_ended_by_who_has_all_sites(fleet):
    yves, oli = fleet.as_("yves"), fleet.as_("oli")
    (shown,) = yves.get("/api/v1/silences").json()["silences"]
    assert (shown["device"], shown["comment"]) == (None, "everywhere")
    assert yves.delete(f"/api/v1/silences/{shown['id']}").status_code == 404
    assert oli.delete(f"/api/v1/silences/{shown['id']}").status_code == 204


def test_the_live_connection_of_a_page_is_open_to_that_page_alone(whole_server):
    browser = whole_server.client()
    browser.post("/api/v1/session", json={"user": "ann", "password": "correct horse battery"})
    cookie = {"cookie": f"{COOKIE}={browser.cookies[COOKIE]}", "host": "localhost", "upgrade": "websocket"}
    foreign = {"origin": "https://evil.example"}
    for headers in ({"host": "localhost"}, foreign | cookie, {"origin": "null"} | cookie):
        with pytest.raises(WebSocketDisconnect) as closed:
            whole_server.client().websocket_connect(LIVE, headers=headers).__enter__()
        assert closed.value.code == 1008
    with whole_server.client().websocket_connect(LIVE, headers={"origin": "http://localhost"} | cookie) as live:
        # Engine.IO's greeting: the page's own connection reaches the dashboard.
        assert live.receive_text().startswith("0{")
