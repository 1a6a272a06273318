"""Whether a network fits a board: its bytes against the flash, its arena against the memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skerry_boards.loader import board_names, load_board
from skerry_boards.schema import Board
from skerry_edge.foundation.errors import ConfigError, VerdictError

KIB = 1024
MOST_NAMED = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardLimits:
    """What a board has, in bytes; of the sizes that it is sold with the smallest.

    ``ram_bytes`` is the largest piece that one array can have, as an arena is one. ``psram_bytes`` is 0 without any.
    """

    name: str
    flash_bytes: int
    ram_bytes: int
    psram_bytes: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Footprint:
    """What a network takes of a microcontroller, in bytes, beside the program that runs it: the model and the arena."""

    flash_bytes: int
    ram_bytes: int


def shortfalls(footprint: Footprint, board: BoardLimits) -> tuple[str, ...]:
    """Return what does not fit a board, as sentences without a full stop; empty where all does."""
    found = []
    if footprint.flash_bytes > board.flash_bytes:
        found.append(f"the model has {footprint.flash_bytes} bytes, the flash of {board.name} {board.flash_bytes}")
    if footprint.ram_bytes > board.ram_bytes:
        fits = footprint.ram_bytes <= board.psram_bytes
        rescue = f"; it would fit modules with {board.psram_bytes} bytes of PSRAM" if fits else ""
        found.append(f"the arena takes {footprint.ram_bytes} bytes, {board.name} has {board.ram_bytes}{rescue}")
    return tuple(found)


def require_fit(footprint: Footprint, board: BoardLimits, others: Sequence[BoardLimits]) -> None:
    """Raise VerdictError where a network does not fit a board, naming those of ``others`` that have just enough."""
    problems = shortfalls(footprint, board)
    if not problems:
        return
    holding = [one for one in others if not shortfalls(footprint, one)]
    names = [one.name for one in sorted(holding, key=lambda one: (one.ram_bytes, one.flash_bytes))[:MOST_NAMED]]
    todo = f"it fits {', '.join(names)}" if names else "no board that Skerry knows holds it: make the network smaller"
    raise VerdictError(
        "the network does not fit the board", where=f"board '{board.name}'", found="; ".join(problems), todo=todo
    )


def board_limits(board: Board) -> BoardLimits:
    """Return a board profile's limits. Raises ConfigError for a board that is no microcontroller or names no flash."""
    part = board.microcontroller
    if part is None or not part.flash_kb:
        what = "is no microcontroller" if part is None else "names no flash size"
        known = ", ".join(one.name for one in known_limits())
        raise ConfigError(f"the board {what}", found=f"'{board.name}'", todo=f"choose one of: {known}")
    return BoardLimits(
        name=board.name,
        flash_bytes=min(part.flash_kb) * KIB,
        ram_bytes=(part.data_block_kb or part.sram_kb) * KIB,
        psram_bytes=min(part.psram_kb, default=0) * KIB,
    )


def known_limits() -> tuple[BoardLimits, ...]:
    """Return the limits of every microcontroller that has a profile with a flash size, by name."""
    boards = (load_board(name) for name in board_names())
    return tuple(board_limits(one) for one in boards if one.microcontroller and one.microcontroller.flash_kb)
