"""Which keys of a root are one and the same, however each of them is written."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from securesystemslib.signer import Key
from tuf.api.metadata import Root


def doubled_role(root: Root) -> str | None:
    """Return a role that has one key under several ids; TUF's client would count its signatures as of several keys."""
    for name, role in root.roles.items():
        keys = [_material(root.keys[one]) for one in role.keyids if one in root.keys]
        if len(set(keys)) < len(keys):
            return name
    return None


def _material(key: Key) -> bytes:
    """Return the DER of a public key, which letter case, white space and the choice of a PEM do not change.

    A key that cannot be read signs nothing that TUF's client would take: for such a one, its text stands.
    """
    public = str(key.keyval.get("public", ""))
    is_hex = key.keytype == "ed25519"
    try:
        read = (
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
            if is_hex
            else load_pem_public_key(public.encode())
        )
        return read.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return repr(sorted(key.keyval.items())).encode()
