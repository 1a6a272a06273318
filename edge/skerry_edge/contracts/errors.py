"""Refusals of what came over the wire; ``reason`` is the stable word that dead letters are grouped by."""

from __future__ import annotations

from skerry_edge.foundation.errors import DataError


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
