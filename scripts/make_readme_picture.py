"""Make the README's picture: the dashboard in headless Chromium while the demo runs."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "dashboard.png"
SECONDS = 30
SHOW_AFTER_S = 18.0
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
    """Run the demo for a while, and take the picture when events of all kinds are on the page."""
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
    """Open ``address`` in a browser with a folder of its own, wait until the page has filled, and save it."""
    options = webdriver.ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    with tempfile.TemporaryDirectory() as profile:
        options.add_argument(f"--user-data-dir={profile}")
        browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        try:
            browser.get(address)
            time.sleep(SHOW_AFTER_S)
            PICTURE.parent.mkdir(exist_ok=True)
            browser.save_screenshot(str(PICTURE))
        finally:
            browser.quit()
    print(f"wrote {PICTURE}")


if __name__ == "__main__":
    main()
