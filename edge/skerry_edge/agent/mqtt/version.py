"""Which version of MQTT to speak next: 5, and 3.1.1 only where the broker has shown that it has no 5; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Version = Literal["5", "3.1.1"]
Setting = Literal["auto", "5", "3.1.1"]
Doubt = Literal["refused", "silent"]
"""What a failed connection says about its version: the broker refused the version itself, or hung up without a word."""

SILENCES = 3
"""A broker that is just starting or stopping hangs up as well: only so many in a row may mean that it knows no 5."""
LONG_SILENCES = 20
"""After so many in a row even a broker that has spoken 5 may be another by now, or one that was set up anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionChoice:
    """The version to try next, and what is known of the broker; ``silences`` counts those in a row."""

    setting: Setting
    version: Version
    speaks_5: bool = False
    speaks_3: bool = False
    silences: int = 0


def first_choice(setting: Setting) -> VersionChoice:
    """Return what to begin with."""
    return VersionChoice(setting=setting, version="5" if setting == "auto" else setting)


def accepted(choice: VersionChoice) -> VersionChoice:
    """Return the choice after the broker let the device in; when that connection ends, 5 comes first again."""
    known = replace(choice, version=first_choice(choice.setting).version, silences=0)
    return replace(known, speaks_5=True) if choice.version == "5" else replace(known, speaks_3=True, speaks_5=False)


def failed(choice: VersionChoice, doubt: Doubt | None) -> VersionChoice:
    """Return the choice after an attempt that failed; only ``auto`` changes the version.

    A refused version is left at once. Of silences, one is enough where the broker spoke 3.1.1 last, a few where it
    never spoke, and many where it spoke 5 last. After 3.1.1 was tried, 5 has its turn again.
    """
    if choice.setting != "auto":
        return choice
    if choice.version == "3.1.1":
        return replace(choice, version="5", silences=0)
    if doubt == "refused":
        return replace(choice, version="3.1.1", speaks_5=False, silences=0)
    if doubt is None:
        return replace(choice, silences=0)
    silences = choice.silences + 1
    enough = LONG_SILENCES if choice.speaks_5 else 1 if choice.speaks_3 else SILENCES
    return replace(choice, version="3.1.1" if silences >= enough else "5", silences=silences)
