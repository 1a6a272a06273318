"""What was measured of a file's layers, as it stands in `gates.json` and on the page."""

from __future__ import annotations

from msgspec import Struct


class LayerError(Struct, frozen=True, kw_only=True):
    """How far the values of one layer are from the float network's, over all inputs that were measured on.

    ``name`` and ``kind`` are the file's own names of the layer and its operator. ``sqnr_db`` is None where no value
    differs. ``kept_float`` says that the layer works in float in an integer file.
    """

    name: str
    kind: str
    sqnr_db: float | None
    kept_float: bool = False


class LayerErrors(Struct, frozen=True, kw_only=True):
    """The layers of one file that multiply, in its own order, as far as the float file has them under the same names.

    ``multiplying`` counts all of them, so that its difference to the number of ``layers`` were left out. ``inputs`` is
    how many held-out inputs were run. ``reason`` tells why nothing could be measured.
    """

    layers: tuple[LayerError, ...] = ()
    multiplying: int = 0
    inputs: int = 0
    reason: str = ""

    def first_below(self, floor_db: float) -> LayerError | None:
        """Return the first layer with a lower SQNR than ``floor_db``: in a broken file, where the error begins."""
        return next((one for one in self.layers if one.sqnr_db is not None and one.sqnr_db < floor_db), None)
