"""Which board an installation is for: the one that is named, that a configuration names, or that the machine is."""

from __future__ import annotations

from pathlib import Path

from skerry_boards.detection import detect
from skerry_boards.loader import all_boards, load_board
from skerry_boards.machine import read_machine
from skerry_boards.schema import Board
from skerry_edge.foundation.errors import ConfigError

AUTO = "auto"


def chosen_board(name: str, root: Path) -> Board:
    """Return the profile of a name, or of the machine below ``root`` for `AUTO`. Raises ConfigError."""
    return require_computer(_detected(root) if name == AUTO else load_board(name))


def configured_board(wanted: str, configured: str) -> Board:
    """Return the board that a given configuration names, which nobody may contradict."""
    board = load_board(configured)
    if wanted != AUTO and load_board(wanted) != board:
        found = f"--board {wanted}, and '{configured}' in the configuration"
        raise ConfigError("two boards are named", where="--board", found=found, todo="leave out --board")
    return require_computer(board)


def require_computer(board: Board) -> Board:
    """Return the profile of a computer. Raises ConfigError for a microcontroller."""
    if board.kind != "computer":
        raise ConfigError(
            "no agent runs on a microcontroller",
            where="--board",
            found=f"'{board.name}'",
            todo=f"'skerry convert … --to mcu-int8 --board {board.name}' makes what runs there",
        )
    return board


def _detected(root: Path) -> Board:
    found = detect(read_machine(root), all_boards())
    if found.match is not None:
        return found.match.board
    candidates = ", ".join(one.board.name for one in found.candidates)
    todo = f"name one with --board: {candidates}" if candidates else "name one of `skerry boards list` with --board"
    raise ConfigError(
        "the board cannot be told for certain", where="--board auto", found=found.machine.model or "no name", todo=todo
    )


def is_here(board: Board, root: Path) -> bool:
    """Tell whether a tree is that of a board: an image is what it is installed for, a machine what it looks like."""
    if root != Path("/"):
        return True
    match = detect(read_machine(root), all_boards()).match
    return match is not None and match.board == board
