"""The preview in a real browser: the live picture, and a zone that is drawn by clicks."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from urllib.request import urlopen

import cv2
import msgspec
import numpy as np
import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By

CONFIG = """\
site = "garden"
device = "cam-1"
board = "generic-x86"
state_dir = "state"
[mqtt]
url = "mqtt://127.0.0.1:9"
[[pipelines]]
kind = "detection"
name = "gate"
model = "{model}"
threads = 1
source = {{ kind = "images", path = "disc.png", max_fps = 10 }}
zones = [{{ name = "left", points = [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]] }}]
"""


@pytest.fixture
def preview(tmp_path, discs):
    """A preview of a red disc that stands in the left half, in a process of its own; gives (address, process)."""
    picture = np.full((240, 320, 3), 128, np.uint8)
    cv2.circle(picture, (80, 120), 40, (0, 0, 255), -1)
    cv2.imwrite(str(tmp_path / "disc.png"), picture)
    (tmp_path / "agent.toml").write_text(CONFIG.format(model=discs))
    command = [sys.executable, "-m", "skerry_edge", "agent", "preview", "--port", "0", "--config"]
    process = subprocess.Popen(
        [*command, str(tmp_path / "agent.toml")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    yield re.search(r"http://\S+", process.stdout.readline())[0], process
    process.kill()
    process.wait(10)


def test_the_picture_is_live_and_clicks_on_it_make_a_zone(preview, browser, eventually):
    url, process = preview
    browser.get(url)
    facts = browser.find_element(By.ID, "facts")
    eventually(lambda: "in sight: 1 red disc" in facts.text, what="the disc is counted")
    assert "left: 1 red disc" in facts.text
    assert "discs 1.0.0 on onnx" in facts.text
    picture = browser.find_element(By.ID, "picture")
    assert browser.execute_script("return [arguments[0].naturalWidth, arguments[0].naturalHeight]", picture) == [
        320,
        240,
    ]

    stage = browser.find_element(By.ID, "stage")
    window_px = browser.execute_script("return innerHeight")
    eventually(lambda: stage.size["height"] < 0.8 * window_px, what="the picture fits into the window")
    size = stage.size
    for x, y in ((0.1, 0.2), (0.9, 0.2), (0.5, 0.8)):
        offset = (round((x - 0.5) * size["width"]), round((y - 0.5) * size["height"]))
        ActionChains(browser).move_to_element_with_offset(stage, *offset).click().perform()
    toml = browser.find_element(By.ID, "toml")
    eventually(lambda: toml.get_property("value").count("[0.") >= 3, what="the zone as TOML")
    (zone,) = msgspec.toml.decode(toml.get_property("value"))["pipelines"]["zones"]
    assert zone["name"] == "drive"
    assert np.array(zone["points"]) == pytest.approx(np.array([[0.1, 0.2], [0.9, 0.2], [0.5, 0.8]]), abs=0.01)
    assert browser.find_element(By.ID, "fault").text == ""

    browser.find_element(By.ID, "undo").click()
    eventually(lambda: "at least 3" in browser.find_element(By.ID, "fault").text, what="the fault of two corners")
    assert [
        entry
        for entry in browser.get_log("browser")
        if entry["level"] == "SEVERE" and "favicon" not in entry["message"]
    ] == []

    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    eventually(lambda: browser.find_element(By.ID, "trouble").text == "the preview has ended", what="the end is told")


def test_the_stream_is_pictures_one_after_the_other(preview):
    url, _ = preview
    with urlopen(f"{url}stream", timeout=20) as stream:
        assert stream.headers.get_content_type() == "multipart/x-mixed-replace"
        for _ in range(3):
            assert stream.readline() == b"--skerry-frame\r\n"
            assert stream.readline() == b"content-type: image/jpeg\r\n"
            length = int(stream.readline().split(b":")[1])
            assert stream.readline() == b"\r\n"
            picture = cv2.imdecode(np.frombuffer(stream.read(length), np.uint8), cv2.IMREAD_COLOR)
            assert picture.shape == (240, 320, 3)
            assert stream.readline() == b"\r\n"
