"""Private keys that stay in a security module or a key service, reached through securesystemslib's signers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.exceptions import UnsupportedLibraryError, UnverifiedSignatureError, VerificationError
from securesystemslib.signer import SIGNER_FOR_URI_SCHEME, Signer, SSlibKey

from skerry_edge.foundation.errors import ConfigError, DataError, MissingError, ReachError, SkerryError
from skerry_edge.foundation.small_file import read_small
from skerry_server.releases.secret_names import AskSecret, SecretName

_MAX_PEM_BYTES = 64 << 10
_EXTRAS = {
    "hsm": "skerry[hsm]",
    "awskms": "securesystemslib[awskms]",
    "gcpkms": "securesystemslib[gcpkms]",
    "azurekms": "securesystemslib[azurekms]",
    "hv": "securesystemslib[vault]",
}
_PROOF = b"skerry ota: does this key sign?"


@dataclass(frozen=True, kw_only=True)
class RemoteKey:
    """A private key kept elsewhere: its URI and its public half."""

    uri: str
    public: SSlibKey


def read_public_key(path: Path) -> SSlibKey:
    """Return the public key in a PEM file. Raises ReachError and DataError."""
    try:
        pem = read_small(path, _MAX_PEM_BYTES)
    except OSError as error:
        raise ReachError("cannot read a public key", where=str(path), found=error.strerror) from error
    try:
        return SSlibKey.from_crypto(load_pem_public_key(pem))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise DataError("this is no public key in PEM that can verify", where=str(path), found=str(error)) from error


def open_remote(key: RemoteKey, ask: AskSecret) -> Signer:
    """Return a signer for a private key URI; a PIN that it needs is asked for when it signs.

    Raises ConfigError where the URI is of no known kind or does not fit, MissingError where a library is missing, and
    ReachError where the device or service does not answer.
    """
    scheme = key.uri.partition(":")[0]
    if scheme not in SIGNER_FOR_URI_SCHEME:
        known = ", ".join(sorted(SIGNER_FOR_URI_SCHEME))
        raise ConfigError("a key's URI is of no known kind", found=f"'{scheme}'", todo=f"known kinds: {known}")
    try:
        return Signer.from_priv_key_uri(key.uri, key.public, lambda secret: ask(_secret(key.uri, secret)))
    except SkerryError:
        raise
    except (UnsupportedLibraryError, ImportError) as error:
        todo = f"pip install '{_EXTRAS.get(scheme, 'securesystemslib[crypto]')}'"
        raise MissingError("a library for the key is missing", where=key.uri, found=str(error), todo=todo) from error
    except ValueError as error:
        raise ConfigError("the key's URI does not fit", where=key.uri, found=str(error)) from error
    except Exception as error:  # signers of services raise errors of their own, without a base
        raise ReachError("the key cannot be opened", where=key.uri, found=f"{type(error).__name__}: {error}") from error


def _secret(uri: str, word: str) -> SecretName:
    """Return what a signer asks for with its own word."""
    return SecretName(kind="PIN" if word == "pin" else "passphrase", key=uri)


def prove_remote(key: RemoteKey, ask: AskSecret) -> None:
    """Sign something that means nothing, so that a wrong key or PIN shows before a role depends on it.

    Raises DataError where the signature is not the public key's, and what `open_remote` and `not_signed` give.
    """
    signer = open_remote(key, ask)
    try:
        signature = signer.sign(_PROOF)
    except SkerryError:
        raise
    except Exception as error:  # as above
        raise not_signed(key.uri, error) from error
    try:
        key.public.verify_signature(signature, _PROOF)
    except (UnverifiedSignatureError, VerificationError) as error:
        what = "the key that signs there is not the one of the public key"
        raise DataError(what, where=key.uri, found=key.public.keyid[:12]) from error


def not_signed(name: str, error: BaseException | None) -> SkerryError:
    """Return what to raise where a signer failed: a refused PIN is for people to mend, all else may pass."""
    if isinstance(error, SkerryError):
        return error
    kind = type(error)
    if kind.__module__ == "pkcs11.exceptions" and kind.__name__.startswith("Pin"):
        todo = "a module locks itself after a few wrong ones"
        return ConfigError("the security module refuses the PIN", where=name, found=kind.__name__, todo=todo)
    text = f"{kind.__name__}: {error}" if str(error) else kind.__name__
    return ReachError("a key does not sign", where=name, found=text)
