"""A password or token that lies in a file of its own."""

from __future__ import annotations

import errno
from pathlib import Path

from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_edge.foundation.small_file import read_small

_MAX_BYTES = 65535
"""MQTT 5.0, section 3.1.3.6: the password is binary data with a two-byte length; no token needs more."""


def read_secret(path: Path) -> str:
    """Return the secret in ``path`` without its last line end.

    Raises ReachError where the file cannot be read, ConfigError where it holds no UTF-8, nothing or too much.
    """
    try:
        raw = read_small(path, _MAX_BYTES)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise ConfigError(
                "a secret's file must hold one secret", where=str(path), found=f"more than {_MAX_BYTES} bytes"
            ) from error
        todo = "use sudo, or join its group" if isinstance(error, PermissionError) else "check the path"
        raise ReachError("cannot read a secret's file", where=str(path), found=error.strerror, todo=todo) from error
    try:
        text = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ConfigError("a secret's file is not UTF-8", where=str(path)) from error
    if not text:
        raise ConfigError("a secret's file must hold one secret", where=str(path), found="nothing")
    return text
