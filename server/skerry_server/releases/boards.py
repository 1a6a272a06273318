"""The boards that a release is for, as people name them on the command line."""

from __future__ import annotations

from collections.abc import Iterable

from skerry_boards.loader import load_board
from skerry_edge.foundation.errors import ConfigError


def board_ids(names: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of the boards of these names or aliases, each once; one argument may hold several with commas.

    Raises ConfigError for a board that nobody knows, for one that runs no agent, and where there is none.
    """
    ids: dict[str, None] = {}
    for name in (part.strip() for argument in names for part in argument.split(",")):
        if not name:
            continue
        board = load_board(name)
        if board.kind != "computer":
            raise ConfigError("this board runs no agent", found=board.name, todo="releases are for computers")
        ids[board.name] = None
    if not ids:
        raise ConfigError("a release is for some boards", todo="name them: --boards raspberry-pi-4,raspberry-pi-5")
    return tuple(ids)
