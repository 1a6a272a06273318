"""What it means that a broker answers and refuses: one set of words for all that connects to it."""

from __future__ import annotations

from skerry_server.errors import BrokerError

NOT_AUTHORIZED = 0x87
_OF_THE_USER = (4, 5, 0x86, NOT_AUTHORIZED)
"""CONNACK of MQTT 3.1.1 (3.2.2.3) and of MQTT 5 (3.2.2.2): a wrong name or password, and no leave to come in."""
_TODO = {
    0x84: "set 'protocol' in [broker] to a version that the broker speaks",
    1: "set 'protocol' in [broker] to a version that the broker speaks",
    0x85: "the broker does not accept this client id",
    2: "the broker does not accept this client id",
    0x8A: "somebody has banned this user at the broker: ask its operator",
    0x8C: "the broker wants another way to log in than name and password",
}


def connection_refused(code: int, *, where: str) -> BrokerError:
    """Return the error for a CONNACK with ``code``."""
    found = f"reason code 0x{code:02x}"
    if code in _OF_THE_USER:
        todo = "check the user name, the password, and that the broker knows this user"
        return BrokerError("the MQTT broker refuses this user", where=where, found=found, todo=todo)
    return BrokerError("the MQTT broker refuses the connection", where=where, found=found, todo=_TODO.get(code))
