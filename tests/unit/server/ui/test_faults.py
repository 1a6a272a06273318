"""Our own pages for what goes wrong, in place of NiceGUI's; in a process of its own, as NiceGUI has one application."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json
import warnings
warnings.simplefilter("ignore")
from fastapi import FastAPI
from nicegui import ui
from starlette.testclient import TestClient
from skerry_server.errors import RegistryError
from skerry_server.ui.faults import add_faults

@ui.page("/fails")
def fails() -> None:
    raise ZeroDivisionError("secret detail")

@ui.page("/away")
async def away() -> None:
    raise RegistryError("the registry's database cannot be used", found="http://user:password@host")

api = FastAPI()
add_faults()
ui.run_with(api, show_welcome_message=False)
with TestClient(api, raise_server_exceptions=False) as client:
    answers = {path: client.get(path) for path in ("/nowhere", "/fails", "/away")}
print(json.dumps({path: [one.status_code, one.text, dict(one.headers)] for path, one in answers.items()}))
"""


@pytest.fixture(scope="module")
def answers():
    """What a server says for an address without a page, a page that fails, and one that cannot reach the registry."""
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(run.stdout)


def test_an_address_without_a_page_says_so(answers):
    status, page, _ = answers["/nowhere"]
    assert status == 404
    assert "There is no page at this address" in page
    assert "nicegui" not in page.lower()


def test_a_page_that_fails_tells_nothing_of_its_inside(answers):
    status, page, _ = answers["/fails"]
    assert status == 500
    assert "The server made a mistake" in page
    assert "secret detail" not in page


def test_a_page_that_cannot_reach_the_registry_says_what_is_away_and_when_to_ask_again(answers):
    status, page, headers = answers["/away"]
    assert status == 503
    assert "the registry&#39;s database cannot be used" in page
    assert "password" not in page
    assert int(headers["retry-after"]) > 0
