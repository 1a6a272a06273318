"""What can go wrong between a picture and its boxes."""

from __future__ import annotations

from skerry_edge.foundation.errors import DataError


class ImageError(DataError):
    """A picture that does not decode, or an array that is no picture."""


class VideoError(DataError):
    """A video that does not open, or breaks off before the end that it declares."""
