"""The dashboard in a real browser: what is published appears, changes and goes by itself, and nothing leaves."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import cv2
import httpx
import numpy as np
import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By

PIPELINE = {
    "name": "camera",
    "model": "yolov2-tiny-voc",
    "model_version": "1.2.0",
    "backend": "onnx",
    "state": "running",
    "frames": 3,
}


def jpeg(width, height):
    _, data = cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))
    return data.tobytes()


@pytest.fixture
def page(dashboard, browser, eventually):
    """The page, open."""
    browser.get(dashboard[0])
    eventually(lambda: text(browser, "h2"), what="the page is drawn")
    return browser


def text(browser, selector):
    """Return the text of the first visible element, empty where there is none."""
    try:
        return next((one.text for one in browser.find_elements(By.CSS_SELECTOR, selector) if one.is_displayed()), "")
    except StaleElementReferenceException:
        # The page moved on between finding and reading; whoever waits asks again.
        return ""


def row(browser, device):
    return text(browser, f'tr[data-device="{device}"][data-state]')


def test_an_empty_fleet_is_told_with_the_next_step(page, dashboard):
    shown = text(page, "main")
    assert "No device has been heard yet" in shown
    assert dashboard[1] in shown
    assert "No events yet" in shown


def test_a_device_and_its_events_appear_and_change_without_a_reload(page, dashboard, device, eventually):
    publish = device(dashboard[1], "cam-gate")
    publish("status", state="online")
    publish("heartbeat", temperature_c=51.5, pipelines=[PIPELINE])
    eventually(lambda: "51.5 °C" in row(page, "cam-gate"), what="the device's vitals appear")
    shown = row(page, "cam-gate")
    assert "online" in shown
    assert "yolov2-tiny-voc 1.2.0" in shown
    assert "raspberry-pi-5" in shown

    publish("event", kind="detection", pipeline="camera", label="bicycle", score=0.875, latency_ms=31.0)
    publish("event", kind="wakeword", pipeline="ear", label="alexa")
    eventually(lambda: text(page, 'tr[data-event="alexa"]'), what="the wake word appears")
    shown = text(page, 'tr[data-event="bicycle"]')
    assert "88%" in shown
    assert "31 ms" in shown

    publish("heartbeat", temperature_c=63.0, pipelines=[PIPELINE])
    eventually(lambda: "63.0 °C" in row(page, "cam-gate"), what="the temperature changes by itself")

    publish("status", state="offline", reason="shut down for the night")
    eventually(lambda: "offline" in row(page, "cam-gate"), what="the device goes offline by itself")
    assert "shut down for the night" in row(page, "cam-gate")
    assert text(page, '[data-tile="Offline"]') == "1"


def test_the_picture_of_an_event_appears_beside_it_and_the_newest_large(page, dashboard, device, eventually):
    publish = device(dashboard[1], "cam-gate")
    seen = publish("event", kind="detection", pipeline="camera", label="stop", score=0.9, box=[0.2, 0.2, 0.4, 0.6])
    publish("event", kind="wakeword", pipeline="ear", label="alexa")
    eventually(lambda: text(page, 'tr[data-event="stop"]'), what="the event appears")
    assert not text(page, '[aria-label="Newest picture"]')
    publish.snapshot(seen, jpeg(320, 180))

    def width(selector):
        found = page.find_elements(By.CSS_SELECTOR, selector)
        return page.execute_script("return arguments[0].naturalWidth", found[0]) if found else 0

    eventually(lambda: width("[data-picture]") == 320, what="the picture is shown large")
    eventually(lambda: width('tr[data-event="stop"] img') == 320, what="the picture is shown beside its event")
    assert not page.find_elements(By.CSS_SELECTOR, 'tr[data-event="alexa"] img')
    assert "cam-gate · camera" in text(page, '[aria-label="Newest picture"]')

    later = publish("event", kind="detection", pipeline="camera", label="give-way", score=0.9)
    publish.snapshot(later, jpeg(200, 100))
    eventually(lambda: width("[data-picture]") == 200, what="the newest picture takes its place by itself")
    page.find_element(By.LINK_TEXT, "cam-gate").click()
    shown = '[aria-label="Newest picture"] img'
    eventually(lambda: width(shown) == 200, what="the device's own page shows its newest picture")


def test_an_object_is_one_row_from_its_begin_to_its_end_with_its_best_picture(page, dashboard, device, eventually):
    publish = device(dashboard[1], "cam-gate")
    began_ms = 1_700_000_000_000
    car = {"kind": "detection", "pipeline": "camera", "label": "car", "track": "1f0c-1", "began": began_ms}
    publish("event", phase="begin", score=0.6, zones=["drive"], ts=began_ms, **car)
    eventually(lambda: "in sight · drive" in text(page, 'tr[data-event="car"]'), what="the object is in sight")
    better = publish("event", phase="update", score=0.9, zones=["drive", "gate"], ts=began_ms + 2_000, **car)
    publish.snapshot(better, jpeg(320, 180))
    eventually(lambda: "drive · gate" in text(page, 'tr[data-event="car"]'), what="it has entered another zone")
    publish("event", phase="end", score=0.9, ts=began_ms + 12_500, **car)
    eventually(lambda: "gone after 12 s" in text(page, 'tr[data-event="car"]'), what="it is gone")
    assert len(page.find_elements(By.CSS_SELECTOR, 'tr[data-event="car"]')) == 1
    eventually(lambda: page.find_elements(By.CSS_SELECTOR, 'tr[data-event="car"] img'), what="its picture is kept")
    eventually(lambda: text(page, '[data-tile="Events in the last hour"]') == "1", what="it is counted")


BOARD = {
    "temperature_c": 81.3,
    "temperature_trip_c": 80.0,
    "throttled": True,
    "throttled_since_boot": True,
    "undervoltage": False,
    "undervoltage_since_boot": True,
    "agent_crashes": 1,
    "reboots_unexpected": 2,
    "crash_free_s": 90_061.0,
    "outbox_depth": 3,
    "outbox_oldest_s": 185.0,
    "sensors": {"greenhouse_c": 21.5},
    "stuck_sensors": ["soil_percent"],
    "versions": {"kernel": "6.6.31+rpt-rpi-v8"},
}


def test_a_device_has_a_page_of_its_own_that_follows_its_heartbeats(page, dashboard, device, eventually):
    publish = device(dashboard[1], "cam-gate")
    publish("heartbeat", pipelines=[PIPELINE], **BOARD)
    eventually(lambda: row(page, "cam-gate"), what="the device appears")
    page.find_element(By.LINK_TEXT, "cam-gate").click()
    eventually(lambda: "81.3 °C (limit 80 °C)" in text(page, "main"), what="its page is drawn")
    shown = text(page, "main")
    for expected in ("1 d 1 h", "not now, but since the machine's start", "the oldest 3 min 5 s old", "soil_percent"):
        assert expected in shown
    assert "not synchronised" not in shown
    publish("heartbeat", pipelines=[PIPELINE], **{**BOARD, "temperature_c": 55.0, "throttled": False})
    eventually(lambda: "55.0 °C (limit 80 °C)" in text(page, "main"), what="the page changes by itself")
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    )
    widths = page.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1] == 360


def test_an_unknown_device_is_told_as_that(page, dashboard, eventually):
    page.get(f"{dashboard[0]}devices/nobody")
    eventually(lambda: "No device of this name" in text(page, "main"), what="the page says so")


def test_a_clock_that_is_not_synchronised_is_told_once_and_not_under_each_event(page, dashboard, device, eventually):
    publish = device(dashboard[1], "cam-gate")
    publish("heartbeat", clock="unsynced", pipelines=[PIPELINE])
    for label in ("car", "dog"):
        publish("event", clock="unsynced", kind="detection", pipeline="camera", label=label)
    eventually(lambda: text(page, 'tr[data-event="dog"]'), what="the events appear")
    eventually(lambda: text(page, "main").count("clock not synchronised") == 1, what="the device says so, once")


def test_the_header_counts_dead_letters(page, dashboard, device, eventually):
    publish = device(dashboard[1], "cam-gate")
    assert text(page, '[data-chip="dead-letters"]') == "0 dead letters"
    publish("event", kind="nonsense")
    eventually(lambda: text(page, '[data-chip="dead-letters"]') == "1 dead letter", what="the dead letter is counted")
    assert text(page, '[data-chip="broker"]') == "Broker"
    assert not text(page, '[role="alert"]')


def test_the_page_says_when_the_broker_went_away(page, broker, eventually):
    eventually(lambda: text(page, '[data-chip="broker"]') == "Broker", what="the broker is there")
    broker.stop()
    eventually(lambda: text(page, '[data-chip="broker"]') == "Broker away", what="the page says that it went")
    assert "MQTT broker" in text(page, '[role="alert"]')


def test_text_from_devices_is_shown_as_text_and_never_as_markup(page, dashboard, device, eventually):
    publish = device(dashboard[1], "cam-gate")
    publish("status", state="degraded", reason="<img src=x onerror=document.title='owned'>")
    label = "<b id=planted>bold</b>{{ 7*7 }}"
    publish("event", kind="detection", pipeline="p", label=label)
    eventually(lambda: label in text(page, "main"), what="the label is shown as it is")
    eventually(lambda: "<img src=x" in row(page, "cam-gate"), what="the reason is shown as it is")
    assert not page.find_elements(By.ID, "planted")
    assert page.title == "Skerry"


def test_nothing_is_loaded_from_elsewhere(page, dashboard):
    host = urlsplit(dashboard[0]).netloc
    names = page.execute_script("return performance.getEntriesByType('resource').map(one => one.name)")
    assert len(names) > 5
    assert {urlsplit(name).netloc for name in names if not name.startswith("data:")} == {host}
    served = httpx.get(dashboard[0], trust_env=False).text
    loaded = re.findall(r"""(?:src|href)=["']?(?:https?:)?//([^/"'\s]+)""", served)
    assert [one for one in loaded if one != host] == []
    errors = [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"]
    assert errors == []


def test_colours_can_be_switched_and_the_choice_is_kept(page, dashboard, eventually):
    def is_dark():
        return "body--dark" in page.find_element(By.TAG_NAME, "body").get_attribute("class")

    before = is_dark()
    page.find_element(By.CSS_SELECTOR, '[aria-label="Dark or light"]').click()
    eventually(lambda: is_dark() != before, what="the colours change")
    page.get(dashboard[0])
    eventually(lambda: is_dark() != before, what="the choice is kept")


def test_a_phone_sees_everything_without_scrolling_sideways(page, dashboard, device, eventually):
    publish = device(dashboard[1], "cam-with-quite-a-long-name-at-the-north-gate")
    publish("status", state="degraded", reason="pipeline 'camera' was started again three times within a minute")
    publish("heartbeat", temperature_c=51.5, pipelines=[PIPELINE])
    publish("event", kind="system", pipeline="camera", label="restart", message="no progress for 5 s" * 5)
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    )
    eventually(lambda: text(page, 'tr[data-event="restart"]'), what="the event is shown")
    widths = page.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1] == 360
