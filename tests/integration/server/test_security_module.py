"""`skerry ota` with keys that never leave a PKCS #11 module: SoftHSM, reached as a smart card or a network module is.

SoftHSM is loaded in processes of their own alone: it reads where its tokens are once in a process, and it is ended by
the symbols of another OpenSSL, which TensorFlow brings into the process of other tests.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PIN = "471100"
LIBRARIES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
)
KEYS = {"root": 2, "targets": 3, "spare": 4}
MAKE_KEYS = """
import os, sys
from pathlib import Path
import pkcs11
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters

folder, pin, *names = sys.argv[1:]
token = pkcs11.lib(os.environ["PYKCS11LIB"]).get_token(token_label="skerry")
with token.open(user_pin=pin, rw=True) as session:
    for name, number in zip(names[::2], map(int, names[1::2])):
        parameters = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        curve = session.create_domain_parameters(pkcs11.KeyType.EC, parameters, local=True)
        public, private = curve.generate_keypair(store=True, id=bytes([number]), label=f"key {number}")
        assert private[pkcs11.Attribute.EXTRACTABLE] is False
        key = load_der_public_key(encode_ec_public_key(public))
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        Path(folder, f"{name}.pem").write_bytes(pem)
"""
"""Makes P-256 key pairs in the token, which it never gives away, and writes their public halves."""
REFRESH = """
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from skerry_server.releases.online import OnlineRepository

online = OnlineRepository.open(Path(sys.argv[1]), Path(sys.argv[2]))
print(online.refresh_when_due(datetime.now(timezone.utc), every=timedelta(0)).timestamp)
"""
"""Signs as the server does."""


@dataclass(frozen=True)
class Ended:
    """A process that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def python(*arguments: object) -> Ended:
    """Run Python in a process of its own."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def module(tmp_path_factory, need_program):
    """A token `skerry` with three P-256 keys made inside of it; gives the folder of their public halves."""
    program = need_program("softhsm2-util")
    if importlib.util.find_spec("pkcs11") is None:
        pytest.skip("pip install 'skerry[hsm]'")
    folder = tmp_path_factory.mktemp("module")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        patch.setenv("PYKCS11LIB", next(path for path in LIBRARIES if Path(path).exists()))
        subprocess.run(
            [program, "--init-token", "--free", "--label", "skerry", "--pin", PIN, "--so-pin", "081500"],
            check=True,
            capture_output=True,
        )
        numbered = [word for pair in KEYS.items() for word in pair]
        made = python("-c", MAKE_KEYS, folder, PIN, *numbered)
        assert made.code == 0, made.err
        yield folder


@pytest.fixture
def ota(module, tmp_path, monkeypatch):
    """Return a function that runs `skerry ota …` with folders below tmp_path, and with the token's PIN."""
    monkeypatch.setenv("SKERRY_OTA_PIN", PIN)
    monkeypatch.setenv("SKERRY_OTA_REPOSITORY", str(tmp_path / "repository"))
    monkeypatch.setenv("SKERRY_OTA_KEYS", str(tmp_path / "keys"))
    return lambda *arguments: python("-c", "from skerry_edge.cli import main; main()", "ota", *arguments)


@pytest.fixture
def signer(module):
    """Return a function that names a key of the token as the command line does."""
    return lambda name: (f"hsm:{KEYS[name]}?label=skerry", module / f"{name}.pem")


def test_a_repository_is_founded_and_published_to_with_keys_that_stay_in_the_module(ota, signer, discs, tmp_path):
    founded = ota("init", "--root-signer", *signer("root"), "--targets-signer", *signer("targets"))
    assert founded.code == 0, founded.err
    assert list((tmp_path / "keys").glob("*.pem")) == [], "no key of people is in a file"
    assert ota("publish", discs, "--boards", "raspberry-pi-5", "--counter", "1").code == 0
    listed = ota("list", "--json").json
    assert {one["subject"] for one in listed["releases"]} == {"model/discs"}
    assert ota("verify", "--json").json["findings"] == []


def test_a_lost_key_in_a_file_is_replaced_by_one_in_the_module(ota, signer, discs, monkeypatch):
    monkeypatch.setenv("SKERRY_OTA_PASSPHRASE", "a passphrase that is long enough")
    assert ota("init").code == 0
    rotated = ota("rotate-root", "--replace", "targets-1", "--signer", *signer("spare"), "--json")
    assert rotated.json["made"] == ["targets-2"], rotated.err
    assert ota("publish", discs, "--boards", "raspberry-pi-5", "--counter", "1").code == 0
    assert ota("verify", "--json").json["findings"] == []


def test_an_online_key_in_the_module_signs_for_the_server_which_has_nobody_to_ask(ota, signer, tmp_path):
    assert ota("init", "--no-passphrase", "--online-signer", *signer("spare")).code == 0
    refreshed = python("-c", REFRESH, tmp_path / "repository", tmp_path / "keys/online")
    assert (refreshed.code, refreshed.out.strip()) == (0, "2"), refreshed.err


def test_a_wrong_pin_is_told_before_anything_is_made(ota, signer, monkeypatch, tmp_path):
    monkeypatch.setenv("SKERRY_OTA_PIN", "000000")
    run = ota("init", "--root-signer", *signer("root"), "--targets-signer", *signer("targets"))
    assert (run.code, "refuses the PIN" in run.err) == (2, True), run.err
    assert not (tmp_path / "repository").exists()
    assert not (tmp_path / "keys").exists()


def test_without_a_pin_or_a_terminal_it_is_said_where_to_give_one(ota, signer, monkeypatch):
    monkeypatch.delenv("SKERRY_OTA_PIN")
    run = ota("init", "--root-signer", *signer("root"), "--targets-signer", *signer("targets"))
    assert (run.code, "SKERRY_OTA_PIN" in run.err) == (2, True), run.err


def test_the_public_key_of_another_one_is_refused(ota, signer, tmp_path):
    uri, _ = signer("root")
    run = ota("init", "--no-passphrase", "--root-signer", uri, signer("targets")[1])
    assert (run.code, "is not the one of the public key" in run.err) == (4, True), run.err
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("uri", ["hsm:2?label=another", "hsm:9?label=skerry"])
def test_a_token_or_key_that_is_not_there_is_told(ota, module, uri):
    run = ota("init", "--no-passphrase", "--root-signer", uri, module / "root.pem")
    assert (run.code, "does not sign" in run.err) == (4, True), run.err


def test_a_uri_without_a_number_is_wrong_usage(ota, module):
    run = ota("init", "--no-passphrase", "--root-signer", "hsm:two", module / "root.pem")
    assert (run.code, "does not fit" in run.err) == (2, True), run.err
