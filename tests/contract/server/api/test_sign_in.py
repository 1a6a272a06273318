"""Sign-in, sessions, forgery from other sites, throttling, limits and headers, as a browser and a program meet them."""

from __future__ import annotations

import pytest

from skerry_server.auth.credentials import COOKIE
from skerry_server.auth.gate import MAX_BODY_BYTES
from skerry_server.auth.sign_in_page import own_path
from skerry_server.auth.throttle import (
    FREE_FAILURES,
    LAST_WAIT_S,
    USER_WAIT_S,
    RateLimit,
    SignInThrottle,
    wait_after,
)
from skerry_server.config.http import Http
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.people import users

PASSWORD = "correct horse battery"
DEVICES = "/api/v1/devices"
RENAME = "/api/v1/devices/cam-1"


@pytest.fixture
def browser(fleet):
    """A browser in which ann has signed in; `csrf` is what her page sends with changes."""
    client = fleet.client()
    answer = client.post("/api/v1/session", json={"user": "ann", "password": PASSWORD})
    assert answer.status_code == 200
    client.csrf = {"x-csrf-token": answer.json()["csrf_token"]}
    return client


def test_a_session_is_a_cookie_that_no_script_reads_and_no_other_site_sends(fleet):
    answer = fleet.client().post("/api/v1/session", json={"user": "ann", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(f"{COOKIE}=skerryweb_")
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "secure" not in cookie
    assert answer.json() | {"csrf_token": None} == {
        "user": "ann",
        "role": "admin",
        "sites": None,
        "by": "session",
        "csrf_token": None,
    }


def test_a_cookie_is_secure_behind_a_proxy_that_speaks_tls(make_fleet):
    fleet = make_fleet(http=Http(behind_proxy=True))
    tls = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}
    answer = fleet.client(**tls).post("/api/v1/session", json={"user": "ann", "password": PASSWORD})
    assert "secure" in answer.headers["set-cookie"].lower()
    assert answer.headers["strict-transport-security"]


def test_each_sign_in_has_a_new_session_and_ends_the_one_before(fleet, browser):
    first = browser.cookies[COOKIE]
    browser.post("/api/v1/session", json={"user": "ann", "password": PASSWORD})
    assert browser.cookies[COOKIE] != first
    assert fleet.client(cookie=f"{COOKIE}={first}").get(DEVICES).status_code == 401
    assert browser.get(DEVICES).status_code == 200


def test_signing_out_ends_the_session_for_good(fleet, browser):
    secret = browser.cookies[COOKIE]
    assert browser.delete("/api/v1/session").status_code == 403
    assert browser.delete("/api/v1/session", headers=browser.csrf).status_code == 204
    assert fleet.client(cookie=f"{COOKIE}={secret}").get(DEVICES).status_code == 401


def test_a_change_by_cookie_needs_the_page_s_own_token_and_origin(browser):
    change = {"json": {"name": "gate"}}
    assert browser.patch(RENAME, **change).status_code == 403
    assert browser.patch(RENAME, **change, headers={"x-csrf-token": "0" * 64}).status_code == 403
    for foreign in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert browser.patch(RENAME, **change, headers={**browser.csrf, **foreign}).status_code == 403
    own = {**browser.csrf, "origin": "http://localhost", "sec-fetch-site": "same-origin"}
    assert browser.patch(RENAME, **change, headers=own).json()["name"] == "gate"
    assert browser.get(DEVICES, headers={"origin": "https://evil.example"}).status_code == 200


def test_without_users_this_machine_may_do_everything_and_nobody_else_anything(make_fleet):
    fleet = make_fleet(people=False)
    assert fleet.client().get("/api/v1/session").json()["user"] == "local"
    assert fleet.client().patch(RENAME, json={"name": "gate"}).status_code == 200
    for foreign in ({"host": "rebound.example"}, {"x-forwarded-for": "203.0.113.9"}, {"forwarded": "for=203.0.113.9"}):
        assert fleet.client(**foreign).get(DEVICES).status_code == 401
    # A page of another site can make a browser on this machine send this; it must change nothing.
    for foreign in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert fleet.client(**foreign).patch(RENAME, json={"name": "evil"}).status_code == 403
    assert fleet.client().get(RENAME).json()["name"] == "gate"


def test_as_soon_as_there_is_a_user_everybody_signs_in(make_fleet):
    fleet = make_fleet(people=False)
    wish = {"name": "ann", "password": PASSWORD, "role": "admin"}
    assert fleet.client().post("/api/v1/users", json=wish | {"role": "operator"}).status_code == 409
    assert fleet.client().post("/api/v1/users", json=wish).status_code == 201
    assert fleet.client().get(DEVICES).status_code == 401


def test_behind_a_proxy_nobody_is_let_in_for_want_of_users(make_fleet):
    fleet = make_fleet(people=False, http=Http(behind_proxy=True))
    assert fleet.client().get(DEVICES).status_code == 401


def test_what_was_signed_in_ends_with_the_user(fleet, browser):
    with fleet.database.transaction() as session:
        users.set_role(session, Author(name="x", ts_ms=1), "vic", role="admin", sites=None)
        users.disable_user(session, Author(name="x", ts_ms=1), "ann")
    assert browser.get(DEVICES).status_code == 401
    assert fleet.as_("ann").get(DEVICES).status_code == 401
    assert fleet.as_("vic").get(DEVICES).status_code == 200


def test_who_is_signed_in_changes_their_own_password_and_nobody_else_does(fleet, browser):
    path, wish = "/api/v1/session/password", {"password": PASSWORD, "new_password": "another horse battery"}
    assert browser.put(path, json=wish).status_code == 403
    assert browser.put(path, json=wish | {"new_password": "too short"}, headers=browser.csrf).status_code == 422
    assert browser.put(path, json=wish | {"password": "a guess"}, headers=browser.csrf).status_code == 401
    assert fleet.as_("ann").put(path, json=wish).status_code == 403
    secret = browser.cookies[COOKIE]
    assert browser.put(path, json=wish, headers=browser.csrf).status_code == 204
    assert fleet.client(cookie=f"{COOKIE}={secret}").get(DEVICES).status_code == 401
    sign_ins = [{"user": "ann", "password": one} for one in wish.values()]
    assert [fleet.client().post("/api/v1/session", json=one).status_code for one in sign_ins] == [401, 200]


def test_guessing_a_password_takes_ever_longer_for_that_user_and_that_address(fleet):
    guesser = fleet.client()
    wrong = {"user": "ann", "password": "a wrong password"}
    for _ in range(FREE_FAILURES):
        assert guesser.post("/api/v1/session", json=wrong).status_code == 401
    # Even the right password waits, from there and from elsewhere; others may sign in from elsewhere.
    for client, user in ((guesser, "ann"), (fleet.client(), "ann"), (guesser, "vic")):
        answer = client.post("/api/v1/session", json={"user": user, "password": PASSWORD})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
    assert fleet.client().post("/api/v1/session", json={"user": "vic", "password": PASSWORD}).status_code == 200


def test_the_wait_doubles_is_bounded_and_is_forgotten_after_success():
    throttle = SignInThrottle()
    assert [wait_after(n) for n in (0, FREE_FAILURES - 1, FREE_FAILURES, FREE_FAILURES + 1)] == [0.0, 0.0, 2.0, 4.0]
    assert wait_after(10_000) == LAST_WAIT_S
    for _ in range(FREE_FAILURES):
        throttle.failed("ann", "here", now_s=100.0)
    assert throttle.wait_s("ann", "here", now_s=100.5) == 1.5
    assert throttle.wait_s("ann", "here", now_s=102.0) == 0.0
    throttle.succeeded("ann", "here")
    assert throttle.wait_s("ann", "here", now_s=100.0) == 0.0


def test_no_stranger_keeps_a_user_out_whose_name_is_known():
    throttle = SignInThrottle()
    throttle.succeeded("ann", "desk")
    for number in range(50):
        throttle.failed("ann", f"stranger {number % 2}", now_s=100.0)
    assert throttle.wait_s("ann", "stranger 0", now_s=100.0) == LAST_WAIT_S
    assert throttle.wait_s("bob", "stranger 0", now_s=100.0) == LAST_WAIT_S
    assert throttle.wait_s("ann", "elsewhere", now_s=100.0) == USER_WAIT_S
    assert throttle.wait_s("ann", "desk", now_s=100.0) == 0.0


def test_a_password_is_verified_while_somebody_else_writes(fleet):
    wrong = {"user": "ann", "password": "a wrong password"}
    with fleet.database.transaction():
        assert fleet.client().post("/api/v1/session", json=wrong).status_code == 401


def test_requests_are_limited_by_visitor_and_the_wait_is_told(make_fleet):
    fleet = make_fleet(http=Http(requests_per_s=1.0))
    ann = fleet.as_("ann")
    answers = [ann.get("/api/v1/retention") for _ in range(15)]
    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert fleet.as_("vic").get("/api/v1/retention").status_code == 200


def test_a_bucket_fills_again_at_its_rate():
    rates = RateLimit(per_s=2.0, burst=2)
    assert [rates.take("x", now_s=0.0) for _ in range(3)] == [0, 0, 1]
    assert rates.take("y", now_s=0.0) == 0
    assert rates.take("x", now_s=0.5) == 0


def test_a_body_beyond_the_limit_is_refused_whether_it_says_its_length_or_not(fleet):
    ann = fleet.as_("ann")
    whole = b'{"note": "' + b"x" * MAX_BODY_BYTES + b'"}'
    headers = {"content-type": "application/json"}
    assert ann.patch(RENAME, content=whole, headers=headers).status_code == 413
    assert ann.patch(RENAME, content=iter([whole[:1000], whole[1000:]]), headers=headers).status_code == 413
    assert ann.patch(RENAME, content=b"{}", headers={**headers, "content-length": "-1"}).status_code == 413


def test_every_answer_has_the_security_headers(fleet):
    for path in (DEVICES, "/sign-in", "/healthz", "/api/v1/nothing", "/nothing"):
        headers = fleet.as_("ann").get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert fleet.as_("ann").get(DEVICES).headers["content-security-policy"].startswith("default-src 'none'")


def test_the_page_to_sign_in_at_works_without_script_and_leads_on_within_this_server(fleet):
    client = fleet.client()
    page = client.get("/devices/cam-1", follow_redirects=True)
    assert page.url.path == "/sign-in"
    assert 'name="next" value="/devices/cam-1"' in page.text
    form = {"name": "ann", "password": "a wrong password", "next": "/devices/cam-1"}
    refused = client.post("/sign-in", data=form, follow_redirects=False)
    assert refused.status_code == 401
    assert 'role="alert"' in refused.text
    assert 'value="ann"' in refused.text
    done = client.post("/sign-in", data=form | {"password": PASSWORD}, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/devices/cam-1")
    assert client.get(DEVICES).status_code == 200
    elsewhere = {"origin": "https://evil.example"}
    assert client.post("/sign-in", data=form | {"password": PASSWORD}, headers=elsewhere).status_code == 403


@pytest.mark.parametrize(
    "then", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/a\r\nb", "/sign-in"]
)
def test_nobody_is_led_elsewhere_from_there(then):
    assert own_path(then) == "/"


def test_what_is_shown_at_the_page_is_text(fleet):
    page = fleet.client().get("/sign-in", params={"next": '/"><script>alert(1)</script>'})
    assert "<script>" not in page.text
    form = {"name": '"><script>alert(1)</script>{{alert}}', "password": "a wrong password", "next": "/"}
    assert "<script>" not in fleet.client().post("/sign-in", data=form).text


def test_no_answer_repeats_a_password(fleet):
    answer = fleet.as_("ann").post("/api/v1/users", json={"name": "eve", "password": "too short", "role": "viewer"})
    assert answer.status_code == 422
    assert "too short" not in answer.text.replace("string should have", "")


def test_strangers_learn_whether_the_server_is_well_and_not_what_it_stands_on(make_fleet):
    at_home, abroad = make_fleet(people=False), make_fleet(http=Http(behind_proxy=True))
    assert at_home.client().get("/readyz").json()["registry"]["detail"] == "a test"
    told = abroad.client().get("/readyz")
    assert (told.status_code, told.json()["registry"]) == (200, told.json()["registry"] | {"ok": True, "detail": ""})
    assert abroad.as_("vic").get("/api/v1/health").json()["registry"]["detail"] == "a test"
