"""What a child's failure says about the backend that it ran on; pure."""

from __future__ import annotations

from typing import Literal

from skerry_edge.backends.errors import BackendError, ModelFileError, UnsuitedBackendError
from skerry_edge.foundation.errors import ConfigError, MissingError, SkerryError

Blame = Literal["missing", "hang", "backend", "configuration", "elsewhere"]
"""The backend is not here or not for this model, stopped answering, or failed; or it is innocent: what the pipeline was
told is wrong, whatever it runs on, or the fault is elsewhere: in the source, on the disk, in the bundle."""


def blame_of(error: SkerryError, *, is_ready: bool) -> Blame:
    """Tell what an error says about the backend; ``is_ready``: the model had been loaded and had run before."""
    if isinstance(error, BackendError):
        return "backend"
    if not is_ready and isinstance(error, MissingError | UnsuitedBackendError):
        return "missing"
    if not is_ready and isinstance(error, ModelFileError):
        return "backend"
    return "configuration" if isinstance(error, ConfigError) else "elsewhere"
