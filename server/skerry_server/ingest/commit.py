"""One batch made durable: judged, bound to sites, dated, stored, recorded. Doing it again changes nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from skerry_edge.contracts.messages import Heartbeat, Message, Status
from skerry_edge.contracts.topics import Topic
from skerry_server.config.limits import Limits
from skerry_server.errors import RefusedPointsError, StoreError, bare
from skerry_server.ingest.admission import Admission
from skerry_server.ingest.cardinality import CardinalityGuard
from skerry_server.ingest.clocks import ClockBook
from skerry_server.ingest.fleet import FleetMemory
from skerry_server.ingest.pauses import PatientStore, Pause
from skerry_server.ingest.points import points_of, time_of
from skerry_server.ingest.soft_state import MAX_ROWS, SoftState
from skerry_server.ingest.validate import Accepted, DeadLetter, Delivery, examine, refuse
from skerry_server.presence import SilenceRules
from skerry_server.registry.chunks import chunks
from skerry_server.registry.database import Database
from skerry_server.registry.recording import Recorded, decide, record
from skerry_server.registry.soft_rows import SoftRow, save_soft_rows, shown_of
from skerry_server.stores.base import MAX_TIME_NS, Point


class Committed(Struct, frozen=True, kw_only=True):
    """What a batch brought: its dead letters, the points in the store, and the heartbeats that the store did not take.

    ``store_error`` says why it did not; all else of the batch is durable.
    """

    letters: Sequence[DeadLetter]
    points: int
    stored: Sequence[Delivery]
    unstored: Sequence[Delivery] = ()
    store_error: StoreError | None = None
    trimmed_letters: Mapping[str, int] = {}  # msgspec copies it


class Prepared(Struct, kw_only=True):
    """A batch on its way: what is left of it, its dead letters, its points and whose each of them is.

    ``edition`` is that of the fleet's memory which its messages were looked up in. ``refused`` are the identities of
    those of ``accepted`` whose points are dead letters: they tell that their device is there as well as any other.
    """

    letters: list[DeadLetter]
    accepted: list[Accepted] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    owners: list[Accepted] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)
    edition: int = 0
    store_error: StoreError | None = None


class Committer:
    """Everything that writes to store and registry; to be used from one thread, but for `write`.

    `write` may run in another thread beside all else, another write of a replay included. Live batches go by the three
    steps; `commit` takes them in one go, for what comes again (replay, a retry): it can be given one message at a time,
    so what one poisonous message fails a live batch with is told apart when that comes back from the spool.
    """

    def __init__(self, *, store: PatientStore, database: Database, rules: SilenceRules, limits: Limits) -> None:
        self._store = store
        self._database = database
        self._rules = rules
        self._fleet = FleetMemory()
        self._soft = SoftState()
        self._clocks = ClockBook(database)
        self._guard = CardinalityGuard(limits)
        self._admission = Admission(self._fleet, max_devices=limits.devices)

    def commit(self, deliveries: Sequence[Delivery]) -> Committed:
        """Return when every delivery is in the store, in the registry or among the dead letters.

        Raises RegistryError; the whole batch is then to be tried again, whatever was done of it.
        """
        return self.record(self.write(self.prepare(deliveries)))

    def prepare(self, deliveries: Sequence[Delivery]) -> Prepared:
        """Judge, admit, date and measure a batch, the first of its three steps. Raises RegistryError."""
        batch = Prepared(letters=[], edition=self._fleet.edition)
        # In pieces, so that what one step makes is in the processor's cache for the next: a fifth less time.
        for piece in chunks(deliveries):
            self._prepare_piece(piece, batch)
        return batch

    def write(self, batch: Prepared) -> Prepared:
        """Write the points of a batch, the second step; the only one that may run beside steps of other batches."""
        if not batch.points:
            return batch
        try:
            self._store.write(batch.points)
        except RefusedPointsError as error:
            owners = {id(batch.owners[index]): (batch.owners[index], why) for index, why in error.refused.items()}
            batch.letters.extend(refuse(one.delivery, "store", why) for one, why in owners.values())
            batch.refused |= owners.keys()
        except StoreError as error:
            # Its frames hold this very batch.
            batch.store_error = bare(error)
        return batch

    def record(self, batch: Prepared) -> Committed:
        """Put a batch into the registry, the last step, in the order of arrival. Raises RegistryError.

        What is soft of it goes only into memory, for the next flush.
        """
        recorded = self._record(batch)
        heartbeats = [one for one in batch.accepted if one.shown is not None]
        if batch.refused:
            heartbeats = [one for one in heartbeats if id(one) not in batch.refused]
        measured = [one.delivery for one in heartbeats]
        error = batch.store_error
        return Committed(
            letters=[*batch.letters, *(recorded.contradictions if recorded else ())],
            points=0 if error else len(batch.points),
            stored=() if error else measured,
            unstored=measured if error else (),
            store_error=error,
            trimmed_letters=recorded.trimmed_letters if recorded else {},
        )

    def bury(self, delivery: Delivery, error: Exception) -> Committed:
        """Keep ``delivery`` as a dead letter because handling it failed in a way that nobody foresaw.

        Raises RegistryError.
        """
        letter = refuse(delivery, "internal", f"{type(error).__name__}: {error}")
        recorded = self._record(Prepared(letters=[letter]))
        return Committed(
            letters=[letter], points=0, stored=(), trimmed_letters=recorded.trimmed_letters if recorded else {}
        )

    @property
    def store_pause(self) -> Pause:
        """Whether the store is left alone now."""
        return self._store.pause

    def __len__(self) -> int:
        """Return how many devices have soft state that is not written yet."""
        return len(self._soft)

    def forget(self) -> None:
        """Look everything up again: the registry failed, and may not be as it was."""
        self._fleet.clear()

    def flush_is_due(self) -> bool:
        """Tell whether it is time to write soft state, and to learn what people changed."""
        return self._soft.is_due(time.monotonic())

    def flush(self) -> None:
        """Write the soft state, and learn what people changed meanwhile. Raises RegistryError.

        What was not written is kept for the next time, whatever was raised.
        """
        rows = self._soft.take()
        try:
            if not rows:
                with self._database.reading() as session:
                    self._admission.catch_up(session)
            for devices in chunks(sorted(rows), MAX_ROWS):
                self._save({device: rows[device] for device in devices})
                # What is written need not wait in memory for the rest, and is not given back with it.
                for device in devices:
                    del rows[device]
        finally:
            if rows:
                self._soft.give_back(rows)
            self._soft.flushed(time.monotonic())

    def _prepare_piece(self, deliveries: Sequence[Delivery], batch: Prepared) -> None:
        accepted: list[Accepted] = []
        for one in map(examine, deliveries):
            if isinstance(one, DeadLetter):
                batch.letters.append(one)
            elif one is not None:
                accepted.append(one)
        accepted = self._admission.admit(accepted, batch.letters, self._database)
        self._clocks.correct(accepted)
        self._measure(accepted, batch)

    def _measure(self, accepted: Sequence[Accepted], batch: Prepared) -> None:
        """Put into ``batch`` what can be stored, with the points of heartbeats."""
        for one in accepted:
            if isinstance(one.message, Heartbeat):
                refusal, own = self._own_points(one, one.message)
                if refusal is not None:
                    batch.letters.append(refusal)
                    batch.refused.add(id(one))
                else:
                    batch.points += own
                    batch.owners += [one] * len(own)
                # The rest of it is in the points, and two batches at once would hold it for nothing.
                one.shown, one.message = shown_of(one.message), _envelope(one.message)
            batch.accepted.append(one)

    def _own_points(self, one: Accepted, heartbeat: Heartbeat) -> tuple[DeadLetter | None, list[Point]]:
        if not 0 <= time_of(heartbeat, offset_ms=one.offset_ms) <= MAX_TIME_NS:
            detail = f"the time is beyond what stores can keep, and nothing tells the true one; found ts {heartbeat.ts}"
            return refuse(one.delivery, "time", detail), []
        own = points_of(one.topic, heartbeat, offset_ms=one.offset_ms)
        assert one.known is not None  # noqa: S101  # admitted
        excess = self._guard.admit(one.known, own)
        return (refuse(one.delivery, "cardinality", str(excess)) if excess else None), own

    def _record(self, batch: Prepared) -> Recorded | None:
        if batch.edition != self._fleet.edition:
            self._admission.recall(batch.accepted)
        plain, deciding = self._sort(batch.accepted)
        recorded = None
        if batch.letters or deciding or any(one.shown is None for one in batch.accepted):
            plain, recorded = self._transact(batch)
            self._fleet.note(recorded.presences)
        for one in (*plain, *(recorded.current if recorded else ())):
            self._hear(one)
        return recorded

    def _sort(self, accepted: Sequence[Accepted]) -> tuple[list[Accepted], list[Accepted]]:
        """Return the messages that are plainly about now, and those that decide; what was seen before is neither.

        A device with one message that decides has all of its decided, in their order.
        """
        seqs: dict[str, int] = {}
        plain, decisive = [], set()
        for one in accepted:
            if one.message is None:
                continue
            known = one.known
            is_plain = (
                known is not None
                and known.session == one.message.session
                and not one.delivery.is_retained
                and not isinstance(one.message, Status)
            )
            if known is None or not is_plain:
                decisive.add(one.topic.device)
            elif one.message.seq > seqs.get(one.topic.device, known.seq):
                seqs[one.topic.device] = one.message.seq
                plain.append(one)
        deciding = [one for one in accepted if one.message is not None and one.topic.device in decisive]
        return [one for one in plain if one.topic.device not in decisive], deciding

    def _transact(self, batch: Prepared) -> tuple[list[Accepted], Recorded]:
        """Return the messages that are plainly about now, and what was recorded."""
        earlier: dict[str, SoftRow] = {}
        try:
            with self._database.transaction() as session:
                # Its devices may have been moved or erased since it was prepared.
                batch.accepted = self._admission.admit_in(session, batch.accepted, batch.letters)
                plain, deciding = self._sort(batch.accepted)
                # What was heard before and is not written yet comes first, or a will would stand against too little.
                earlier = self._soft.take({one.topic.device for one in deciding})
                if earlier:
                    save_soft_rows(session, earlier)
                return plain, record(session, batch.accepted, batch.letters, deciding=deciding, rules=self._rules)
        except BaseException:
            # It is soft, but nobody else has it.
            self._soft.give_back(earlier)
            raise

    def _hear(self, one: Accepted) -> None:
        message = one.message
        if message is None or one.delivery.is_retained or (isinstance(message, Status) and message.seq == 0):
            return
        if one.known is not None and one.known.session == message.session:
            one.known.seq = max(one.known.seq, message.seq)
        self._soft.note(one)

    def _save(self, rows: dict[str, SoftRow]) -> None:
        with self._database.transaction() as session:
            self._admission.catch_up(session)
            disagreeing = save_soft_rows(session, rows)
            if disagreeing:
                presences, _ = decide(session, [_as_heard(device, rows[device]) for device in disagreeing], self._rules)
        if disagreeing:
            self._fleet.note(presences)


def _envelope(message: Message) -> Message:
    """Return what a message has in common with all others."""
    return Message(
        v=message.v,
        id=message.id,
        session=message.session,
        seq=message.seq,
        ts=message.ts,
        clock=message.clock,
        replayed=message.replayed,
    )


def _as_heard(device: str, row: SoftRow) -> Accepted:
    """Return what a soft row stands for as a message that presence can be decided on."""
    message = Message(v=1, id="-", session=row.session, seq=row.seq, ts=row.ts_ms, clock=row.clock)  # type: ignore[arg-type]  # as it was decoded
    delivery = Delivery(topic="", payload=b"", is_retained=False, received_ms=row.heard_ms)
    topic = Topic(site=row.site, device=device, kind="heartbeat")
    return Accepted(delivery=delivery, topic=topic, message=message)
