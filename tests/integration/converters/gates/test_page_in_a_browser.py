"""The page of a real conversion, shown by a real browser: wide, narrow, dark and printed."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from skerry_converters.gates.job import GateResult
from skerry_converters.layer_errors.report import LayerError, LayerErrors
from skerry_converters.page.content import PageContent, VariantContent
from skerry_converters.page.render import render_page

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
BROKEN_PICTURES = "return [...document.images].filter(one => !one.complete || !one.naturalWidth).length"
OVERFLOW_PX = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
SQUEEZED = """return [...document.querySelectorAll('table.stacking td')].filter(
  one => one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().height > 64).length"""
FLAT_CHARTS = """return [...document.querySelectorAll('.columns svg, .drops svg')].filter(
  one => one.getBoundingClientRect().width < 100 || one.getBoundingClientRect().height < 20).length"""
GROUND = "return getComputedStyle(document.body).backgroundColor"


@pytest.fixture
def page(fastest, judged: Callable[..., GateResult], tmp_path: Path) -> str:
    """Write the page of two files of Yolo-Fastest, and return its address."""
    variants = []
    for path, precision in ((fastest.float_path, "fp32"), (fastest.int8_path, "int8")):
        result = judged(path, precision)
        layers = tuple(
            LayerError(name=f"layer_{place}_convolution", kind="Conv", sqnr_db=40.0 - place) for place in range(30)
        )
        found = LayerErrors(layers=layers, multiplying=30, inputs=4)
        variants.append(
            VariantContent(
                report=msgspec.structs.replace(result.report, layers=found),
                size_bytes=path.stat().st_size,
                pictures=result.pictures,
                operators={"Conv": 85, "LeakyRelu": 55},
            )
        )
    content = PageContent(
        name="yolo-fastest-voc",
        version="1.0.0",
        license="unknown",
        source_kind="darknet",
        source_files={"yolo-fastest-voc.weights": "0" * 64},
        variants=tuple(variants),
    )
    out = tmp_path / "page.html"
    out.write_text(render_page(content), "utf-8")
    return out.as_uri()


@pytest.fixture
def browser(tmp_path: Path, need_program: Callable[[str], str]) -> Iterator:
    """A headless Chromium that keeps everything in a folder of its own."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = need_program("chromium")
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'chromium'}", "--host-resolver-rules=MAP * ~NOTFOUND"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(need_program("chromedriver")))
    yield driver
    driver.quit()


def test_the_page_shows_whole_on_every_width_in_both_colours_and_on_paper(page: str, browser) -> None:
    for width in (360, 800, 1400):
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        browser.get(page)
        assert browser.execute_script(BROKEN_PICTURES) == 0
        assert browser.execute_script("return document.images.length") == 12
        assert browser.execute_script(OVERFLOW_PX) == 0, width
        assert browser.execute_script(SQUEEZED) == 0, width
        assert browser.execute_script(FLAT_CHARTS) == 0, width
    grounds = []
    for scheme in ("light", "dark"):
        features = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
        grounds.append(browser.execute_script(GROUND))
    assert grounds == ["rgb(246, 247, 249)", "rgb(15, 19, 23)"]
    printed = browser.execute_cdp_cmd("Page.printToPDF", {})["data"]
    assert base64.b64decode(printed).startswith(b"%PDF")
    assert [entry for entry in browser.get_log("browser") if "favicon" not in entry["message"]] == []
