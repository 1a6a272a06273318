"""What a broker's refusal means for a person."""

from __future__ import annotations

from skerry_edge.agent.mqtt.version import Doubt
from skerry_edge.foundation.errors import ReachError

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
_OF_THE_BROKER = (0x88, 0x89, 0x8B, 0x8D, TAKEN_OVER, 0x98, 0x9C, 0x9D, 0x9F, 0xA0)
"""Ends of a connection that have nothing to do with what was published."""


class BrokerError(ReachError):
    """The connection to the broker failed, was refused or ended.

    ``version_doubt`` tells why the broker may not speak the version of MQTT that was tried, None where it says nothing
    about that. ``may_be_of_message`` tells that something that was published may be why, and ``lasting`` that waiting
    alone mends nothing. ``of_letter`` tells that a letter is why, which is held or given up by now: no reason to wait.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str,
        found: str | None = None,
        todo: str | None = None,
        version_doubt: Doubt | None = None,
        may_be_of_message: bool = False,
        lasting: bool = False,
        of_letter: bool = False,
    ) -> None:
        super().__init__(what, where=where, found=found, todo=todo)
        self.version_doubt = version_doubt
        self.may_be_of_message = may_be_of_message
        self.lasting = lasting
        self.of_letter = of_letter


def refused(what: str, *, where: str, code: int, name: str) -> BrokerError:
    """Return the error for a reason code of MQTT 5 and its name."""
    return BrokerError(
        what,
        where=where,
        found=name,
        todo=_TODO.get(code),
        version_doubt="refused" if code == UNSUPPORTED_VERSION else None,
        may_be_of_message=code not in _OF_THE_BROKER,
        lasting=code in _LASTING,
    )


def ended_over(letter: str, error: BrokerError, *, where: str) -> BrokerError:
    """Return what ``error`` means where the broker ended the connection over a ``letter``."""
    return BrokerError(
        error.what,
        where=where,
        found=error.found,
        todo=f"see why the broker does not take {letter}; the rest goes on without it",
        of_letter=True,
    )
