"""What may go wrong on an update's way to the device; refusals of what came are `contracts.errors.ReleaseError`."""

from __future__ import annotations

from skerry_edge.foundation.errors import ReachError


class TransferError(ReachError):
    """The network, the disk or a mirror failed; ``reason`` is a word of `contracts.release.REASONS`.

    Trying again later may help, which it does not for a ReleaseError: there the repository is at fault.
    """

    def __init__(
        self, reason: str, what: str, *, where: str | None = None, found: str | None = None, todo: str | None = None
    ) -> None:
        super().__init__(what, where=where, found=found, todo=todo)
        self.reason = reason
        self.args = (reason, what)
