"""Refusals of what came over the wire; ``reason`` is the stable word that dead letters are grouped by."""

from __future__ import annotations

from skerry_edge.foundation.errors import DataError

FINAL_REASONS = frozenset(
    {"terms", "wrong-board", "wrong-platform", "agent-too-old", "counter", "archive", "journal", "variants"}
)
"""What verified metadata, a file that is the signed one, or the device's own record says: the same tomorrow as today.

Everything else can be the doing of a mirror that is behind, a captive portal or a clock, none of which is signed.
"""


class WireError(DataError):
    """A topic or payload that this version does not accept.

    ``reason`` is one of ``topic``, ``oversize``, ``encoding``, ``schema``, ``identity``.
    """

    def __init__(self, reason: str, what: str, *, where: str | None = None, found: str | None = None) -> None:
        super().__init__(what, where=where, found=found)
        self.reason = reason
        # What copying and pickling call the class with again.
        self.args = (reason, what)


class BundleError(DataError):
    """A model bundle that is damaged, incomplete or not a bundle."""


class ReleaseError(DataError):
    """A release, or what is signed of it, that is refused; ``reason`` is a word of `contracts.release.REASONS`."""

    def __init__(
        self, reason: str, what: str, *, where: str | None = None, found: str | None = None, todo: str | None = None
    ) -> None:
        super().__init__(what, where=where, found=found, todo=todo)
        self.reason = reason
        self.args = (reason, what)

    @property
    def is_final(self) -> bool:
        """Whether trying again is in vain; where it is not, an update waits for as long as its order allows."""
        return self.reason in FINAL_REASONS
