"""What a backend may raise, apart from the seam itself so that it can be told apart without importing numpy."""

from __future__ import annotations

from skerry_edge.foundation.errors import ConfigError, DataError, SkerryError


class BackendError(SkerryError):
    """An inference that failed; it is reported as such and never as an empty result."""

    exit_code = 1


class ModelFileError(DataError):
    """A model file that the runtime cannot load."""


class UnsuitedBackendError(ConfigError):
    """A backend or device was named that does not exist, is not here or does not load the model: another one may."""
