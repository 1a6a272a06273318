"""What a broker's refusal means for a person, and which version of MQTT to try next."""

from __future__ import annotations

from typing import Literal

from skerry_edge.foundation.errors import ReachError

Version = Literal["5", "3.1.1"]
Setting = Literal["auto", "5", "3.1.1"]

UNSUPPORTED_VERSION = 0x84
TAKEN_OVER = 0x8E
_TODO = {
    UNSUPPORTED_VERSION: "set 'protocol' in [mqtt] to a version that the broker speaks",
    0x85: "the broker does not accept this device's id as a client id",
    0x86: "check 'username' and the password",
    0x87: "check 'username', the password and the broker's access rules",
    0x8A: "somebody has banned this device at the broker: ask its operator",
    0x8C: "the broker wants another way to log in than name and password",
    TAKEN_OVER: "another client logged in with this device's id: give each device its own 'device'",
    0x95: "allow larger packets at the broker (the contract's largest message is 256 KiB)",
    0x97: "raise the broker's quota",
}
"""MQTT 5.0, section 2.4. What MQTT 3.1.1 answers is translated to these by paho."""
_LASTING = (0x85, 0x86, 0x87, 0x8A, 0x8C)
"""Refusals that stay until somebody changes something, here or at the broker."""


class BrokerError(ReachError):
    """The connection to the broker failed, was refused or ended.

    ``version_in_doubt`` tells that the broker may not speak the version of MQTT that was tried; ``lasting`` that
    waiting alone mends nothing.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str,
        found: str | None = None,
        todo: str | None = None,
        version_in_doubt: bool = False,
        lasting: bool = False,
    ) -> None:
        super().__init__(what, where=where, found=found, todo=todo)
        self.version_in_doubt = version_in_doubt
        self.lasting = lasting


def refused(what: str, *, where: str, code: int, name: str) -> BrokerError:
    """Return the error for a reason code of MQTT 5 and its name."""
    return BrokerError(
        what,
        where=where,
        found=name,
        todo=_TODO.get(code),
        version_in_doubt=code == UNSUPPORTED_VERSION,
        lasting=code in _LASTING,
    )


def first_version(setting: Setting) -> Version:
    """Return the version of MQTT to begin with."""
    return "5" if setting == "auto" else setting


def next_version(setting: Setting, tried: Version, error: BrokerError) -> Version:
    """Return the version to try after ``error``; only ``auto`` changes it, and only where the version is in doubt."""
    if setting != "auto" or not error.version_in_doubt:
        return tried
    return "3.1.1" if tried == "5" else "5"
