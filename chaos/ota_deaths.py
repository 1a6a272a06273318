"""A life that may end at any moment, as a process of its own: no `finally` runs and no buffer is written after that."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from typing import NoReturn

from chaos.ota_cells import LostError
from chaos.ota_world import World

GONE = 9
"""The exit code of a process that was killed."""
Die = Callable[[], NoReturn]


def was_killed(world: World, act: Callable[[Die], object]) -> bool:
    """Let a child of this process act, and return whether it died of what it was given; ``world`` is as it left it.

    Raises LostError where the child does.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _live(world, act, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        memory = told.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (0, GONE) or not memory:
        raise LostError(f"its process ended with code {code}")
    error, left = pickle.loads(memory)  # noqa: S301  # from this very program
    if error is not None:
        raise LostError(error)
    vars(world).update(left, at={})
    return code == GONE


def _live(world: World, act: Callable[[Die], object], writing: int) -> NoReturn:
    """Be the child."""

    def end(code: int, error: str | None = None) -> NoReturn:
        with os.fdopen(writing, "wb") as telling:
            pickle.dump((error, _memory(world)), telling)
        os._exit(code)

    try:
        act(lambda: end(GONE))
    except LostError as error:
        end(0, str(error))
    except BaseException as error:  # noqa: BLE001  # the child must end here, whatever it was
        sys.stderr.write(f"{error!r}\n")
        os._exit(1)
    end(0)


def _memory(world: World) -> dict[str, object]:
    """Return what outlives the process: what the fleet heard, what ran last, and what happened around the device."""
    names = ("reports", "events", "in_force", "connected", "synchronised", "boot", "clock_s")
    return {name: getattr(world, name) for name in names}
