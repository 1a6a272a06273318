"""What may happen to an update."""

from __future__ import annotations

from msgspec import Struct

from skerry_edge.ota.choice import Choice
from skerry_edge.ota.machine.figures import Before


class Begun(Struct, frozen=True, kw_only=True, tag=True):
    """Somebody is about to do what the state asks for; said before anything is done."""


class Done(Struct, frozen=True, kw_only=True, tag=True, omit_defaults=True):
    """What the state asks for is done; with what was found out on the way.

    Of CHECK, ``is_running`` says that the version runs already, and ``is_here`` that the device has it and nothing is
    to be fetched; ``to_sha256`` is None where that is the file that ran before the first release. Of INTENT, ``before``
    is how the device did until now. Of ROLLBACK, ``from_version`` is what runs again, where that is news.
    """

    from_sha256: str | None = None
    from_version: str | None = None
    to_sha256: str | None = None
    choice: Choice | None = None
    before: Before | None = None
    is_running: bool = False
    is_here: bool = False


class Refused(Struct, frozen=True, kw_only=True, tag=True):
    """The release may not run here, however often it is tried."""

    reason: str
    detail: str = ""


class Failed(Struct, frozen=True, kw_only=True, tag=True):
    """What the state asks for cannot be done, or what was on trial is bad."""

    reason: str
    detail: str = ""


class Postponed(Struct, frozen=True, kw_only=True, tag=True):
    """It cannot be done now, and may work later: a network that is away, a disk without room."""

    reason: str
    detail: str = ""


class Overdue(Struct, frozen=True, kw_only=True, tag=True):
    """The order has taken all the time that it was given."""


class Superseded(Struct, frozen=True, kw_only=True, tag=True):
    """The device was ordered something else of the same name."""


Happening = Begun | Done | Refused | Failed | Postponed | Overdue | Superseded
