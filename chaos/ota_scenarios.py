"""The updates that the machine's cells strike: what the device has, what it is ordered, and how that ends."""

from __future__ import annotations

import atexit
import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from chaos.ota_agent import Life, live_on
from chaos.ota_bad_server import serving
from chaos.ota_cells import LostError, working_folder
from chaos.ota_deaths import Die, was_killed
from chaos.ota_repositories import Rig, make_rig, model_bytes, model_release
from chaos.ota_world import NAME, World, desired, order_of
from skerry_edge.contracts.messages import Desired
from skerry_edge.contracts.updates import UPDATE_STATES, UpdateReport, UpdateState
from skerry_edge.ota.journal import FILE

OLD, NEW, NEWER = "1.0.0", "2.0.0", "3.0.0"
COMMITTED = "committed"
UNDONE = "rolled-back: crashed"
GIVEN_UP = "failed: journal"
_NOISE = random.Random(7).randbytes(200_000)  # noqa: S311  # bytes that no compression shortens


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """``begin`` makes a device in an empty folder, and returns it with its orders; ``ending`` is how these end."""

    name: str
    begin: Callable[[Path], tuple[World, Desired]]
    ending: str


def ending_of(report: UpdateReport) -> str:
    """Return how an order ended, in a word or two."""
    return report.outcome if report.reason is None else f"{report.outcome}: {report.reason}"


def judged(world: World) -> str:
    """Return how the last order ended. Raises LostError where what it said is not what runs."""
    last = world.finals[-1]
    runs = world.version
    said = last.to_version if last.outcome == "committed" else last.from_version
    ended = ending_of(last)
    if runs == world.bad:
        raise LostError(f"it runs the bad {runs} and said {ended}")
    if said is not None and runs != said:
        raise LostError(f"it runs {runs} and said {ended} from {last.from_version} to {last.to_version}")
    if world.in_force != runs:
        raise LostError(f"its links say {runs}, and {world.in_force} went on running when it said {ended}")
    life = Life(world, None)
    if (life.state, life.ran) != ("idle", runs):
        raise LostError(f"its next life is in {life.state} and runs {life.ran}")
    return ended


def expect(world: World, *endings: str) -> str:
    """Return how the last order ended. Raises LostError where that is none of ``endings``."""
    ended = judged(world)
    if ended not in endings:
        raise LostError(f"it ended with '{ended}', not with '{' or '.join(endings)}'")
    return ended


def expect_tidy(world: World, *endings: str) -> str:
    """Return how the last order ended, as `expect` does. Raises LostError also where a download is left."""
    ended = expect(world, *endings)
    left = sorted(path.name for path in world.places.incoming.glob("*"))
    if left:
        raise LostError(f"downloads are left: {', '.join(left)}")
    return ended


@cache
def states_of(scenario: Scenario) -> tuple[UpdateState, ...]:
    """Return the states that an update goes through when nothing goes wrong, in their order."""
    seen: list[UpdateState] = []
    with working_folder() as folder:
        world, wanted = scenario.begin(folder)
        world.at = {state: partial(seen.append, state) for state in UPDATE_STATES}
        live_on(world, wanted)
    return tuple(seen)


def _good(folder: Path) -> tuple[World, Desired]:
    world = World(folder=folder, rig=small_rig())
    world.install(OLD, 1)
    return world, desired(5, order_of(NEW, 2))


def _bad(folder: Path) -> tuple[World, Desired]:
    world, wanted = _good(folder)
    world.bad = NEW
    return world, wanted


def _back(folder: Path) -> tuple[World, Desired]:
    world, _ = _good(folder)
    world.keep(NEW, 2)
    return world, desired(5, order_of(OLD, 1))


def _first(folder: Path) -> tuple[World, Desired]:
    """Order the first release of a device that runs its own file."""
    world = World(folder=folder, rig=small_rig(), bundle_of=_named)
    world.install_own(OLD)
    return world, desired(5, order_of(NEW, 2))


def _bad_first(folder: Path) -> tuple[World, Desired]:
    world, wanted = _first(folder)
    world.bad = NEW
    return world, wanted


def _back_to_own(folder: Path) -> tuple[World, Desired]:
    world, _ = _first(folder)
    world.keep(NEW, 2)
    return world, desired(5, order_of(OLD, 1))


def _again(folder: Path) -> tuple[World, Desired]:
    """Order a release that proved itself once, and that the device went back from, to its own file."""
    world, wanted = _first(folder)
    world.keep(NEW, 2)
    world.go_back_to_own()
    return world, wanted


def _bad_again(folder: Path) -> tuple[World, Desired]:
    world, wanted = _again(folder)
    world.bad = NEW
    return world, wanted


def _served(folder: Path) -> tuple[World, Desired]:
    """Order a good release, which comes over HTTP as a patch to the file that the device has."""
    rig, address = _server()
    world = World(folder=folder, rig=rig, mirrors=(address,), bundle_of=_noisy)
    world.install(OLD, 1)
    return world, desired(5, order_of(NEW, 2))


def _damaged(begin: Callable[[Path], tuple[World, Desired]], folder: Path) -> tuple[World, Desired]:
    """Have the journal damaged while a release is on trial; the next life has to settle that."""
    world, wanted = begin(folder)

    def until_damaged(die: Die) -> None:
        def damage() -> None:
            (world.places.ota / FILE).write_bytes(b"")
            die()

        world.at = {"probation": damage}
        live_on(world, wanted)

    if not was_killed(world, until_damaged):
        raise LostError("it came to no probation")
    return world, wanted


GOOD = Scenario(name="a good release", begin=_good, ending=COMMITTED)
BAD = Scenario(name="a bad release", begin=_bad, ending=UNDONE)
BACK = Scenario(name="a way back", begin=_back, ending=COMMITTED)
FIRST = Scenario(name="a first release", begin=_first, ending=COMMITTED)
BAD_FIRST = Scenario(name="a bad first release", begin=_bad_first, ending=UNDONE)
BACK_TO_OWN = Scenario(name="a way back to its own file", begin=_back_to_own, ending=COMMITTED)
AGAIN = Scenario(name="a release that was gone back from", begin=_again, ending=COMMITTED)
BAD_AGAIN = Scenario(name="a release that was gone back from, bad now", begin=_bad_again, ending=UNDONE)
WAYS_BACK = (BACK, BACK_TO_OWN, AGAIN, BAD_AGAIN)
PLAIN = (GOOD, BAD, BACK, FIRST, BAD_FIRST, BACK_TO_OWN, AGAIN, BAD_AGAIN)
SERVED = Scenario(name="a patch over HTTP", begin=_served, ending=COMMITTED)
SETTLED = tuple(
    Scenario(name=f"{one.name}, journal lost on trial", begin=partial(_damaged, one.begin), ending=GIVEN_UP)
    for one in (GOOD, BAD, BAD_FIRST, BACK_TO_OWN, BAD_AGAIN)
)


@cache
def small_rig() -> Rig:
    """Return a repository of three small releases."""
    rig = make_rig(_folder("small"))
    for number, version in enumerate((OLD, NEW, NEWER), start=1):
        rig.publish(model_release(version, number, name=NAME), model_bytes(version, name=NAME))
    return rig


@cache
def _server() -> tuple[Rig, str]:
    """Return a repository of two releases that are alike, and where it is served until this program ends."""
    rig = make_rig(_folder("served"))
    for number, version in enumerate((OLD, NEW), start=1):
        rig.publish(model_release(version, number, name=NAME), _noisy(version))
    return rig, _until_the_end.enter_context(serving(rig.repository.path)).address


def _named(version: str) -> bytes:
    return model_bytes(version, name=NAME)


def _noisy(version: str) -> bytes:
    return model_bytes(version, name=NAME, weights=_NOISE + version.encode())


def _folder(name: str) -> Path:
    return Path(_until_the_end.enter_context(TemporaryDirectory(prefix=f"skerry-chaos-{name}-")))


_until_the_end = ExitStack()
atexit.register(_until_the_end.close)
