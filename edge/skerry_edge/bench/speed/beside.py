"""A row beside another tool: both in processes of their own, in turn, with the ratio of their medians."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing

from skerry_edge.backends.extraction import extracted
from skerry_edge.bench.speed.cold import WORKER, ColdOrder
from skerry_edge.bench.speed.contender import Contender
from skerry_edge.bench.speed.frames import FrameSource
from skerry_edge.bench.speed.interleaving import Rounds, interleave
from skerry_edge.bench.speed.measuring import Pace, Progress, subject_of
from skerry_edge.bench.speed.peers.program import PeerOrder
from skerry_edge.bench.speed.peers.registry import Peer, file_for
from skerry_edge.bench.speed.plan import PlannedRow
from skerry_edge.bench.speed.result import PeerFigures
from skerry_edge.bench.speed.spread import Blocks, interleaved_ratio, median_ms
from skerry_edge.bench.speed.subject import Subject, WakeWordSubject
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.foundation.errors import MissingError, SkerryError


def measure_beside(
    planned: PlannedRow, peer: Peer, frames: FrameSource, pace: Pace, done: Progress
) -> tuple[PeerFigures, SkerryError | None]:
    """Measure a row's variant and a peer in turn; whatever happens to either is told, with the error behind it."""
    try:
        return _measured(planned, peer, frames, pace, done), None
    except MissingError as error:
        return PeerFigures(peer=peer.name, outcome="not run", reason=str(error)), error
    except SkerryError as error:
        return PeerFigures(peer=peer.name, outcome="failed", reason=str(error)), error


def open_peer(peer: Peer, bundle: Bundle, subject: Subject, pace: Pace, stack: ExitStack) -> tuple[Contender, str]:
    """Start a peer's program beside what our row runs; return it with the name of the file that it runs.

    Raises MissingError where the tool is not installed or no file is there that it reads, and what it raises.
    """
    if peer.missing:
        raise MissingError(f"{peer.name} cannot be used", found=peer.missing)
    variants, threads = bundle.manifest.variants, subject.threads
    if peer.files is not None:
        order = PeerOrder(
            file=peer.files.weights,
            inputs=variants[subject.variant].inputs,
            threads=threads,
            description=peer.files.cfg,
            frames=subject.frames,
            classes=len(bundle.manifest.labels),
        )
        return _started(peer, order, pace, stack), peer.files.weights.name
    name = file_for(peer, subject.variant, variants)
    if name is None:
        raise MissingError(f"no variant of the bundle is one that {peer.name} reads", where=str(bundle.path))
    file = stack.enter_context(extracted(bundle, variants[name]))
    return _started(peer, PeerOrder(file=file, inputs=variants[name].inputs, threads=threads), pace, stack), name


def _started(peer: Peer, order: PeerOrder, pace: Pace, stack: ExitStack) -> Contender:
    return stack.enter_context(closing(Contender(peer.entry.module, order, stall_s=pace.stall_s)))


def _measured(planned: PlannedRow, peer: Peer, frames: FrameSource, pace: Pace, done: Progress) -> PeerFigures:
    if planned.backend is None:
        raise MissingError("this row has no figures to compare with")
    subject = subject_of(planned, planned.backend, frames)
    if isinstance(subject, WakeWordSubject):
        raise MissingError("a wake word is no bundle, of which alone peers take files")
    with ExitStack() as stack:
        theirs, file = open_peer(peer, Bundle.open(planned.path), subject, pace, stack)
        order = ColdOrder(subject=subject, started_s=time.monotonic())
        ours = stack.enter_context(closing(Contender(WORKER, order, stall_s=pace.stall_s)))
        own, other = interleave((ours, theirs), Rounds.within(pace.amount.duration_s), done)
    return _figures(peer, theirs, file, own, other)


def _figures(peer: Peer, theirs: Contender, file: str, own: Blocks, other: Blocks) -> PeerFigures:
    ratio = interleaved_ratio(other, own)
    precision = theirs.ready.precision
    return PeerFigures(
        peer=peer.name,
        outcome="measured",
        version=theirs.ready.version,
        computes=f"{file} in {precision}" if precision else file,
        peer_ms=median_ms(other),
        ours_ms=median_ms(own),
        ratio=round(ratio.value, 4),
        low=round(ratio.low, 4),
        high=round(ratio.high, 4),
    )
