"""One key is one key, however it is written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from securesystemslib.signer import CryptoSigner, Key, SSlibKey
from tuf.api.metadata import Root

from skerry_edge.ota.trust.keys import doubled_role

KINDS: dict[str, Callable[[], CryptoSigner]] = {
    "ed25519": CryptoSigner.generate_ed25519,
    "rsa": CryptoSigner.generate_rsa,
    "ecdsa": CryptoSigner.generate_ecdsa,
}


def root_with(role: str, *keys: Key) -> Root:
    root = Root()
    for key in keys:
        root.add_key(key, role)
    return root


def spelt(key: Key, number: int, public: str, scheme: str | None = None) -> Key:
    return SSlibKey(f"{number:064x}", key.keytype, scheme or key.scheme, {"public": public})


def pkcs1(pem: str) -> str:
    return load_pem_public_key(pem.encode()).public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
@pytest.mark.parametrize(
    ("kind", "again"),
    [
        ("ed25519", lambda public: public),
        ("ed25519", str.upper),
        ("ed25519", lambda public: " ".join((public[:10], public[10:]))),
        ("rsa", lambda public: public.replace("\n", "\r\n")),
        ("rsa", pkcs1),
        ("ecdsa", lambda public: f"a comment\n{public}\n\n"),
    ],
)
def test_another_spelling_makes_no_second_key(role: str, kind: str, again: Callable[[str], str]) -> None:
    key = KINDS[kind]().public_key
    other = KINDS[kind]().public_key
    assert doubled_role(root_with(role, key, spelt(key, 1, again(key.keyval["public"])), other)) == role
    assert doubled_role(root_with(role, key, other)) is None


def test_another_scheme_makes_no_second_key() -> None:
    key = CryptoSigner.generate_rsa().public_key
    assert doubled_role(root_with("root", key, spelt(key, 1, key.keyval["public"], "rsassa-pss-sha512"))) == "root"


def test_keys_that_nobody_can_read_are_told_apart_by_their_text() -> None:
    one, two = (SSlibKey(f"{n}" * 64, "ed25519", "ed25519", {"public": f"not hex {n}"}) for n in (1, 2))
    assert doubled_role(root_with("root", one, two)) is None
    assert doubled_role(root_with("root", one, spelt(one, 3, "not hex 1"))) == "root"
