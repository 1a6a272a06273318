"""Private keys that stay in a security module or a key service, reached through securesystemslib's signers."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.exceptions import UnsupportedLibraryError
from securesystemslib.signer import SIGNER_FOR_URI_SCHEME, Signer, SSlibKey

from skerry_edge.foundation.errors import ConfigError, DataError, MissingError, ReachError
from skerry_edge.foundation.small_file import read_small
from skerry_server.releases.key_files import Passphrase

_MAX_PEM_BYTES = 64 << 10
_EXTRAS = {"hsm": "hsm", "awskms": "awskms", "gcpkms": "gcpkms", "azurekms": "azurekms", "hv": "vault"}


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


def open_remote(uri: str, public: SSlibKey, passphrase: Passphrase) -> Signer:
    """Return a signer for a private key URI; what it asks for, such as a PIN, is ``passphrase``.

    Raises ConfigError where the URI is of no known kind or does not fit, MissingError where a library is missing, and
    ReachError where the device or service does not answer.
    """
    scheme = uri.partition(":")[0]
    if scheme not in SIGNER_FOR_URI_SCHEME:
        known = ", ".join(sorted(SIGNER_FOR_URI_SCHEME))
        raise ConfigError("a key's URI is of no known kind", found=f"'{scheme}'", todo=f"known kinds: {known}")
    try:
        return Signer.from_priv_key_uri(uri, public, passphrase)
    except (UnsupportedLibraryError, ImportError) as error:
        todo = f"pip install 'securesystemslib[{_EXTRAS.get(scheme, 'crypto')}]'"
        raise MissingError("a library for the key is missing", where=uri, found=str(error), todo=todo) from error
    except ValueError as error:
        raise ConfigError("the key's URI does not fit", where=uri, found=str(error)) from error
    except Exception as error:  # signers of services raise errors of their own, without a base
        raise ReachError("the key cannot be opened", where=uri, found=f"{type(error).__name__}: {error}") from error
