"""The microcontroller that a conversion is for, and whether what was made for it fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skerry_boards.loader import load_board
from skerry_converters.conversion.making import Made
from skerry_converters.families.registry import ALL, TARGETS
from skerry_converters.mcu.board import BoardLimits, Footprint, board_limits, known_limits, require_fit
from skerry_edge.foundation.errors import ConfigError


def board_for(name: str | None, targets: Sequence[str]) -> BoardLimits | None:
    """Return the limits of the board ``name``, or None where no board is named.

    Raises ConfigError for an unknown board, naming the nearest; for one that is no microcontroller; and where none of
    the ``targets`` goes to one.
    """
    if name is None:
        return None
    limits = board_limits(load_board(name))
    if not any(one == ALL or TARGETS[one].format == "mcu" for one in targets):
        raise ConfigError(
            "a board is for targets that go to a microcontroller",
            where="--board",
            found=f"targets {', '.join(targets)}",
            todo="add mcu-int8 to --to, or leave out --board",
        )
    return limits


def fitted(made: Made, board: BoardLimits | None) -> Made:
    """Return what was made, with a note of the shares that it takes of the board.

    Raises VerdictError where it does not fit, naming boards that would hold it.
    """
    footprint = made.emitted.footprint
    if board is None or footprint is None:
        return made
    require_fit(footprint, board, known_limits())
    return replace(made, emitted=replace(made.emitted, notes=(*made.emitted.notes, _shares(footprint, board))))


def _shares(footprint: Footprint, board: BoardLimits) -> str:
    flash, ram = footprint.flash_bytes / board.flash_bytes, footprint.ram_bytes / board.ram_bytes
    return f"on {board.name} it takes {flash:.1%} of the flash and {ram:.1%} of the memory, beside the program"
