"""What is left to do after an installation, one line each; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from skerry_boards.schema import Board
from skerry_edge.agent.install.packages import how_to_install, missing_packages
from skerry_edge.agent.install.places import CONFIG_FILE
from skerry_edge.agent.install.starter import turning_on


def advice(board: Board, *, here: Collection[str] | None, backends: Collection[str]) -> Iterator[str]:
    """Give what to do next; ``here`` are installed packages, None where that cannot be told.

    ``backends`` are those that the configuration names.
    """
    wanted = board.system.apt_packages if board.system else ()
    missing = list(wanted) if here is None else missing_packages(wanted, here)
    if missing:
        yield how_to_install(missing)
    accelerated = turning_on(board)
    if accelerated is not None and board.runtimes[0].choice not in backends:
        yield f"the processor computes for now; for the accelerator set in {CONFIG_FILE}: {accelerated}"
    yield f"sudo skerry doctor; whoever is to read {CONFIG_FILE} without sudo: sudo usermod -aG skerry NAME"
