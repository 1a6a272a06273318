"""The boards that a release is for, as people name them on the command line, and whether they can run it."""

from __future__ import annotations

from collections.abc import Iterable

from skerry_boards.loader import all_boards, load_board
from skerry_edge.contracts.release import Release
from skerry_edge.foundation.errors import ConfigError

_RUNS = {"aarch64": ("aarch64", "armv7l", "armv6l"), "x86_64": ("x86_64", "i686")}
"""The machines of wheels that a processor runs; the narrower ones under a system of 32 bits."""


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


def misfit(release: Release) -> str | None:
    """Return why boards that a release is for cannot run its wheels, None where all can or nobody knows them."""
    platform = release.platform or "any"
    architectures = {board.name: board.processor.architecture for board in all_boards()}
    unfit = [
        f"{name} is {architectures[name]}"
        for name in release.boards
        if name in architectures and not _runs(architectures[name], platform)
    ]
    return f"{', '.join(unfit)}; the wheels are for {platform}" if unfit else None


def _runs(architecture: str, platform: str) -> bool:
    machines = _RUNS.get(architecture, (architecture,))
    return platform == "any" or platform.endswith(tuple(f"_{machine}" for machine in machines))
