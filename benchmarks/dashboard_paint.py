"""How the dashboard feels: its first paint with many devices against few, and how soon a new event is on the page.

A real server with SQLite and the embedded broker, real MQTT, and headless Chromium.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from benchmarks.ingest_rig import running_server
from benchmarks.report import BENCH, Figure, at_most, not_measured, publish
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service

from skerry_edge.foundation.broker_address import BrokerAddress, parse_broker_url
from skerry_server.broker import IotcoreBroker

CHROMEDRIVER = Path("/usr/bin/chromedriver")
FEW, MANY = 10, 1_000
ROUNDS = 5
PATIENCE_S = 60.0
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1440,1000",
)
SESSION = "00000001-abcdef01"
# The first time that a label is in the document, by the browser's own clock; the observer stands before it comes.
_WATCH = """
const label = arguments[0];
window.seenMs = undefined;
new MutationObserver((_, self) => {
  if (document.querySelector(`tr[data-event="${label}"]`)) { window.seenMs = Date.now(); self.disconnect(); }
}).observe(document.body, {childList: true, subtree: true});
"""
# From the start of the navigation until the frame after the number of devices has come into the page.
_PAINT = """
const look = () => {
  const tile = document.querySelector('[data-tile="Online"]');
  if (tile && tile.getBoundingClientRect().height > 0) {
    requestAnimationFrame(() => { window.paintedMs = performance.now(); });
  } else requestAnimationFrame(look);
};
look();
"""


def dashboard_figures(rounds: int = ROUNDS) -> list[Figure]:
    """Return both figures; where no browser is installed they say so."""
    if not CHROMEDRIVER.exists():
        reason = "chromedriver is not installed"
        return [
            not_measured("first_paint_ratio", "<= 3", "", reason),
            not_measured("event_on_page_s", "<= 1", "s", reason),
        ]
    try:
        with _served(FEW) as few, _served(MANY) as many, _browser() as browser:
            paints = [(_paint_ms(browser, few.url), _paint_ms(browser, many.url)) for _ in range(rounds)]
            delays = [_delay_s(browser, many, f"car-{number}") for number in range(rounds)]
    except (TimeoutError, WebDriverException) as error:
        reason = str(error).splitlines()[0]
        return [
            not_measured("first_paint_ratio", "<= 3", "", reason),
            not_measured("event_on_page_s", "<= 1", "s", reason),
        ]
    few_ms, many_ms = (statistics.median(one) for one in zip(*paints, strict=True))
    ratio = statistics.median(large / small for small, large in paints)
    note = f"median of {rounds}: {many_ms:.0f} ms with {MANY} devices, {few_ms:.0f} ms with {FEW}"
    slowest = f"slowest of {rounds}, median {statistics.median(delays):.2f} s; a fleet of {MANY}"
    return [
        at_most("first_paint_ratio", ratio, 3.0, note=note),
        at_most("event_on_page_s", max(delays), 1.0, "s", note=slowest),
    ]


class _Served:
    """A server with a fleet that was heard once."""

    def __init__(self, url: str, client: Client) -> None:
        self.url = url
        self._client = client
        self._seq = 10

    def publish_event(self, label: str) -> float:
        """Publish an event of the first device; return when, in Unix seconds."""
        self._seq += 1
        body = {"kind": "detection", "pipeline": "camera", "label": label, "score": 0.9}
        began_s = time.time()
        self._client.publish(_topic(0, "event"), _message(self._seq, body), qos=1).wait_for_publish(PATIENCE_S)
        return began_s


@contextlib.contextmanager
def _served(devices: int) -> Iterator[_Served]:
    BENCH.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BENCH) as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        broker = IotcoreBroker(folder)
        broker_url = broker.start()
        stack.callback(broker.stop)
        address = parse_broker_url(broker_url, where="the broker")
        server = stack.enter_context(running_server(folder, broker_port=address.port))
        server.wait(lambda health: health["ok"], "the server is well")
        url = server.url
        client = _connect(address)
        stack.callback(client.loop_stop)
        stack.callback(client.disconnect)
        for number in range(devices):
            client.publish(_topic(number, "status"), _message(1, {"state": "online"}), qos=1)
            client.publish(_topic(number, "heartbeat"), _message(2, _heartbeat()), qos=1).wait_for_publish(PATIENCE_S)
        _until(lambda: _devices(url) == devices, "the server knows the whole fleet")
        yield _Served(url, client)


@contextlib.contextmanager
def _browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options.add_argument(f"--user-data-dir={profile}")
        browser = webdriver.Chrome(options=options, service=Service(str(CHROMEDRIVER)))
        try:
            browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": _PAINT})
            yield browser
        finally:
            browser.quit()


def _paint_ms(browser: webdriver.Chrome, url: str) -> float:
    # Without the cache, as on the first visit.
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    browser.get(url)
    _until(lambda: browser.execute_script("return window.paintedMs") is not None, "the page is painted")
    return float(browser.execute_script("return window.paintedMs"))


def _delay_s(browser: webdriver.Chrome, served: _Served, label: str) -> float:
    browser.get(f"{served.url}events")
    _until(lambda: browser.execute_script("return document.querySelector('main')"), "the page is drawn")
    browser.execute_script(_WATCH, label)
    began_s = served.publish_event(label)
    _until(lambda: browser.execute_script("return window.seenMs") is not None, f"'{label}' is on the page")
    return float(browser.execute_script("return window.seenMs")) / 1e3 - began_s


def _connect(address: BrokerAddress) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.connect(address.host, address.port)
    client.loop_start()
    return client


def _topic(number: int, kind: str) -> str:
    return f"skerry/v1/site-{number % 7}/dev-{number:04}/{kind}"


def _message(seq: int, body: dict[str, object]) -> bytes:
    envelope = {
        "v": 1,
        "id": f"m{seq}",
        "session": SESSION,
        "seq": seq,
        "ts": int(time.time() * 1e3),
        "clock": "synced",
    }
    return json.dumps(envelope | body).encode()


def _heartbeat() -> dict[str, object]:
    pipeline = {
        "name": "camera",
        "model": "yolov2-tiny-voc",
        "model_version": "1.2.0",
        "backend": "onnx",
        "state": "running",
        "frames": 300,
    }
    return {
        "board": "raspberry-pi-5",
        "agent_version": "1.0.0",
        "uptime_s": 10.0,
        "disk_free_mb": 20_000.0,
        "temperature_c": 55.0,
        "pipelines": [pipeline],
    }


def _devices(url: str) -> int:
    try:
        # A proxy of the environment has no business on this machine's loopback.
        with build_opener(ProxyHandler({})).open(f"{url}api/v1/summary", timeout=PATIENCE_S) as answer:
            return int(json.load(answer)["presence"].get("online", 0))
    except URLError:
        return -1


def _until(condition: Callable[[], object], what: str) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end_s:
            raise TimeoutError(f"never came true: {what}")
        time.sleep(0.02)


if __name__ == "__main__":
    publish("dashboard", dashboard_figures())
