"""Which strings are secrets, and in which forms they are found."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from skerry_edge.agent.support_bundle.scrubbing import Scrubber
from skerry_edge.agent.support_bundle.secrets_here import find_secrets

SECRET = "geh eim/é%7&x"


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        json.dumps(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        f"log in with {SECRET}, it said",
        f"rtsp://me:{SECRET}@10.0.0.9/live",
    ],
)
def test_a_known_secret_is_masked_in_each_form(form: str) -> None:
    cleaned = Scrubber([SECRET]).clean(f"before {form} after")
    assert SECRET not in cleaned
    assert form not in cleaned
    assert cleaned.startswith("before ")


def test_a_secret_within_another_leaves_no_rest() -> None:
    assert Scrubber(["abcd", "abcdefgh"]).clean("x abcdefgh y abcd") == "x *** y ***"


def test_a_short_secret_does_not_eat_all_text() -> None:
    scrubber = Scrubber(["a", ""])
    assert scrubber.clean("a banana") == "a banana"
    assert "=a" not in scrubber.clean("password=a")


def test_secrets_are_told_from_files_variables_values_and_urls(tmp_path: Path) -> None:
    (tmp_path / "mqtt-password").write_text("from-the-file\n")
    (tmp_path / "absolute").write_text("from-elsewhere")
    text = f"""
url = "rtsp://eye:in%40url@10.0.0.9/live"
api_token = "as-a-value"
[mqtt]
password_file = "mqtt-password"
password_env = "BROKER_WORD"
[[pipelines]]
source = {{ password_file = "{tmp_path}/absolute", other = "harmless" }}
"""
    environment = {"BROKER_WORD": "from-the-variable", "MY_SECRET": "by-its-name", "PATH": "/usr/bin"}
    found = find_secrets(text, tmp_path, environment)
    expected = {"from-the-file", "from-elsewhere", "from-the-variable", "by-its-name", "as-a-value"}
    assert expected | {"in%40url", "in@url", "eye:in%40url"} <= found
    assert not {"harmless", "/usr/bin"} & found


@pytest.mark.parametrize("text", ["", "no = [toml", "url = 'rtsp://me:geheim@x'\n= broken"])
def test_a_broken_configuration_is_looked_at_as_text(text: str, tmp_path: Path) -> None:
    found = find_secrets(text, tmp_path, {})
    assert ("geheim" in found) == ("geheim" in text)


def test_a_password_file_that_cannot_be_read_is_no_fault(tmp_path: Path) -> None:
    assert find_secrets('password_file = "none"', tmp_path, {}) == set()


def test_a_password_within_a_pipeline_s_text_is_looked_for_everywhere(tmp_path: Path) -> None:
    text = 'pipeline = "rtspsrc location=rtsp://10.0.0.2/x user-id=bob user-pw=Hunter2xyz ! decodebin"'
    cleaned = Scrubber(find_secrets(text, tmp_path, {})).clean(f"{text}\nthe camera refused bob, Hunter2xyz")
    assert "Hunter2xyz" not in cleaned
    assert "user-id=bob" in cleaned
