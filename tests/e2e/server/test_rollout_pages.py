"""Rollouts in a real browser: made, started, stopped by a bad release, looked into, taken back."""

from __future__ import annotations

import subprocess
import sys

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys


@pytest.fixture
def fleet(dashboard):
    """Eight simulated devices, on which version 3.0.0 fails."""
    options = ["--devices", 8, "--rate", 5, "--trouble", "none", "--bad-release", "3.0.0", "--broker", dashboard[1]]
    command = [sys.executable, "-m", "skerry_edge", "simulate", *map(str, options)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield
    process.terminate()
    process.wait(30)


def text(browser, selector):
    try:
        return next((one.text for one in browser.find_elements(By.CSS_SELECTOR, selector) if one.is_displayed()), "")
    except StaleElementReferenceException:
        return ""


def click(browser, selector):
    browser.execute_script("document.querySelector(arguments[0]).click()", selector)


def confirm(browser, eventually, **fields):
    """Fill in the dialog that is open, and confirm it."""
    eventually(lambda: text(browser, ".sk-dialog button[type=submit]"), what="the question is asked")
    for label, value in fields.items():
        field = browser.find_element(By.CSS_SELECTOR, f'.sk-dialog [aria-label="{label.replace("_", " ")}"]')
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(value)
    browser.execute_script("document.querySelector('.sk-dialog button[type=submit]').click()")
    eventually(lambda: not browser.find_elements(By.CSS_SELECTOR, ".sk-dialog"), what="the question is gone")


def test_a_bad_release_is_stopped_and_a_good_one_rolled_back_from_the_page(dashboard, fleet, browser, eventually):
    url = dashboard[0]
    browser.get(f"{url}devices")
    eventually(
        lambda: len(browser.find_elements(By.CSS_SELECTOR, "tr[data-device]")) == 8, what="eight devices are there"
    )

    def make(version, counter):
        browser.get(f"{url}rollouts")
        eventually(lambda: text(browser, "[data-act=new]"), what="the page of rollouts")
        click(browser, "[data-act=new]")
        confirm(
            browser,
            eventually,
            Release=f"model/yolov2-tiny-voc {version}",
            Its_release_counter=str(counter),
            Canary="2",
            Steps="100%",
            Seconds_that_each_stage_is_watched="0",
        )
        eventually(lambda: browser.find_elements(By.CSS_SELECTOR, f"[data-rollout='{counter}']"), what="it is listed")
        browser.get(f"{url}rollouts/{counter}")
        eventually(lambda: "2, then 6" in text(browser, "[aria-label=Plan]"), what="its plan is shown")
        click(browser, "[data-act=start]")
        confirm(browser, eventually)

    def state():
        return text(browser, "h1 [data-state]")

    make("3.0.0", 1)
    eventually(lambda: state() == "paused", what="the bad release is stopped")
    assert "2 of 2 devices failed" in text(browser, ".sk-note")
    assert "crashed" in text(browser, "[data-reason=crashed]")
    failed = browser.find_element(By.CSS_SELECTOR, "tr[data-device][data-state=rolled-back] a").get_attribute("href")
    browser.get(failed)
    eventually(lambda: browser.find_elements(By.CSS_SELECTOR, "[data-moment=rolled-back]"), what="the device's story")
    moments = [one.get_attribute("data-moment") for one in browser.find_elements(By.CSS_SELECTOR, "[data-moment]")]
    assert moments[:2] == ["ordered", "check"]
    browser.get(f"{url}devices/{failed.partition('device=')[2]}?view=updates")
    eventually(lambda: "rolled-back" in text(browser, "[data-rollout='1']"), what="the device's own page of updates")
    assert "3.0.0" in text(browser, "[data-order]")
    assert text(browser, "[data-runs=Agent] dd")
    browser.find_element(By.CSS_SELECTOR, "[data-rollout='1'] a[href='/rollouts/1']").click()
    eventually(lambda: state() == "paused", what="the rollout, from the device's page")
    click(browser, "[data-act=abort]")
    confirm(browser, eventually)
    eventually(lambda: state() == "aborted", what="it is ended")

    make("3.0.1", 2)
    eventually(lambda: state() == "done", what="the good release is everywhere")
    click(browser, "[data-act=roll-back]")
    confirm(browser, eventually)
    eventually(lambda: state() == "rolled-back", what="everybody is back", deadline_s=60)
    assert text(browser, "[aria-label='Devices by state']").split() == ["Devices", "by", "state", "returned", "8"]
    severe = [one for one in browser.get_log("browser") if one["level"] == "SEVERE"]
    assert severe == []
