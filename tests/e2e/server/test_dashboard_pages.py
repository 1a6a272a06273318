"""The operator's pages in a real browser: a thousand devices, acts with confirmation, roles, a phone."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By

from skerry_server.registry.alerts import Cause, fire
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.database import Database
from skerry_server.registry.people.passwords import hash_password
from skerry_server.registry.people.users import add_user, disable_user

DEVICES = 1_000
PAGES = ("", "devices", "events", "models", "alerts", "groups", "rollouts", "dead-letters", "audit", "people")
DEVICE_VIEWS = ("now", "history", "events", "configuration", "updates", "commands", "presence")
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
NOW_MS = 1_700_000_000_000
PASSWORD = "correct horse battery"
OTHER = "another horse battery"


@pytest.fixture
def registry(dashboard, tmp_path):
    """The registry that the running server has."""
    database = Database(f"sqlite:///{tmp_path}/registry.sqlite")
    yield database
    database.close()


@pytest.fixture
def fleet(dashboard):
    """A thousand simulated devices that stay; none of them is in trouble."""
    options = ["--devices", DEVICES, "--rate", 0.02, "--trouble", "none", "--connections", 20, "--broker", dashboard[1]]
    command = [sys.executable, "-m", "skerry_edge", "simulate", *map(str, options)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield
    process.terminate()
    process.wait(30)


@pytest.fixture
def api(dashboard):
    """A client of the API on this machine."""
    with httpx.Client(base_url=f"{dashboard[0]}api/v1/", trust_env=False) as client:
        yield client


def text(browser, selector):
    try:
        return next((one.text for one in browser.find_elements(By.CSS_SELECTOR, selector) if one.is_displayed()), "")
    except StaleElementReferenceException:
        return ""


def rows(browser, selector="tr[data-device]"):
    return browser.execute_script("return document.querySelectorAll(arguments[0]).length", selector)


def click(browser, selector):
    browser.execute_script("document.querySelector(arguments[0]).click()", selector)


def confirm(browser, eventually, **fields):
    """Fill in the dialog that is open, and confirm it."""
    eventually(lambda: text(browser, ".sk-dialog button[type=submit]"), what="the question is asked")
    for label, value in fields.items():
        browser.find_element(By.CSS_SELECTOR, f'.sk-dialog [aria-label="{label}"]').send_keys(value)
    # By script: a hint under a field that is still moving would take the pointer's click.
    browser.execute_script("document.querySelector('.sk-dialog button[type=submit]').click()")
    eventually(lambda: not browser.find_elements(By.CSS_SELECTOR, "form.sk-dialog"), what="the question is gone")


def test_a_thousand_devices_are_counted_paged_found_and_changed_together(dashboard, fleet, browser, api, eventually):
    url = dashboard[0]
    browser.get(url)
    eventually(lambda: text(browser, '[data-tile="Online"]') == "1,000", what="all devices are counted")
    assert rows(browser) < 50
    spread = '[aria-label="Models and versions"]'
    eventually(lambda: "yolov2-tiny-voc 1.0.0" in text(browser, spread), what="their models are counted")

    browser.get(f"{url}devices")
    eventually(lambda: rows(browser) == 50, what="the first page is drawn")
    click(browser, 'a[rel="next"]')
    eventually(lambda: "after=sim-0050" in browser.current_url and rows(browser) == 50, what="the next page is drawn")
    browser.get(f"{url}devices?q=sim-077")
    eventually(lambda: text(browser, '[aria-label="Devices found"] h2') == "10 devices", what="the filter finds them")

    click(browser, 'input[value="sim-0771"]')
    click(browser, 'input[value="sim-0772"]')
    click(browser, '[data-act="tag"]')
    confirm(browser, eventually, Tags="wing=east, floor=2")
    eventually(lambda: len(api.get("devices", params={"tag": "wing=east"}).json()["devices"]) == 2, what="tagged")
    browser.get(f"{url}devices?tag=wing%3Deast")
    eventually(lambda: rows(browser) == 2, what="the tag finds them")

    browser.get(f"{url}devices?q=sim-07")
    eventually(lambda: "100 devices" in text(browser, '[aria-label="Devices found"] h2'), what="they fill two pages")
    click(browser, 'input[value="*"]')
    click(browser, '[data-act="tag"]')
    confirm(browser, eventually, Tags="row=7")
    eventually(lambda: "100 devices tagged" in text(browser, ".q-notification"), what="all found are tagged")
    browser.get(f"{url}devices?tag=row%3D7")
    eventually(lambda: "100 devices" in text(browser, '[aria-label="Devices found"] h2'), what="the tag finds them")

    browser.get(f"{url}devices?tag=wing%3Deast")
    eventually(lambda: rows(browser) == 2, what="the tag finds the two again")
    click(browser, "[data-tick]")
    click(browser, '[data-act="command"]')
    confirm(browser, eventually)
    browser.get(f"{url}devices/sim-0771?view=commands")
    eventually(lambda: "done" in text(browser, 'tr[data-command="ping"]'), what="the device has answered")
    made = [one["action"] for one in api.get("audit").json()["changes"]]
    assert sorted(set(made)) == ["command.ping", "device.tags"]

    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    for path in (*PAGES, *(f"devices/sim-0771?view={view}" for view in DEVICE_VIEWS)):
        browser.get(url + path)
        eventually(lambda: text(browser, "main").strip(), what=f"/{path} is drawn")
        widths = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
        assert widths[0] <= widths[1] == 390, path
        assert rows(browser, "h1") == 1, path
    severe = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert severe == []


def test_alerts_and_dead_letters_are_seen_to_from_their_pages(dashboard, browser, device, registry, api, eventually):
    publish = device(dashboard[1], "cam-gate")
    publish("status", state="online")
    publish("event", kind="nonsense")
    eventually(lambda: api.get("dead-letters").json()["total"] == 1, what="a letter is dead")
    with registry.transaction() as session:
        cause = Cause(rule="hot", device="cam-gate", subject="", severity="critical", value=90.0, detail="90 °C")
        fire(session, [cause], now_ms=NOW_MS)

    browser.get(f"{dashboard[0]}devices/cam-gate")
    eventually(lambda: "90 °C" in text(browser, 'li[data-alert="hot"]'), what="the device's page has its alert")
    browser.get(f"{dashboard[0]}alerts?device=cam-other")
    eventually(lambda: text(browser, ".sk-empty"), what="another device has none")
    browser.get(f"{dashboard[0]}alerts?device=cam-gate")
    eventually(lambda: "90 °C" in text(browser, 'tr[data-alert="hot"]'), what="the alert is shown")
    click(browser, '[data-act="acknowledge-all"]')
    confirm(browser, eventually)
    eventually(lambda: "local" in text(browser, 'tr[data-state="acknowledged"]'), what="somebody sees to it")
    click(browser, 'tr[data-alert="hot"] [data-act="silence"]')
    confirm(browser, eventually, Why="known")
    eventually(lambda: "rule hot, device cam-gate" in text(browser, "tr[data-silence]"), what="the silence holds")

    browser.get(f"{dashboard[0]}dead-letters")
    eventually(lambda: "nonsense" in text(browser, "tr[data-letter]"), what="the letter says why")
    click(browser, '[data-act="replay"]')
    confirm(browser, eventually)
    eventually(lambda: "1 refused again" in text(browser, ".q-notification"), what="the outcome is told")

    browser.get(f"{dashboard[0]}audit")
    eventually(lambda: text(browser, 'tr[data-audit="dead-letter.replay"]'), what="the audit has all of it")
    click(browser, '[data-act="verify"]')
    eventually(lambda: "The chain of 3 changes is whole" in text(browser, ".sk-verdict"), what="the chain is whole")


def sign_in(browser, dashboard, name, password=PASSWORD):
    browser.get(f"{dashboard[0]}devices/cam-gate")
    assert browser.current_url.endswith("/sign-in?next=/devices/cam-gate")
    browser.find_element(By.NAME, "name").send_keys(name)
    browser.find_element(By.NAME, "password").send_keys(password)
    browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()


def test_people_are_seen_to_from_their_page_and_who_may_look_no_more_is_sent_nothing(
    dashboard, browser, device, registry, api, eventually
):
    publish = device(dashboard[1], "cam-gate")
    publish("status", state="online")
    eventually(lambda: api.get("devices/cam-gate").is_success, what="it is heard")
    browser.get(f"{dashboard[0]}people")
    eventually(lambda: "There is no user" in text(browser, "main"), what="the page says who may sign in")
    click(browser, '[data-act="add"]')
    new = {"Name": "ann", "New password": PASSWORD, "New password again": PASSWORD}
    confirm(browser, eventually, **new)
    eventually(lambda: "/sign-in" in browser.current_url, what="from the first user on everybody signs in")
    sign_in(browser, dashboard, "ann")
    eventually(lambda: "cam-gate" in text(browser, "h1"), what="the administrator is signed in")

    browser.get(f"{dashboard[0]}people")
    eventually(lambda: "(you)" in text(browser, 'tr[data-user="ann"]'), what="the page shows the user")
    click(browser, '[data-act="token"]')
    confirm(browser, eventually, **{"What it is for": "ci"})
    eventually(lambda: text(browser, ".sk-secret").startswith("skerry_"), what="the secret is shown")
    secret = text(browser, ".sk-secret")
    assert api.get("devices", headers={"authorization": f"Bearer {secret}"}).is_success
    click(browser, "div.sk-dialog button")
    eventually(lambda: text(browser, 'tr[data-token="1"]'), what="the token is in the list")

    click(browser, '[data-act="own-password"]')
    changed = {"Present password": PASSWORD, "New password": OTHER, "New password again": OTHER}
    confirm(browser, eventually, **changed)
    eventually(lambda: "/sign-in" in browser.current_url, what="the change signs out")

    sign_in(browser, dashboard, "ann", OTHER)
    eventually(lambda: "cam-gate" in text(browser, "h1"), what="the new password lets in")
    # A browser that does not leave when it is told to.
    browser.execute_script("window.heard = 0; window.socket.off('open'); window.socket.onAny(() => window.heard++)")
    eventually(lambda: browser.execute_script("return window.heard") > 0, what="the page is kept up to date")
    with registry.transaction() as session:
        add_user(
            session, Author(name="setup", ts_ms=NOW_MS), "bob", password_hash=hash_password(PASSWORD), role="admin"
        )
        disable_user(session, Author(name="setup", ts_ms=NOW_MS), "ann")
    cpu = iter(range(1, 100))

    def is_sent_nothing():
        """Tell whether three new heartbeats, a second apart as the page is read, left the browser without a word."""
        before = browser.execute_script("return window.heard")
        for _ in range(3):
            publish("heartbeat", cpu_percent=float(next(cpu)))
            browser.execute_async_script("setTimeout(arguments[0], 1000)")
        return browser.execute_script("return window.heard") == before

    eventually(is_sent_nothing, what="nothing more is sent", deadline_s=60)


def test_who_may_only_look_signs_in_sees_nothing_that_changes_and_signs_out(
    dashboard, browser, device, registry, eventually
):
    publish = device(dashboard[1], "cam-gate")
    publish("status", state="online")
    eventually(
        lambda: httpx.get(f"{dashboard[0]}api/v1/devices/cam-gate", trust_env=False).is_success, what="it is heard"
    )
    author = Author(name="setup", ts_ms=NOW_MS)
    with registry.transaction() as session:
        add_user(session, author, "ann", password_hash=hash_password(PASSWORD), role="admin")
        add_user(session, author, "vic", password_hash=hash_password(PASSWORD), role="viewer", sites=["home"])
        add_user(session, author, "far", password_hash=hash_password(PASSWORD), role="admin", sites=["yard"])

    sign_in(browser, dashboard, "vic")
    eventually(lambda: "cam-gate" in text(browser, "h1"), what="the page that was asked for is drawn")
    assert rows(browser, "[data-act]") == 0
    places = text(browser, "nav").split("\n")
    assert not {"Audit", "Dead letters"} & set(places)
    for path in ("devices", "alerts", "groups"):
        browser.get(dashboard[0] + path)
        eventually(lambda: text(browser, "main").strip(), what=f"/{path} is drawn")
        assert rows(browser, "[data-act], [data-pick]") == 0, path
    next(one for one in browser.find_elements(By.TAG_NAME, "button") if one.text == "Sign out").click()
    eventually(lambda: browser.current_url.endswith("/sign-in"), what="the way out leads to the door")

    sign_in(browser, dashboard, "far")
    eventually(
        lambda: "No device of this name" in text(browser, "main"), what="a site that is not theirs shows nothing"
    )
    browser.get(f"{dashboard[0]}nowhere")
    assert "403 Forbidden" in text(browser, "main")
