"""What a board's profile says about a benchmark: whether it was made there, and whether a variant can run there."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_boards.detection import has_tree_of, is_generic
from skerry_boards.schema import Board
from skerry_edge.backends.registry import BACKENDS
from skerry_edge.bench.speed.result import Machine
from skerry_edge.foundation.errors import ConfigError

_MIB_IN_MB = 1.048576


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The board that a variant is for; ``measured_there`` tells whether the times at hand are from such a board."""

    board: Board
    measured_there: bool
    memory_mb: float | None
    """Of the board that was measured, or else of the smallest that is sold."""


def require_computer(board: Board) -> Board:
    """Return the board. Raises ConfigError for a microcontroller: nothing that is timed here runs there."""
    if board.kind == "microcontroller":
        raise ConfigError(
            "no variant can be timed for a microcontroller",
            where="--board",
            found=f"'{board.name}'",
            todo=f"'skerry convert … --to mcu-int8 --board {board.name}' checks whether a network fits it",
        )
    return board


def target_of(board: Board, machine: Machine) -> Target:
    """Hold a machine against a board."""
    there = is_board(machine, board)
    smallest_mb = min(board.memory_mb) * _MIB_IN_MB if board.memory_mb else None
    return Target(board=board, measured_there=there, memory_mb=machine.memory_mb if there else smallest_mb)


def is_board(machine: Machine, board: Board) -> bool:
    """Tell whether a machine is such a board: by its device tree, or for a generic profile by its architecture."""
    if is_generic(board):
        return machine.architecture == board.processor.architecture
    return has_tree_of(board, model=machine.board)


def obstacle(board: Board, model_format: str) -> str | None:
    """Tell why a board runs no files of a format by its profile, or None where it does."""
    named = (choice.partition(":")[0] for choice in (runtime.choice for runtime in board.runtimes))
    if any(model_format in BACKENDS[name].formats for name in named if name in BACKENDS):
        return None
    return f"the profile of {board.name} names no runtime for {model_format} files"
