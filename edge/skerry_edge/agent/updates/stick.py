"""What a stick offers this device: judged as the agent would judge it, with nothing changed."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from skerry_boards.loader import load_board
from skerry_edge import __version__
from skerry_edge.agent.downlink.configuration import Configuration
from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.updates.running_agent import RunningAgent, running_agent
from skerry_edge.agent.updates.uses import use_of_all
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.contracts.release import AGENT
from skerry_edge.foundation.errors import ReachError, SkerryError
from skerry_edge.ota.choice import Wanted
from skerry_edge.ota.local_orders import LocalOrder, LocalOrders
from skerry_edge.ota.model_store import ModelStore
from skerry_edge.ota.places import Places
from skerry_edge.ota.settings import OtaSettings
from skerry_edge.ota.transfer.mirrors import FolderMirror
from skerry_edge.ota.trust.choosing import Subject
from skerry_edge.ota.trust.clock import LocalClock
from skerry_edge.ota.trust.device import Device, Interpreter, version_order
from skerry_edge.ota.trust.place import TrustPlace
from skerry_edge.ota.trust.releases import Repository, TrustedReleases


@dataclass(frozen=True, kw_only=True, slots=True)
class Offers:
    """What a stick has that is new here, and for which models nothing can be told, with why."""

    new: list[Wanted]
    passed_over: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """How long an update may take, and for how long the new version must be healthy, in seconds of running."""

    probation_s: int
    deadline_s: int


def offered(configuration: Configuration, settings: OtaSettings, folder: Path, state_dir: Path) -> Offers:
    """Return the newest release of the agent and of each model in use that ``folder`` has and the device has not.

    The agent's own is looked for where one runs that its launcher has started. Raises ReleaseError where the folder
    cannot be trusted, TransferError where it cannot be read, ReachError.
    """
    agent = running_agent(state_dir)
    board = load_board(configuration.in_force.board).name
    version = __version__ if agent is None else agent.version
    device = Device(board=board, agent_version=version, interpreter=Interpreter.here())
    repository = Repository(
        root=Path(settings.root),
        mirrors=(FolderMirror(folder=folder),),
        patience=settings.patience,
        longest_silence=None,
    )
    with _copy_of_trust(Places(state_dir).ota) as place:
        trusted = TrustedReleases(place, repository, LocalClock(lambda: clock_state() == "synced"))
        trusted.refresh()
        newest_agent = None if agent is None else trusted.newest(Subject(kind="agent", name=AGENT), device)
        new = (
            [newest_agent] if agent is not None and newest_agent is not None and _is_newer(newest_agent, agent) else []
        )
        passed_over = {}
        for name in configuration.released_names:
            try:
                variant = use_of_all(configuration.users(name)).variant
            except SkerryError as error:
                passed_over[f"model/{name}"] = str(error)
                continue
            newest = trusted.newest(Subject(kind="model", name=name, variant=variant), device)
            if newest is not None and _is_new(newest, state_dir):
                new.append(newest)
        return Offers(new=new, passed_over=passed_over)


def orders_for(offers: list[Wanted], configuration: Configuration, folder: Path, times: Times) -> LocalOrders:
    """Return the orders that bring these releases, in the place of what the fleet orders now."""
    orders = {}
    for one in offers:
        assert one.counter is not None  # noqa: S101  # a release that was found has one
        order = UpdateOrder(
            id=f"stick-{secrets.token_hex(8)}",
            version=one.version,
            counter=one.counter,
            probation_s=times.probation_s,
            deadline_s=times.deadline_s,
        )
        before = configuration.updates.get(one.subject)
        orders[one.subject] = LocalOrder(
            order=order, mirror=str(folder), instead_of=before.id if before is not None else None
        )
    return orders


def _is_newer(offer: Wanted, agent: RunningAgent) -> bool:
    """Tell whether a release comes after the agent that runs; one that was installed has no counter to go by."""
    if agent.counter is None:
        return version_order(offer.version) > version_order(agent.version)
    return (offer.counter or 0) > agent.counter


def _is_new(offer: Wanted, state_dir: Path) -> bool:
    """Tell whether the device runs another release than ``offer``, or none."""
    current = ModelStore(state_dir, offer.name).linked("current")
    return current is None or (current.version, current.counter) != (offer.version, offer.counter)


@contextmanager
def _copy_of_trust(ota: Path) -> Iterator[TrustPlace]:
    """Give a copy of what the device trusts: a running agent has the thing itself for its own."""
    with tempfile.TemporaryDirectory(prefix="skerry-stick-") as scratch:
        place, real = TrustPlace.below(Path(scratch)), TrustPlace.below(ota)
        try:
            if real.metadata.is_dir():
                shutil.copytree(real.metadata, place.metadata, symlinks=True)
            for source, copy in ((real.floors, place.floors), (real.counters, place.counters)):
                if source.is_file():
                    shutil.copyfile(source, copy)
        except OSError as error:
            where, todo = str(ota), "run it as the agent's user or as root"
            raise ReachError(
                "cannot read what the device trusts", where=where, found=error.strerror, todo=todo
            ) from error
        yield place
