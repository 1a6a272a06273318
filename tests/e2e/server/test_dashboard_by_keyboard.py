"""The dashboard without a mouse: signing in, filtering the devices and opening one by Tab and Enter alone."""

from __future__ import annotations

import httpx
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from skerry_server.registry.audit.trail import Author
from skerry_server.registry.database import Database
from skerry_server.registry.people.passwords import hash_password
from skerry_server.registry.people.users import add_user

PASSWORD = "correct horse battery"
MAX_TABS = 60
# What a sighted person sees of the focus, and what a screen reader calls the element that has it.
FOCUS = """
const one = document.activeElement, style = getComputedStyle(one);
const named = one.getAttribute('aria-label') || one.innerText || [...(one.labels || [])].map((l) => l.innerText).join();
const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
return {name: (named || '').trim(), visible: ring || style.boxShadow !== 'none', tag: one.tagName, id: one.name || ''};
"""
NAMELESS = """
return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea')]
  .filter((one) => one.offsetParent !== null)
  .filter((one) => !(one.getAttribute('aria-label') || one.innerText.trim() || one.title || one.labels?.length))
  .map((one) => one.outerHTML.slice(0, 200));
"""


def press(browser, *keys):
    ActionChains(browser).send_keys(*keys).perform()


def tab_to(browser, wanted):
    """Press Tab until ``wanted`` holds of what has the focus; each element on the way shows that it has it."""
    passed = []
    for _ in range(MAX_TABS):
        press(browser, Keys.TAB)
        focus = browser.execute_script(FOCUS)
        passed.append(focus)
        if focus["tag"] != "BODY":
            assert focus["visible"], focus
            assert focus["name"], focus
        if wanted(focus):
            return passed
    raise AssertionError(f"not reached: {passed}")


def main_text(browser):
    return browser.execute_script("return document.querySelector('main')?.innerText ?? ''")


def test_a_device_is_found_and_opened_by_keyboard_alone(dashboard, browser, device, tmp_path, eventually):
    url, broker_url = dashboard
    for name in ("cam-gate", "cam-yard"):
        device(broker_url, name)("status", state="online")
        address = f"{url}api/v1/devices/{name}"
        eventually(lambda at=address: httpx.get(at, trust_env=False).is_success, what="it is heard")
    database = Database(f"sqlite:///{tmp_path}/registry.sqlite")
    with database.transaction() as session:
        add_user(session, Author(name="setup", ts_ms=1), "ann", password_hash=hash_password(PASSWORD), role="admin")
    database.close()

    browser.get(f"{url}devices")
    assert browser.execute_script("return document.activeElement.name") == "name"
    press(browser, "ann")
    tab_to(browser, lambda focus: focus["id"] == "password")
    press(browser, PASSWORD, Keys.ENTER)
    eventually(lambda: "cam-yard" in main_text(browser), what="the list is drawn")

    landmarks = browser.execute_script(
        "return ['header', 'nav[aria-label]', 'main:not([role])', '[role=search][aria-label]', 'h1', 'html[lang]']"
        ".map((one) => document.querySelectorAll(one).length)"
    )
    assert landmarks[0] >= 1
    assert landmarks[1:] == [1, 1, 1, 1, 1]
    assert browser.execute_script(NAMELESS) == []

    passed = tab_to(browser, lambda focus: focus["id"] == "q")
    assert "Skip to the content" in passed[0]["name"]
    press(browser, "gate", Keys.ENTER)
    eventually(lambda: "q=gate" in browser.current_url and "1 device" in main_text(browser), what="the filter holds")
    tab_to(browser, lambda focus: focus["name"] == "cam-gate" and focus["tag"] == "A")
    press(browser, Keys.ENTER)
    eventually(lambda: browser.current_url.endswith("/devices/cam-gate"), what="the device is opened")
    eventually(lambda: "cam-gate" in main_text(browser), what="its page is drawn")
