"""`skerry ota` from the first key to the restored backup, as an operator types it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

DISCS = Path(__file__).parents[2] / "discs" / "discs.skerry"
SECRET = "a passphrase that is long enough"


@pytest.fixture
def ota(skerry, tmp_path, monkeypatch):
    """Return a function that runs `skerry ota …` with folders below tmp_path."""
    monkeypatch.setenv("SKERRY_OTA_PASSPHRASE", SECRET)
    monkeypatch.setenv("SKERRY_OTA_REPOSITORY", str(tmp_path / "repository"))
    monkeypatch.setenv("SKERRY_OTA_KEYS", str(tmp_path / "keys"))
    return lambda *arguments: skerry("ota", *arguments)


@pytest.fixture
def founded(ota):
    """The same, with keys and an empty repository."""
    assert ota("init").code == 0
    return ota


def test_a_release_goes_from_a_bundle_to_a_sound_repository_and_a_stick(founded, discs, tmp_path):
    published = founded("publish", discs, "--boards", "raspberry-pi-4,generic-x86", "--counter", "3", "--json")
    assert published.code == 0
    assert published.json["installed"]["refreshed"] == {"targets": 2, "snapshot": 2, "timestamp": 2}
    listed = founded("list", "--json").json
    assert [(one["subject"], one["counter"], one["boards"]) for one in listed["releases"]] == [
        ("model/discs", 3, ["raspberry-pi-4", "generic-x86"])
    ] * 2
    assert founded("export", "--usb", tmp_path / "stick", "--valid-for", "30").code == 0
    for folder in ("repository", "stick"):
        assert founded("verify", tmp_path / folder, "--json").json["findings"] == []


def test_a_misspelt_board_is_asked_after_before_anything_is_signed(founded, discs):
    run = founded("publish", discs, "--boards", "rapsberry-pi-4", "--counter", "1")
    assert run.code == 2
    assert "did you mean 'raspberry-pi-4'?" in run.err
    assert founded("list", "--json").json["releases"] == []


def test_a_board_that_runs_no_agent_is_refused(founded, discs):
    run = founded("publish", discs, "--boards", "esp32-s3", "--counter", "1")
    assert run.code == 2
    assert "runs no agent" in run.err


def test_a_model_that_skerry_ships_is_published_by_its_name(founded):
    published = founded("publish", "skerry-signs", "--boards", "generic-x86", "--counter", "1", "--json")
    assert published.code == 0, published.err
    assert {target.split("/")[1] for target in published.json["targets"]} == {"skerry-signs"}
    misspelt = founded("publish", "skerry-sign", "--boards", "generic-x86", "--counter", "2")
    assert (misspelt.code, "did you mean 'skerry-signs'?" in misspelt.err) == (2, True), misspelt.err
    assert founded("publish", "x" * 5000, "--boards", "generic-x86", "--counter", "2").code == 2


def test_wheels_become_a_release_of_the_agent(founded, tmp_path):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "skerry-0.2.0-py3-none-any.whl").write_bytes(b"PK\x03\x04")
    assert founded("publish", wheels, "--boards", "raspberry-pi-5", "--counter", "1").code == 0
    (listed,) = founded("list", "--json").json["releases"]
    assert listed["target"] == "agent/skerry/0.2.0/py3-none-any.tar"
    run = founded("publish", tmp_path, "--boards", "raspberry-pi-5", "--counter", "2")
    assert run.code == 2
    assert "neither a model's bundle nor a wheelhouse" in run.err


def test_wheels_that_a_board_cannot_run_are_refused_before_anything_is_signed(founded, tmp_path):
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for name in ("skerry-0.2.0-py3-none-any.whl", "numpy-2.1.0-cp311-cp311-manylinux_2_35_x86_64.whl"):
        (wheels / name).write_bytes(b"PK\x03\x04")
    run = founded("publish", wheels, "--boards", "generic-x86,raspberry-pi-5", "--counter", "1")
    assert (run.code, "raspberry-pi-5 is aarch64" in run.err) == (2, True), run.err
    assert founded("list", "--json").json["releases"] == []
    assert founded("publish", wheels, "--boards", "generic-x86", "--counter", "1").code == 0


def test_a_damaged_repository_is_not_sound_and_the_exit_code_says_so(founded, discs, tmp_path):
    founded("publish", discs, "--boards", "generic-x86", "--counter", "1")
    file = next((tmp_path / "repository" / "targets").rglob("*.skerry"))
    file.write_bytes(file.read_bytes()[:-1])
    run = founded("verify")
    assert run.code == 1
    assert "NOT sound" in run.out
    size = file.stat().st_size
    assert f"found {size} bytes, not {size + 1}" in run.out


def test_keys_are_replaced_and_everything_comes_back_from_a_backup(founded, discs, tmp_path):
    rotated = founded("rotate-root", "--replace", "online-1", "--replace", "root-1", "--json").json
    assert (rotated["made"], rotated["installed"]["version"]) == (["online-2", "root-2"], 2)
    assert founded("backup", tmp_path / "ota.backup").code == 0
    places = ("--repository", tmp_path / "new/repository", "--keys", tmp_path / "new/keys")
    assert founded("restore", tmp_path / "ota.backup", *places).code == 0
    assert founded("publish", discs, "--boards", "generic-x86", "--counter", "1", *places).code == 0
    assert (
        founded("verify", tmp_path / "new/repository", "--root", tmp_path / "repository/metadata/1.root.json").code == 0
    )


def test_a_backup_from_before_a_rotation_says_so_and_comes_back_with_the_roots_that_follow(founded, discs, tmp_path):
    assert founded("backup", tmp_path / "ota.backup").code == 0
    for _ in range(2):
        rotated = founded("rotate-root")
        assert "make a new one: skerry ota backup" in rotated.out
    metadata = tmp_path / "repository/metadata"
    newest = ("--root", metadata / "3.root.json")
    places = ("--repository", tmp_path / "new/repository", "--keys", tmp_path / "new/keys")
    restored = founded("restore", tmp_path / "ota.backup", *places, *newest)
    assert restored.code == 1
    assert "its root is version 1, devices have 3; copy the roots from 2 on" in restored.err
    assert founded("verify", tmp_path / "new/repository", *newest).code == 1
    for name in ("2.root.json", "3.root.json"):
        (tmp_path / "new/repository/metadata" / name).write_bytes((metadata / name).read_bytes())
    for command in ("renew", "refresh"):
        assert founded(command, "--skip-versions", "1000", *places).code == 0
    assert founded("publish", discs, "--boards", "generic-x86", "--counter", "1", *places).code == 0
    assert founded("verify", tmp_path / "new/repository", *newest, "--json").json["findings"] == []


def test_keys_in_two_hands_sign_one_after_the_other(ota, discs, tmp_path):
    """Both targets keys are made at once; then each person takes one of them away."""
    assert ota("init", "--targets-keys", "2", "--targets-threshold", "2").code == 0
    ring = json.loads((tmp_path / "keys/keys.json").read_bytes())
    for person, number in (("ann", 1), ("bob", 2)):
        folder = tmp_path / person
        folder.mkdir()
        own = [key for key in ring["keys"] if key["name"] == f"targets-{number}"]
        (folder / "keys.json").write_text(json.dumps({"v": 1, "keys": own}))
        (folder / f"targets-{number}.pem").write_bytes((tmp_path / f"keys/targets-{number}.pem").read_bytes())
    online = ("--online-keys", tmp_path / "keys/online")
    waiting = ota("publish", discs, "--boards", "generic-x86", "--counter", "1", "--keys", tmp_path / "ann", *online)
    assert "1 more signature is needed" in waiting.out
    assert "waits for signatures" in ota("verify").out
    unasked = ota("sign", "--keys", tmp_path / "bob", *online)
    assert (unasked.code, "new: model/discs/1.0.0/onnx-fp32.skerry, counter 1" in unasked.err) == (2, True)
    signed = ota("sign", "--yes", "--keys", tmp_path / "bob", *online, "--json").json
    assert signed["installed"][0]["missing"] == 0
    assert ota("verify", "--json").json["findings"] == []


def test_the_ceremony_as_the_docs_tell_it(ota, discs, tmp_path):
    """Each holder gets keys.json whole and the files of his own keys."""
    two = [option for role in ("root", "targets") for option in (f"--{role}-keys", "2", f"--{role}-threshold", "2")]
    assert ota("init", *two).code == 0
    for number, person in ((1, "ann"), (2, "bob")):
        (tmp_path / person).mkdir()
        for name in ("keys.json", f"root-{number}.pem", f"targets-{number}.pem"):
            (tmp_path / person / name).write_bytes((tmp_path / "keys" / name).read_bytes())
    (tmp_path / "cy").mkdir()
    (tmp_path / "cy/keys.json").write_bytes((tmp_path / "keys/keys.json").read_bytes())
    online = ("--online-keys", tmp_path / "keys/online")
    first, second = (("--keys", tmp_path / person, *online) for person in ("ann", "bob"))
    rotated = ota("rotate-root", *first)
    assert rotated.code == 0, rotated.err
    assert "root 2 waits: 1 more signature is needed" in rotated.out
    assert "(root-2: not here)" in rotated.out
    signed = ota("sign", "--yes", *second)
    assert "root 2 is published" in signed.out, signed.err
    waiting = ota("publish", discs, "--boards", "generic-x86", "--counter", "1", *first)
    assert "(targets-2: not here)" in waiting.out
    listed = ota("list", *first)
    assert "waits: targets 2, 1 of 2 signatures" in listed.out
    keyids = {key["name"]: key["keyid"] for key in json.loads((tmp_path / "ann/keys.json").read_bytes())["keys"]}
    assert f"2 of 2 keys: root-1 {keyids['root-1'][:8]}, root-2 {keyids['root-2'][:8]}" in listed.out
    (root, *_) = ota("list", *first, "--json").json["roles"]
    assert root["names"] == {keyids[name]: name for name in ("root-1", "root-2")}
    nobody = ota("sign", "--yes", "--keys", tmp_path / "cy", *online)
    assert (nobody.code, "not here: targets-1, targets-2" in nobody.err) == (2, True), nobody.err
    assert " as before" in ota("sign", *second).err
    assert "targets 2 is published" in ota("sign", "--yes", *second).out
    assert ota("verify", "--json").json["findings"] == []


def test_numbers_of_keys_that_do_not_fit_are_answered_with_those_that_do(ota):
    run = ota("init", "--root-threshold", "3")
    assert (run.code, "--root-keys 3" in run.err) == (2, True), run.err


def test_a_ring_that_names_no_possible_file_has_no_key_at_hand(founded, tmp_path):
    ring = json.loads((tmp_path / "keys/keys.json").read_bytes())
    for key in ring["keys"]:
        key["uri"] = "file:" + "x" * 5000
    (tmp_path / "keys/keys.json").write_text(json.dumps(ring))
    run = founded("renew")
    assert (run.code, "no key of the targets role is at hand" in run.err) == (2, True), run.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("init",), "there is a repository already"),
        (("rotate-root", "--threshold", "root=two"), "no threshold"),
        (("withdraw", "model/discs", "1.0.0"), "no such release"),
        (("export", "--usb", "stick", "--valid-for", "nan"), "not a number"),
        (("sign",), "nothing waits"),
        (("publish", DISCS, "--boards", "generic-x86", "--counter", "1", "--minimum-agent", "../x"), "no version"),
        (("refresh", "--online-keys", "nowhere", "--keys", "nowhere"), "there are no keys here"),
    ],
)
def test_wrong_usage_is_told_in_one_sentence(founded, arguments, word):
    run = founded(*arguments)
    assert (run.code, word in run.err) == (2, True), run.err


def test_a_wrong_passphrase_is_told_and_nothing_changes(founded, discs, monkeypatch):
    monkeypatch.setenv("SKERRY_OTA_PASSPHRASE", "another passphrase")
    run = founded("publish", discs, "--boards", "generic-x86", "--counter", "1")
    assert (run.code, "the passphrase does not open the key" in run.err) == (2, True)
    assert SECRET not in run.err
    assert founded("list", "--json").json["releases"] == []


def test_keys_are_made_encrypted_or_not_at_all(ota, monkeypatch, tmp_path):
    monkeypatch.delenv("SKERRY_OTA_PASSPHRASE")
    run = ota("init")
    assert (run.code, "no passphrase" in run.err) == (2, True)
    monkeypatch.setenv("SKERRY_OTA_PASSPHRASE", "short")
    assert "too short" in ota("init").err
    assert ota("init", "--no-passphrase").code == 0
    assert b"BEGIN PRIVATE KEY" in (tmp_path / "keys/root-1.pem").read_bytes()


@pytest.mark.parametrize("text", ["root", "root=0", "roots=5", "root=inf", "root=nan"])
def test_a_lifetime_that_is_none_is_refused(ota, text):
    run = ota("init", "--expires", text)
    assert (run.code, "how long it lasts" in run.err) == (2, True)


def test_what_nobody_needs_is_shown_and_then_goes(founded, discs, tmp_path):
    founded("publish", discs, "--boards", "generic-x86", "--counter", "1")
    founded("withdraw", "model/discs", "1.0.0")
    dry = founded("prune", "--after", "0", "--dry-run", "--json").json
    assert len([path for path in dry["removed"] if path.endswith(".skerry")]) == 2
    assert founded("prune", "--after", "0", "--json").json["removed"] == dry["removed"]
    assert founded("prune", "--after", "0", "--json").json["freed_bytes"] == 0
    assert founded("verify", "--json").json["findings"] == []
    assert founded("prune", "--keep", "1").code == 2


@pytest.mark.parametrize(
    ("arguments", "word", "code"),
    [
        (("init", "--expires", "root=0.001"), "how long it lasts", 2),
        (("init", "--repository", "{here}/b", "--keys", "{here}/b/keys"), "do not belong into the folder", 2),
        (("publish", DISCS, "--boards", "generic-x86", "--counter", "1", "--minimum-agent", ""), "no version", 2),
        (("publish", DISCS, "--boards", "generic-x86", "--counter", "1", "--minimum-agent", "1" * 99), "no version", 2),
        (("publish", DISCS, "--boards", "generic-x86", "--counter", "1", "--variant", "onnx-fp23"), "'onnx-fp32'", 2),
        (("export", "--usb", "{here}/repository/stick", "--valid-for", "3"), "within the repository", 2),
        (("export", "--usb", "{here}/stick", "--valid-for", "3", "--release", "model/x"), "no release is for", 2),
        (("verify", "--root", "{here}/nowhere.json"), "cannot read", 4),
        (("verify", "--root", DISCS), "no TUF metadata", 4),
        (("backup", "{here}/repository/backup"), "within what it saves", 2),
        (("backup", "{here}/pipe"), "only a regular file", 4),
        (("restore", "{here}/pipe"), "only a regular file", 4),
        (("restore", "{here}/saved", "--repository", "{here}/a", "--keys", "{here}/a/keys"), "cannot be restored", 2),
    ],
)
def test_what_would_do_harm_or_nothing_is_refused_before_it_begins(founded, tmp_path, arguments, word, code):
    os.mkfifo(tmp_path / "pipe")
    assert founded("backup", tmp_path / "saved").code == 0
    run = founded(*(str(one).format(here=tmp_path) for one in arguments))
    assert (run.code, word in run.err) == (code, True), run.err
    assert (tmp_path / "pipe").is_fifo()
    assert not (tmp_path / "a").exists()
