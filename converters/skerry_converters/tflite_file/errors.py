"""What is wrong with a `.tflite` file."""

from __future__ import annotations

from skerry_edge.foundation.errors import DataError


class TfliteFileError(DataError):
    """A file that is no TFLite model, or a damaged one."""
