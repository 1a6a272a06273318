"""The update worker: a process of the agent's that brings and tries what was ordered, and touches nothing that runs.

It reads its Job from stdin, works on the update in the journal, and tells its progress on stdout. Its exit code says
nothing but that the journal could not be kept (4): where the update stands, the journal says.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

import msgspec

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.foundation.bound_life import die_with_parent
from skerry_edge.foundation.errors import ConfigError, SkerryError
from skerry_edge.ota.agent_steps import AgentSteps
from skerry_edge.ota.confirmed import Confirmed
from skerry_edge.ota.instants import now
from skerry_edge.ota.job import Job, Progress
from skerry_edge.ota.journal import JournalFile
from skerry_edge.ota.looked import Looked, keep_look
from skerry_edge.ota.machine.record import Record
from skerry_edge.ota.model_steps import ModelSteps
from skerry_edge.ota.model_store import ModelStore
from skerry_edge.ota.places import Places
from skerry_edge.ota.preparing import AtHand, Steps, prepare
from skerry_edge.ota.self_test.program import measure
from skerry_edge.ota.slots.start import slots_here
from skerry_edge.ota.supply import SignedSupply
from skerry_edge.ota.trust.clock import LocalClock
from skerry_edge.ota.trust.counters import CounterFloors
from skerry_edge.ota.trust.device import Device, Interpreter
from skerry_edge.ota.trust.place import TrustPlace

_MAX_JOB_BYTES = 1 << 20
_MEBIBYTE = 1 << 20


def main() -> None:
    """Be the worker; the argument is the agent's process id, with which this process ends."""
    die_with_parent(int(sys.argv[1]))
    job = msgspec.json.decode(sys.stdin.buffer.read(_MAX_JOB_BYTES), type=Job)
    try:
        work(job)
    except SkerryError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


def work(job: Job) -> None:
    """Take the update that the job names as far as it comes; without one, look at the repository. Raises a SkerryError.

    Where the journal has another update by now, or none, there is nothing to be done.
    """
    places = Places(Path(job.state_dir))
    supply = supply_of(job, places)
    if job.order is None:
        look(supply, places)
        return
    journal_file = JournalFile(places.ota)
    record = journal_file.read().record
    if record is not None and record.order.id == job.order:
        steps = Confirmed(steps_of(job, places, supply, record), supply.confirm)
        prepare(journal_file, AtHand(steps) if job.is_at_hand else steps, now)


def look(supply: SignedSupply, places: Places) -> None:
    """Look at the repository, and leave for the agent whether it can be trusted. Raises TransferError, ReachError."""
    try:
        supply.refresh()
    except ReleaseError as error:
        keep_look(places.ota, Looked(refused=error.reason, detail=str(error)))
    else:
        keep_look(places.ota, Looked())


def supply_of(job: Job, places: Places) -> SignedSupply:
    """Return where this device's releases come from."""
    device = Device(board=job.board, agent_version=job.agent_version, interpreter=Interpreter.here())
    clock = LocalClock(lambda: job.is_clock_synchronised)
    return SignedSupply(TrustPlace.below(places.ota), job.settings, device, clock, job.settings.patience)


def steps_of(job: Job, places: Places, supply: SignedSupply, record: Record) -> Steps:
    """Return the steps of an update of that kind. Raises ConfigError where the job does not say how it is used."""
    counters = CounterFloors(places.counters)
    if record.subject.startswith("agent/"):
        return AgentSteps(
            slots=slots_here(places.state_dir),
            counters=counters,
            incoming=places.incoming,
            supply=supply,
            running_version=job.agent_version,
            reserve_bytes=job.settings.reserve_mb * _MEBIBYTE,
            told=_tell,
        )
    if job.use is None:
        raise ConfigError("the job does not say how the model is used", where=record.subject)
    return ModelSteps(
        store=ModelStore(places.state_dir, record.name),
        counters=counters,
        incoming=places.incoming,
        supply=supply,
        use=job.use,
        limits=job.settings.limits,
        reserve_bytes=job.settings.reserve_mb * _MEBIBYTE,
        measure=partial(measure, stall_s=job.use.start_deadline_s),
        told=_tell,
    )


def _tell(done_bytes: int, total_bytes: int) -> None:
    line = msgspec.json.encode(Progress(done_bytes=done_bytes, total_bytes=total_bytes))
    os.write(sys.stdout.fileno(), line + b"\n")


if __name__ == "__main__":
    main()
