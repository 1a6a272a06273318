"""What a public key is, apart from how it is written; devices decide the same with code of their own."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from securesystemslib.signer import Key


def material(key: Key) -> bytes:
    """Return the DER of a public key; of one that cannot be read, and so signs nothing, its text."""
    public = str(key.keyval.get("public", ""))
    try:
        if key.keytype == "ed25519":
            return Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).public_bytes(
                Encoding.DER, PublicFormat.SubjectPublicKeyInfo
            )
        return load_pem_public_key(public.encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return repr(sorted(key.keyval.items())).encode()
