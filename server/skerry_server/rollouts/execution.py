"""What the planner decided, carried out on rows: orders into desired states, states of devices and of rollouts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry_edge.contracts.messages import UpdateOrder
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.chunks import chunks
from skerry_server.registry.models import RolloutDeviceRow, RolloutRow
from skerry_server.registry.orders.desired import change_order
from skerry_server.rollouts import hearing
from skerry_server.rollouts.changes import subject_of
from skerry_server.rollouts.history import with_entry
from skerry_server.rollouts.planner import Action, Enter, Move, Order, Return, Settle, TimeOut
from skerry_server.rollouts.spec import Spec
from skerry_server.rollouts.states import ENDED, UNDER_WAY, DeviceState

LOWEST_COUNTER = 1
"""For a version that no rollout brought: a device goes back to the one that it has kept, whatever its counter."""
MAX_NAMED = 100
"""Devices that one row of the audit names; each device's own history has it all."""


class Execution:
    """Carries actions out for one rollout, in the session of one transaction, at ``now_ms``."""

    def __init__(self, session: Session, row: RolloutRow, spec: Spec, *, now_ms: int) -> None:
        self._session = session
        self._row = row
        self._spec = spec
        self._now_ms = now_ms
        # A user's name holds no blank: nobody can pass for it.
        self._author = Author(name=subject_of(row), ts_ms=now_ms)

    def note_hearing(self) -> None:
        """Note that the server hears; where it did not for a while, that devices were given the time back."""
        since_ms = self._row.heard_ms
        number = hearing.note_hearing(self._session, self._row, now_ms=self._now_ms)
        if number and since_ms is not None:
            self._note("put-off", number=number, seconds=(self._now_ms - since_ms) // 1000)

    def carry_out(self, actions: Iterable[Action]) -> None:
        """Carry out ``actions``, each noted in the audit. Raises NotFoundError for a device that is there no more."""
        for action in actions:
            if isinstance(action, Order):
                self._order(action.devices)
            elif isinstance(action, Return):
                self._return(action.devices)
            elif isinstance(action, TimeOut):
                self._time_out(action.devices)
            elif isinstance(action, Settle):
                self._settle(action)
            elif isinstance(action, Enter):
                self._row.stage = action.stage
                self._note("stage", stage=action.stage)
            elif isinstance(action, Move):
                self._move(action)

    def _order(self, devices: Sequence[str]) -> None:
        rows = self._rows(devices, ("waiting",))
        self._row.unwatched_ms = None
        self._send(rows, lambda _row: self._order_for(self._spec.version, self._spec.counter), state="ordered")
        self._note("order", devices=rows)

    def _return(self, devices: Sequence[str]) -> None:
        counters = self._counters()

        def back(row: RolloutDeviceRow) -> UpdateOrder:
            version = row.from_version or ""
            return self._order_for(version, counters.get(version, LOWEST_COUNTER))

        rows = self._rows(devices, ("committed",))
        self._send(rows, back, state="returning")
        self._note("order-back", devices=rows)

    def _time_out(self, devices: Sequence[str]) -> None:
        rows = self._rows(devices, UNDER_WAY)
        for row in rows:
            row.state = "timed-out" if row.state == "ordered" else "not-returned"
            row.reason, row.ended_ms, row.deadline_ms = "deadline", self._now_ms, None
            row.history = with_entry(row.history, row.state, ts_ms=self._now_ms, reason="deadline")
        self._withdraw(rows)
        self._note("time-out", devices=rows)

    def _settle(self, action: Settle) -> None:
        states: Sequence[DeviceState] = ("committed",) if action.state == "not-returned" else ("waiting", "ordered")
        rows = [row for row in self._rows(action.devices, states) if row.state != "ordered" or not row.has_begun]
        held = [row for row in rows if row.state == "ordered"]
        for row in rows:
            # Its deadline stays: it is that of the order, should the device have begun with it after all.
            row.state, row.reason, row.ended_ms = action.state, action.reason, self._now_ms
            row.history = with_entry(row.history, action.state, ts_ms=self._now_ms, reason=action.reason)
        self._withdraw(held)
        self._note("settle", state=action.state, reason=action.reason, devices=rows)

    def _move(self, action: Move) -> None:
        self._row.state = action.state
        if action.failure is not None:
            self._row.reason, self._row.detail = action.failure.reason, action.failure.detail
        if action.state in ENDED:
            self._row.ended_ms = self._now_ms
        self._note(action.state, reason=self._row.reason, detail=self._row.detail)

    def _send(
        self, rows: Sequence[RolloutDeviceRow], make: Callable[[RolloutDeviceRow], UpdateOrder], *, state: str
    ) -> None:
        orders: dict[str, UpdateOrder | None] = {}
        for row in rows:
            order = make(row)
            orders[row.device] = order
            row.state, row.order_id, row.attempts = state, order.id, row.attempts + 1
            row.ordered_ms, row.deadline_ms = self._now_ms, self._now_ms + self._spec.wait_ms
            row.has_begun, row.ended_ms, row.phase, row.reason, row.detail = False, None, None, None, None
            row.session = row.seq = row.progress_bytes = row.total_bytes = None
            row.history = with_entry(row.history, state, ts_ms=self._now_ms, detail=order.version)
        change_order(self._session, self._author, orders, subject=self._spec.subject)

    def _withdraw(self, rows: Sequence[RolloutDeviceRow]) -> None:
        orders: dict[str, UpdateOrder | None] = {row.device: None for row in rows}
        change_order(self._session, self._author, orders, subject=self._spec.subject)

    def _order_for(self, version: str, counter: int) -> UpdateOrder:
        return UpdateOrder(
            id=uuid.uuid4().hex,
            version=version,
            counter=counter,
            probation_s=self._spec.probation_s,
            deadline_s=self._spec.deadline_s,
        )

    def _counters(self) -> dict[str, int]:
        """Return the release counters that earlier rollouts of the same model, or of the agent, brought to devices."""
        query = select(RolloutRow.version, RolloutRow.counter).where(
            RolloutRow.kind == self._row.kind, RolloutRow.name == self._row.name
        )
        return {row.version: row.counter for row in self._session.execute(query)}

    def _rows(self, devices: Sequence[str], states: Sequence[DeviceState]) -> list[RolloutDeviceRow]:
        """Return the devices' rows, locked, but for those that ingest has brought into another state meanwhile."""
        found: list[RolloutDeviceRow] = []
        for piece in chunks(devices):
            query = select(RolloutDeviceRow).where(
                RolloutDeviceRow.rollout == self._row.id,
                RolloutDeviceRow.device.in_(piece),
                RolloutDeviceRow.state.in_(states),
            )
            found += self._session.scalars(query.order_by(RolloutDeviceRow.device).with_for_update())
        return found

    def _note(self, action: str, *, devices: Sequence[RolloutDeviceRow] = (), **detail: object) -> None:
        self._session.flush()
        told: dict[str, object] = {name: value for name, value in detail.items() if value is not None}
        if devices:
            told |= {"number": len(devices), "devices": [row.device for row in devices[:MAX_NAMED]]}
        note(self._session, self._author, f"rollout.{action}", subject_of(self._row), told)
