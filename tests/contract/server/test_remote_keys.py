"""Keys that stay elsewhere, by the contract of securesystemslib's signers: a URI, a public key, perhaps a PIN.

A stand-in keeps its private key to itself and is registered as a module's signer would be; securesystemslib's own
signer for files is the second one. A real module in software is in tests/integration/server/test_security_module.py.
"""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from chaos.ota_forgeries import NEW, NEW_BYTES
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from securesystemslib.signer import SIGNER_FOR_URI_SCHEME, CryptoSigner, Signer, _hsm_signer
from tuf.api.metadata import Root

from skerry_edge.foundation.errors import ConfigError, DataError, MissingError, ReachError
from skerry_server.releases.founding import Charter, Quorum, found
from skerry_server.releases.keyring import Custody, KeyRing
from skerry_server.releases.offers import Offer
from skerry_server.releases.publishing import publish
from skerry_server.releases.remote_keys import RemoteKey, open_remote, read_public_key
from skerry_server.releases.repository import Repository
from skerry_server.releases.rotation import Change, rotate_root
from skerry_server.releases.signing import Signatory

NOW = datetime.now(timezone.utc)
PIN = "0123"


class _Module(Signer):
    """A security module with one key, which it uses for whoever knows the PIN."""

    key = CryptoSigner.generate_ecdsa()
    is_unplugged = False

    def __init__(self, public_key):
        self._public_key = public_key

    @classmethod
    def from_priv_key_uri(cls, priv_key_uri, public_key, secrets_handler=None):
        if secrets_handler("pin") != PIN:
            raise ValueError("wrong PIN")
        return cls(public_key)

    @property
    def public_key(self):
        return self._public_key

    def sign(self, payload):
        if self.is_unplugged:
            raise OSError("no token in the slot")
        return self.key.sign(payload)


@pytest.fixture(params=["module", "file2"])
def remote(request, tmp_path, monkeypatch):
    """A key kept elsewhere, as a repository is founded with it."""
    monkeypatch.setitem(SIGNER_FOR_URI_SCHEME, "module", _Module)
    key = _Module.key
    if request.param == "file2":
        (tmp_path / "private.pem").write_bytes(key.private_bytes)
        return RemoteKey(uri=f"file2:{tmp_path / 'private.pem'}", public=_public(key, tmp_path))
    return RemoteKey(uri="module:slot=0", public=_public(key, tmp_path))


def _public(key, folder):
    pem = key._private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "public.pem").write_bytes(pem)
    return read_public_key(folder / "public.pem")


def test_a_key_kept_elsewhere_signs_all_that_it_may(remote, tmp_path):
    custody = Custody(offline=KeyRing(tmp_path / "keys"), online=KeyRing(tmp_path / "online"), secret=None)
    repository = Repository(tmp_path / "repository")
    charter = Charter(
        root=Quorum(remote=(remote,)), targets=Quorum(keys=2, threshold=2, remote=(remote,)), online=remote
    )
    found(repository, custody, charter, lambda _: PIN, NOW)
    assert [key.uri for key in custody.offline.keys.values()] == [remote.uri, remote.uri, "file:targets-2.pem"]
    signatory = Signatory((KeyRing.load(tmp_path / "keys"), KeyRing.load(tmp_path / "online")), lambda _: PIN)
    published = publish(repository, [Offer.of_bytes(NEW, NEW_BYTES)], signatory, NOW)
    assert published.installed.refreshed.targets == 2
    root = repository.read(Root, 1).signed
    assert root.keys[remote.public.keyid].scheme == "ecdsa-sha2-nistp256"


def test_a_key_kept_elsewhere_takes_the_place_of_a_file(remote, tmp_path):
    custody = Custody(offline=KeyRing(tmp_path / "keys"), online=KeyRing(tmp_path / "online"), secret=None)
    repository = Repository(tmp_path / "repository")
    found(repository, custody, Charter(), lambda _: PIN, NOW)
    signatory = Signatory((custody.offline, custody.online), lambda _: PIN)
    change = Change(replace=("targets-1",), remote=(remote,))
    assert rotate_root(repository, custody, change, signatory, NOW).made == ("targets-2",)
    publish(repository, [Offer.of_bytes(NEW, NEW_BYTES)], signatory, NOW)
    assert repository.root().signed.roles["targets"].keyids == [remote.public.keyid]
    with pytest.raises(ConfigError, match="more keys than"):
        rotate_root(repository, custody, Change(remote=(remote,)), signatory, NOW)


def test_a_wrong_pin_opens_nothing(monkeypatch):
    monkeypatch.setitem(SIGNER_FOR_URI_SCHEME, "module", _Module)
    with pytest.raises(ConfigError, match="does not fit"):
        open_remote(RemoteKey(uri="module:slot=0", public=_Module.key.public_key), lambda _: "9999")


def test_a_module_that_is_unplugged_is_told(monkeypatch, tmp_path):
    monkeypatch.setitem(SIGNER_FOR_URI_SCHEME, "module", _Module)
    monkeypatch.setattr(_Module, "is_unplugged", True)
    key = RemoteKey(uri="module:slot=0", public=_Module.key.public_key)
    custody = Custody(offline=KeyRing(tmp_path / "k"), online=KeyRing(tmp_path / "k/o"), secret=None)
    with pytest.raises(ReachError, match="does not sign"):
        found(Repository(tmp_path / "r"), custody, Charter(root=Quorum(remote=(key,))), lambda _: PIN, NOW)


def test_a_kind_of_key_that_nobody_knows_is_refused_with_those_that_are():
    with pytest.raises(ConfigError) as refused:
        open_remote(RemoteKey(uri="floppy:a", public=_Module.key.public_key), lambda _: PIN)
    assert "hsm" in refused.value.todo


def test_a_library_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(_hsm_signer, "PKCS11_IMPORT_ERROR", "'python-pkcs11' required")
    with pytest.raises(MissingError) as refused:
        open_remote(RemoteKey(uri="hsm:1?label=x", public=_Module.key.public_key), lambda _: PIN)
    assert refused.value.todo == "pip install 'skerry[hsm]'"


def test_a_key_that_is_not_the_public_one_is_refused_before_anything_is_made(monkeypatch, tmp_path):
    monkeypatch.setitem(SIGNER_FOR_URI_SCHEME, "module", _Module)
    key = RemoteKey(uri="module:slot=0", public=CryptoSigner.generate_ecdsa().public_key)
    custody = Custody(offline=KeyRing(tmp_path / "k"), online=KeyRing(tmp_path / "k/o"), secret=None)
    with pytest.raises(DataError, match="is not the one of the public key"):
        found(Repository(tmp_path / "r"), custody, Charter(online=key), lambda _: PIN, NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_a_public_key_is_told(tmp_path):
    (tmp_path / "x.pem").write_text("nothing")
    with pytest.raises(DataError):
        read_public_key(tmp_path / "x.pem")
