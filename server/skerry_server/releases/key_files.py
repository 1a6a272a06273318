"""Private keys in files: PEM, PKCS #8, encrypted with a passphrase."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner, SSlibKey

from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ConfigError, DataError, ReachError
from skerry_edge.foundation.small_file import read_small
from skerry_server.releases.secret_names import AskSecret, SecretName

MIN_PASSPHRASE = 12
_MAX_PEM_BYTES = 64 << 10


def make_key(path: Path, passphrase: str | None) -> SSlibKey:
    """Make an Ed25519 key in ``path``, which only its owner can read; return the public one.

    Raises ConfigError where there is a file already or the passphrase is too short, and ReachError.
    """
    if path.exists():
        raise ConfigError("a key file is never written over", where=str(path))
    if passphrase is not None and len(passphrase) < MIN_PASSPHRASE:
        raise ConfigError(
            "the passphrase is too short", found=f"{len(passphrase)} letters", todo=f"take at least {MIN_PASSPHRASE}"
        )
    key = Ed25519PrivateKey.generate()
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase is not None:
        encryption = BestAvailableEncryption(passphrase.encode())
    write_atomic(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption), mode=0o600)
    return SSlibKey.from_crypto(key.public_key())


def open_key(path: Path, public: SSlibKey, ask: AskSecret) -> CryptoSigner:
    """Return a signer with the private key in ``path``.

    Raises ReachError where it cannot be read, ConfigError where the passphrase is wrong or missing, and DataError where
    it is no key or not the one that belongs to ``public``.
    """
    try:
        pem = read_small(path, _MAX_PEM_BYTES)
    except OSError as error:
        todo = "run this as its owner, or give the folder of another key: --keys DIR"
        raise ReachError("cannot read a key", where=str(path), found=error.strerror, todo=todo) from error
    secret = (
        ask(SecretName(kind="passphrase", key=path.name)).encode() if b"BEGIN ENCRYPTED PRIVATE KEY" in pem else None
    )
    try:
        private = load_pem_private_key(pem, secret)
    except ValueError as error:
        if secret is not None:
            raise ConfigError("the passphrase does not open the key", where=str(path)) from error
        raise DataError("this is no private key in PEM", where=str(path)) from error
    except UnsupportedAlgorithm as error:
        raise DataError("a private key of a kind that is not supported", where=str(path)) from error
    try:
        return CryptoSigner(private, public)
    except ValueError as error:
        raise DataError("the private key is not the one of the key ring", where=str(path)) from error
