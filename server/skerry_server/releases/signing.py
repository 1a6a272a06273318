"""Signatures of a role by whichever of its keys are at hand, and whether they are enough."""

from __future__ import annotations

from collections.abc import Sequence

from securesystemslib.signer import Signer
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Metadata, Root

from skerry_edge.foundation.errors import ConfigError
from skerry_server.releases.keyring import KeyRing
from skerry_server.releases.metadata_files import Payload
from skerry_server.releases.remote_keys import RemoteKey, not_signed, prove_remote
from skerry_server.releases.secret_names import AskSecret


class Signatory:
    """Whoever runs the command: the key rings at hand and what opens their keys."""

    def __init__(self, rings: Sequence[KeyRing], ask: AskSecret) -> None:
        self.rings = rings
        self._ask = ask
        self._open: dict[str, Signer] = {}

    def prove(self, key: RemoteKey) -> None:
        """Let a key kept elsewhere prove that it signs. Raises what `prove_remote` raises."""
        prove_remote(key, self._ask)

    def holds(self, root: Root, role: str) -> bool:
        """Tell whether the keys at hand are enough for a role's threshold."""
        wanted = root.get_delegated_role(role)
        at_hand = {key.keyid for ring in self.rings for key in ring.at_hand()}
        return len(at_hand & set(wanted.keyids)) >= wanted.threshold

    def absent(self, role: str, *roots: Root) -> tuple[str, ...]:
        """Return the names of the role's keys that a ring knows and whose files are elsewhere, with their holders."""
        wanted = {keyid for root in roots for keyid in root.get_delegated_role(role).keyids}
        at_hand = {key.keyid for ring in self.rings for key in ring.at_hand()}
        known = {key.name: key.keyid for ring in self.rings for key in ring.keys.values()}
        return tuple(name for name, keyid in known.items() if keyid in wanted - at_hand)

    def sign(self, metadata: Metadata[Payload], *roots: Root) -> list[str]:
        """Add the signatures of all keys at hand that one of ``roots`` gives to the role; return their key ids.

        Signatures that are there stay. Raises what opening a key raises, and what `not_signed` gives.
        """
        role = metadata.signed.type
        wanted = {keyid for root in roots for keyid in root.get_delegated_role(role).keyids}
        signed: list[str] = []
        for ring in self.rings:
            for key in ring.at_hand():
                if key.keyid in wanted and key.keyid not in signed:
                    if key.keyid not in self._open:
                        self._open[key.keyid] = ring.signer(key, self._ask)
                    _sign(metadata, self._open[key.keyid], key.name)
                    signed.append(key.keyid)
        return signed


def _sign(metadata: Metadata[Payload], signer: Signer, name: str) -> None:
    try:
        metadata.sign(signer, append=True)
    except UnsignedMetadataError as error:
        raise not_signed(name, error.__cause__ or error) from error


def missing_signatures(metadata: Metadata[Payload], *roots: Root) -> int:
    """Return how many signatures are missing until each of ``roots`` accepts the metadata."""
    signed = metadata.signed
    results = [root.get_verification_result(signed.type, metadata.signed_bytes, metadata.signatures) for root in roots]
    return max(result.missing for result in results)


def require_signed(metadata: Metadata[Payload], root: Root, *, todo: str) -> None:
    """Raise ConfigError where the keys at hand were not enough for a role that needs them at once."""
    if missing := missing_signatures(metadata, root):
        role = metadata.signed.type
        raise ConfigError(f"keys of the {role} role are missing", found=f"{missing} too few", todo=todo)
