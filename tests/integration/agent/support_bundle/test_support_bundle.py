"""`skerry agent support-bundle`: everything a bug report needs, and no secret that was planted anywhere."""

from __future__ import annotations

import base64
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

SECRETS = {
    "mqtt": "mqtt-geheim-1",
    "rtsp": "rtsp geheim/2&é",
    "variable": "variable-geheim-3",
    "token": "token-geheim-4",
    "url": "url-geheim-5",
}


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A device's folder with secrets in every place that they could get into; gives its configuration."""
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "mqtt-password").write_text(f"{SECRETS['mqtt']}\n")
    (tmp_path / "camera-password").write_text(f"{SECRETS['rtsp']}\n")
    monkeypatch.setenv("CAMERA_WORD", SECRETS["variable"])
    all_of_them = " ".join(SECRETS.values())
    (state / "applied.json").write_text(json.dumps({"mqtt": {"password": SECRETS["mqtt"]}, "note": all_of_them}))
    (state / "notes.txt").write_text(
        f"{all_of_them}\nAuthorization: Bearer {SECRETS['token']}\n"
        f"rtsp://me:{quote(SECRETS['rtsp'], safe='')}@10.0.0.9/live\n"
        f"Basic {base64.b64encode(('me:' + SECRETS['rtsp']).encode()).decode()}\n"
        f"-----BEGIN PRIVATE KEY-----\n{SECRETS['token']}\n-----END PRIVATE KEY-----\n"
    )
    (state / "outbox.db-old").write_bytes(b"SQLite\0" + all_of_them.encode())
    (state / "sub").mkdir()
    (state / "bad\udce9.txt").write_text("a name of another encoding")
    os.mkfifo(state / "pipe.json")
    _put_journal(tmp_path, all_of_them, monkeypatch)
    config = tmp_path / "agent.toml"
    config.write_text(
        f"# {SECRETS['token']} was here once\n"
        'site = "garden"\ndevice = "cam-1"\nboard = "generic-x86"\nstate_dir = "state"\n'
        'mqtt = { url = "mqtt://127.0.0.1:1", password_file = "mqtt-password" }\n'
        '[[pipelines]]\nkind = "detection"\nname = "gate"\nmodel = "skerry-signs"\n'
        'source = { kind = "rtsp", url = "rtsp://127.0.0.1:1/live", password_file = "camera-password" }\n'
        '[[pipelines]]\nkind = "detection"\nname = "yard"\nmodel = "skerry-signs"\n'
        'source = { kind = "rtsp", password_env = "CAMERA_WORD", '
        f'url = "rtsp://me:{SECRETS["url"]}@127.0.0.1:1/live" }}\n'
    )
    monkeypatch.setenv("SKERRY_TOKEN", SECRETS["token"])
    return config


def _put_journal(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a `journalctl` before the real one that has secrets to tell."""
    programs = folder / "bin"
    programs.mkdir()
    (folder / "journal").write_text(f"agent: connecting with password={SECRETS['mqtt']} {text}\nagent: fine\n")
    (programs / "journalctl").write_text(f"#!/bin/sh\ncat '{folder}/journal'\n")
    (programs / "journalctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")


def unpack(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        members = {one.name.partition("/")[2]: archive.extractfile(one) for one in archive.getmembers()}
        return {name: file.read() for name, file in members.items() if file is not None}


def test_no_planted_secret_is_in_the_bundle(skerry: Callable[..., Any], planted: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle.tar.gz"
    done = skerry("agent", "support-bundle", "--config", planted, "--out", out)
    assert done.code == 0, done.err
    held = unpack(out)
    for secret in SECRETS.values():
        for form in (secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1]):
            assert [name for name, data in held.items() if form.encode() in data] == []
            assert form not in done.out + done.err
    assert base64.b64encode(("me:" + SECRETS["rtsp"]).encode()) not in held["state/notes.txt"]
    assert out.stat().st_mode & 0o777 == 0o600


def test_what_a_bug_report_needs_is_there_and_listed(skerry: Callable[..., Any], planted: Path, tmp_path: Path) -> None:
    out = tmp_path / "bundle.tar.gz"
    listed = skerry("agent", "support-bundle", "--config", planted, "--out", out, "--json").json["members"]
    held = unpack(out)
    assert [one["name"] for one in listed] == list(held)
    assert {"agent.toml", "versions.txt", "doctor.json", "vitals.json", "board.json", "log/agent.txt"} <= set(held)
    contents = held["CONTENTS.txt"].decode()
    assert all(name in contents for name in held if name != "CONTENTS.txt")
    assert b'device = "cam-1"' in held["agent.toml"]
    assert b"agent: fine" in held["log/agent.txt"]
    assert {one["name"] for one in json.loads(held["doctor.json"])} >= {"python", "broker", "disk"}
    assert "state/applied.json" in held
    assert held["state/bad\\xe9.txt"] == b"a name of another encoding"
    assert not [name for name in held if "outbox.db-old" in name or "password" in name]


def test_pictures_stay_where_they_are_unless_asked_for(skerry: Callable[..., Any], tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text("state_dir = 'state'\n")
    (tmp_path / "state").mkdir()
    (tmp_path / "state/snapshot.jpg").write_bytes(b"\xff\xd8 a picture")
    without, along = tmp_path / "without.tar.gz", tmp_path / "along.tar.gz"
    skerry("agent", "support-bundle", "--config", config, "--out", without)
    skerry("agent", "support-bundle", "--config", config, "--out", along, "--with-media")
    assert not [name for name in unpack(without) if name.endswith(".jpg")]
    assert unpack(along)["media/snapshot.jpg"] == b"\xff\xd8 a picture"


def test_a_broken_configuration_goes_in_with_what_is_wrong(skerry: Callable[..., Any], tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text("site = [broken\nurl = 'mqtt://me:geheim@x'\n")
    out = tmp_path / "bundle.tar.gz"
    done = skerry("agent", "support-bundle", "--config", config, "--out", out)
    assert done.code == 0, done.err
    held = unpack(out)
    assert b"site = [broken" in held["agent.toml"]
    assert b"geheim" not in b"".join(held.values())
    assert b"not valid TOML" in held["doctor.json"]


@pytest.mark.parametrize("out", ["no/such/folder/b.tar.gz", "."])
def test_a_place_that_cannot_be_written_is_an_error(skerry: Callable[..., Any], tmp_path: Path, out: str) -> None:
    config = tmp_path / "agent.toml"
    config.write_text("site = 1\n")
    done = skerry("agent", "support-bundle", "--config", config, "--out", tmp_path / out)
    assert done.code in (2, 4)
    assert "Traceback" not in done.err
