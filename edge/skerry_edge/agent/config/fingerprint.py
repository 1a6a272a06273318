"""What tells two configuration files apart, for whoever must not see what is in them."""

from __future__ import annotations

import hashlib

import msgspec

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.foundation.redaction import redact


def file_sha256(config: AgentConfig) -> str:
    """Return the SHA-256, in hexadecimal, of all that a file says, however it is written down.

    Logins in addresses are left out: who knows all else could find them by trying.
    """
    return hashlib.sha256(redact(msgspec.json.encode(config, order="sorted").decode()).encode()).hexdigest()
