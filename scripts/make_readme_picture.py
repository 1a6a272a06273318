"""Make the README's picture: the dashboard in headless Chromium while the demo drives past a sign."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "dashboard.png"
SECONDS = 60
PATIENCE_S = 45.0
DRAWN_S = 1.0
"""The page shows an event half a second after it is stored."""
ROWS = 20
SURE, NEAR = 0.6, 0.04
"""What the newest picture should show: a sign named with this score, of this share of the picture's width."""
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1440,1240",
)


def main() -> None:
    """Run the demo for a while, and take the picture when the page is full and a sign is near."""
    command = [sys.executable, "-m", "skerry_edge", "demo", "--headless", "--duration", str(SECONDS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:
        if demo.stdout is None:
            sys.exit("the demo has no output to read")
        address = next((found[0] for line in demo.stdout if (found := re.search(r"http://\S+", line))), None)
        if address is None:
            sys.exit("the demo named no dashboard")
        photograph(address)
        demo.stdout.read()
    sys.exit(demo.returncode)


def photograph(address: str) -> None:
    """Open ``address`` in a browser with a folder of its own, wait for a good moment, and save what it shows."""
    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    with tempfile.TemporaryDirectory() as profile:
        options.add_argument(f"--user-data-dir={profile}")
        browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        try:
            browser.get(address)
            end_s = time.monotonic() + PATIENCE_S
            while not is_good_moment(address) and time.monotonic() < end_s:
                time.sleep(0.1)
            time.sleep(DRAWN_S)
            PICTURE.parent.mkdir(exist_ok=True)
            browser.save_screenshot(str(PICTURE))
        finally:
            browser.quit()
    print(f"wrote {PICTURE}")


def is_good_moment(address: str) -> bool:
    """Tell whether there are events for all rows, and the newest picture is of a sign that is near and surely named."""
    events = httpx.get(f"{address}api/v1/events", params={"limit": ROWS}, trust_env=False).json()["events"]
    pictured = next((one for one in events if one["snapshot"]), None)
    if len(events) < ROWS or pictured is None:
        return False
    x_min, _, x_max, _ = pictured["box"]
    return bool(pictured["score"] >= SURE and x_max - x_min >= NEAR)


if __name__ == "__main__":
    main()
