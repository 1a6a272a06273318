"""The board profiles that the package ships, read by name and checked."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from skerry_boards.schema import Board
from skerry_edge.foundation.config import parse_toml
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion

_SUFFIX = ".toml"
_HARDLY_ANOTHER = 0.9
_DATA = files("skerry_boards") / "data"


def board_names() -> list[str]:
    """Return the names of all profiles, sorted."""
    return sorted(one.name.removesuffix(_SUFFIX) for one in _DATA.iterdir() if one.name.endswith(_SUFFIX))


def load_board(name: str) -> Board:
    """Return a profile by its name or an alias. Raises ConfigError, naming the nearest one, where there is none."""
    known = board_names()
    if name in known:
        return _read(name)
    aliases = {alias: board.name for board in all_boards() for alias in board.aliases}
    if name in aliases:
        return _read(aliases[name])
    raise ConfigError("there is no such board", found=f"'{name}'", todo=_nearest(name))


def _nearest(name: str) -> str:
    """Ask after the nearest name; after a microcontroller only where that is hardly another: few can run anything."""
    names: dict[str, list[str]] = {"computer": [], "microcontroller": []}
    for board in all_boards():
        names[board.kind] += [board.name, *board.aliases]
    known = f"known boards: {', '.join(board_names())}"
    small = suggestion(name, names["microcontroller"], otherwise=known)
    large = suggestion(name, names["computer"], otherwise=small)
    return suggestion(name, names["microcontroller"], otherwise=large, likeness=_HARDLY_ANOTHER)


def all_boards() -> tuple[Board, ...]:
    """Return all profiles, sorted by name."""
    return tuple(_read(name) for name in board_names())


@cache
def _read(name: str) -> Board:
    board = parse_board((_DATA / f"{name}{_SUFFIX}").read_text("utf-8"), where=f"{name}{_SUFFIX}")
    if board.name != name:
        raise ConfigError(
            "a board profile is not named like its file", where=f"{name}{_SUFFIX}, key 'name'", found=f"'{board.name}'"
        )
    return board


def parse_board(text: str, *, where: str) -> Board:
    """Read a profile from TOML. Raises ConfigError naming file, line, key and the nearest valid key."""
    board = parse_toml(text, Board, name=where)
    for key, is_needed in _needs(board).items():
        if bool(getattr(board, key)) != is_needed:
            verb = "needs" if is_needed else "has no"
            raise ConfigError(f"a board of kind '{board.kind}' {verb} '{key}'", where=f"{where}, key '{key}'")
    if board.camera is not None and (board.camera.program == "gst-launch-1.0") != (board.camera.elements is not None):
        raise ConfigError(
            "'elements' are what gst-launch-1.0 is given", where=f"{where}, key 'camera'", todo="set both or none"
        )
    if board.system is not None and (board.system.stock_python is None) != (not board.system.stock_remedy):
        raise ConfigError(
            "'stock_python' and 'stock_remedy' belong together", where=f"{where}, key 'system'", todo="set both or none"
        )
    return board


def _needs(board: Board) -> dict[str, bool]:
    """Return the keys that one kind of board must have and the other must not."""
    is_computer = board.kind == "computer"
    return {"runtimes": is_computer, "system": is_computer, "microcontroller": not is_computer}
