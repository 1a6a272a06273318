"""Who may read what, by owners, modes, and what a unit hides."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from skerry_edge.agent.config.checks import load_config
from skerry_edge.agent.doctor.files import judge_files
from skerry_edge.agent.install.reading import Reader, named_files, why_unreadable, why_unwritable
from skerry_edge.agent.install.sight import HIDDEN, hidden_by

SERVICE = Reader(name="skerry", uid=os.geteuid() + 1, gids=frozenset({os.getegid() + 1}))
"""Somebody else than who runs this."""


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file that everybody may read in a folder that everybody may enter."""
    tmp_path.chmod(0o755)
    folder = tmp_path / "etc"
    folder.mkdir(mode=0o755)
    file = folder / "ca.pem"
    file.touch()
    file.chmod(0o644)
    return file


def test_what_everybody_may_read_is_readable(tmp_path: Path, secret: Path) -> None:
    assert secret.exists()
    assert why_unreadable("/etc/ca.pem", SERVICE, tmp_path) is None


def test_a_file_of_somebody_s_own_is_not(tmp_path: Path, secret: Path) -> None:
    secret.chmod(0o600)
    assert "may not read" in (why_unreadable("/etc/ca.pem", SERVICE, tmp_path) or "")
    owner = replace(SERVICE, uid=os.geteuid())
    assert why_unreadable("/etc/ca.pem", owner, tmp_path) is None
    secret.chmod(0o640)
    member = replace(SERVICE, gids=frozenset({os.getegid()}))
    assert why_unreadable("/etc/ca.pem", member, tmp_path) is None


def test_a_folder_that_is_closed_hides_what_is_in_it(tmp_path: Path, secret: Path) -> None:
    secret.parent.chmod(0o700)
    assert "may not enter" in (why_unreadable("/etc/ca.pem", SERVICE, tmp_path) or "")
    (tmp_path / "link").symlink_to(secret)
    assert "may not enter" in (why_unreadable("/link", SERVICE, tmp_path) or "")


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    assert why_unreadable("/etc/none", SERVICE, tmp_path) == "/etc/none is not there"


def test_what_the_unit_hides_is_not_read_by_root_either(tmp_path: Path) -> None:
    root = Reader(name="root", uid=0, gids=frozenset({0}), hidden=HIDDEN)
    assert "its unit hides /home" in (why_unreadable("/home/pi/ca.pem", root, tmp_path) or "")


@pytest.mark.parametrize(
    ("unit", "hidden"),
    [
        ("ProtectHome=yes\nPrivateTmp=yes\n", HIDDEN),
        ("ProtectHome=yes\n[Service]\nProtectHome=no\n", ()),
        ("ProtectHome=read-only\n", ()),
        ("ProtectHome=tmpfs\n", ("/home", "/root", "/run/user")),
        ("", ()),
    ],
)
def test_the_last_word_of_a_unit_and_its_drop_ins_counts(unit: str, hidden: tuple[str, ...]) -> None:
    assert hidden_by(unit) == hidden


def test_a_folder_must_be_writable_for_state(tmp_path: Path) -> None:
    me = Reader(name="me", uid=os.geteuid(), gids=frozenset({os.getegid()}))
    assert why_unwritable(str(tmp_path), me) is None
    assert why_unwritable(str(tmp_path), SERVICE) is not None


def test_every_file_of_a_configuration_is_looked_at(tmp_path: Path) -> None:
    for name in ("word", "model.skerry"):
        (tmp_path / name).write_text("x")
    (tmp_path / "agent.toml").write_text(
        'site = "garden"\ndevice = "cam-1"\nboard = "generic-x86"\n'
        'mqtt = { url = "mqtt://127.0.0.1", password_file = "word" }\n'
        '[[pipelines]]\nkind = "detection"\nname = "gate"\nmodel = "model.skerry"\n'
        'source = { kind = "rtsp", url = "rtsp://192.0.2.1/1", username = "me", password_file = "word" }\n'
        '[[pipelines]]\nkind = "wakeword"\nname = "ear"\nwords = [{ model = "mine.json" }, { model = "alexa" }]\n'
        'source = { kind = "audio-file", path = "rain.wav" }\n'
    )
    named = dict(named_files(load_config(tmp_path / "agent.toml")))
    assert {key: Path(path).name for key, path in named.items()} == {
        "mqtt.password_file": "word",
        "pipelines[0].model": "model.skerry",
        "pipelines[0].source.password_file": "word",
        "pipelines[1].words[0].model": "mine.json",
        "pipelines[1].source.path": "rain.wav",
    }


def test_the_finding_names_the_key_the_reason_and_the_remedy(tmp_path: Path, secret: Path) -> None:
    secret.chmod(0o600)
    finding = judge_files([("mqtt.tls.ca_file", "/etc/ca.pem")], SERVICE, tmp_path)
    assert finding.status == "failed"
    assert finding.found.startswith("mqtt.tls.ca_file: skerry may not read")
    assert "chown root:skerry" in (finding.todo or "")
    secret.chmod(0o644)
    assert judge_files([("mqtt.tls.ca_file", "/etc/ca.pem")], SERVICE, tmp_path).status == "ok"
