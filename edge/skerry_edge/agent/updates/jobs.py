"""What the update worker is told of the device."""

from __future__ import annotations

from pathlib import Path

from skerry_boards.loader import load_board
from skerry_edge import __version__
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.life.clock import clock_state
from skerry_edge.ota.job import Job, Use
from skerry_edge.ota.settings import OtaSettings


def job_of(
    config: AgentConfig,
    settings: OtaSettings,
    state_dir: Path,
    *,
    order: str | None = None,
    use: Use | None = None,
    is_at_hand: bool = False,
) -> Job:
    """Return the job of a device that runs with ``config``: an ``order``, or a look; ``use`` is of its model.

    ``is_at_hand`` says that the order was given at the device, with ``settings`` of its own.
    """
    return Job(
        state_dir=str(state_dir.absolute()),
        board=load_board(config.board).name,
        agent_version=__version__,
        settings=settings,
        is_at_hand=is_at_hand,
        is_clock_synchronised=clock_state() == "synced",
        order=order,
        use=use,
    )
