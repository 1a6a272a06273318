"""Rollouts: planned, made, approved, started, watched, paused, resumed, ended, tried again, undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from skerry_edge.contracts.topics import NAME_PATTERN
from skerry_server.api.context import (
    Asking,
    Context,
    Cursor,
    DeviceName,
    Limit,
    RowNumber,
    answers,
    before_id,
    cut,
    visible_device,
)
from skerry_server.api.resources.devices import NO_DEVICE
from skerry_server.api.resources.rollout_shapes import (
    DeviceRolloutOut,
    DeviceRolloutsOut,
    FailuresOut,
    PlannedOut,
    PlanOut,
    ReleaseOut,
    ReleasesOut,
    RetriedOut,
    RetryIn,
    RolloutDetailOut,
    RolloutDeviceOut,
    RolloutDevicesOut,
    RolloutOut,
    RolloutsOut,
    StoryOut,
)
from skerry_server.api.resources.rollout_wish import RolloutIn
from skerry_server.auth.visitors import Visitor
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.models import RolloutDeviceRow, RolloutRow
from skerry_server.rollouts import changes, reading
from skerry_server.rollouts.candidates import read_candidates
from skerry_server.rollouts.catalogue import completed
from skerry_server.rollouts.eligibility import fits_nobody, plan
from skerry_server.rollouts.spec import Spec, read_spec
from skerry_server.rollouts.states import DeviceState, RolloutState

MAX_PLANNED = 1000
"""Devices that a plan names; it counts all."""
_UNFIT = answers(_404="No such release or group.", _409="Its parts do not go together.")
_NO_ROLLOUT = answers(_404="No such rollout.")
_DECIDED = answers(_404="No such rollout.", _409="It cannot be as the rollout stands.")
After = Annotated[str, Query(pattern=NAME_PATTERN, description="`next` of the page before.")]


def add_rollouts(router: APIRouter, context: Context) -> None:
    """Add the routes of rollouts and releases."""
    _add_reading(router, context)
    _add_devices(router, context)
    _add_making(router, context)
    _add_acts(router, context)


def _add_reading(router: APIRouter, context: Context) -> None:
    @router.get("/releases")
    def releases(_visitor: Asking) -> ReleasesOut:
        """Releases that can be rolled out; none where this server has no repository."""
        found = context.catalogue.releases() if context.catalogue is not None else []
        return ReleasesOut(
            releases=[
                ReleaseOut(
                    kind=one.kind,  # type: ignore[arg-type]  # checked by pydantic
                    name=one.name,
                    version=one.version,
                    counter=one.counter,
                    boards=list(one.boards),
                    files=dict(one.files),
                )
                for one in found
            ]
        )

    @router.get("/rollouts")
    def rollouts(
        _visitor: Asking, state: RolloutState | None = None, limit: Limit = 50, cursor: Cursor | None = None
    ) -> RolloutsOut:
        """Rollouts, newest first."""
        with context.database.reading() as session:
            rows = reading.list_rollouts(session, limit=limit + 1, before_id=before_id(cursor), state=state)
            page, last = cut(rows, limit)
            counts = reading.tallies(session, [row.id for row in page])
        shown = [RolloutOut(**rollout_fields(row, counts[row.id])) for row in page]
        return RolloutsOut(rollouts=shown, next=str(last.id) if last else None)

    @router.get("/rollouts/{rollout}", responses=_NO_ROLLOUT)
    def rollout(rollout: RowNumber, _visitor: Asking) -> RolloutDetailOut:
        """One rollout: what it is to do, how far it is, what failed."""
        with context.database.reading() as session:
            return _detail(session, reading.find_rollout(session, rollout))

    @router.get("/rollouts/{rollout}/plan", responses={**_UNFIT, **_NO_ROLLOUT})
    def plan_of(rollout: RowNumber, _visitor: Asking) -> PlanOut:
        """Who would get the release of a rollout if it were started now, who not, and why not."""
        with context.database.reading() as session:
            return plan_out(session, read_spec(reading.find_rollout(session, rollout).spec))


def _add_devices(router: APIRouter, context: Context) -> None:
    @router.get("/rollouts/{rollout}/devices", responses=_NO_ROLLOUT)
    def devices(
        rollout: RowNumber,
        _visitor: Asking,
        state: DeviceState | None = None,
        stage: Annotated[int | None, Query(ge=0, le=10_000)] = None,
        limit: Limit = 50,
        cursor: After | None = None,
    ) -> RolloutDevicesOut:
        """Return a rollout's devices, by name."""
        wanted = reading.DeviceSearch(state=state, stage=stage, after=cursor, limit=limit + 1)
        with context.database.reading() as session:
            reading.find_rollout(session, rollout)
            page, last = cut(reading.find_devices(session, rollout, wanted), limit)
        shown = [RolloutDeviceOut(**device_fields(row)) for row in page]
        return RolloutDevicesOut(devices=shown, next=last.device if last else None)

    @router.get("/devices/{device}/rollouts", responses=NO_DEVICE)
    def rollouts_of(
        device: DeviceName, visitor: Asking, limit: Limit = 50, cursor: Cursor | None = None
    ) -> DeviceRolloutsOut:
        """Rollouts that mean a device, newest first, and how it does in each."""
        with context.database.reading() as session:
            visible_device(session, visitor, device)
            found = reading.rollouts_of_device(session, device, limit=limit + 1, before_id=before_id(cursor))
        page, last = cut(found, limit)
        shown = [DeviceRolloutOut(**device_fields(of_device), **release_fields(row)) for row, of_device in page]
        return DeviceRolloutsOut(rollouts=shown, next=str(last[0].id) if last else None)

    @router.get("/rollouts/{rollout}/devices/{device}", responses=answers(_404="No such device in this rollout."))
    def story(rollout: RowNumber, device: DeviceName, _visitor: Asking) -> StoryOut:
        """How one device does in a rollout, and all that happened to it."""
        with context.database.reading() as session:
            row = reading.device_story(session, rollout, device)
        return StoryOut(**device_fields(row), history=row.history)


def _add_making(router: APIRouter, context: Context) -> None:
    def spec_of(wish: RolloutIn) -> Spec:
        given = completed(wish.given(), context.catalogue)
        if context.config.ota.second_person:
            given["needs_approval"] = True
        return read_spec(given)

    @router.post("/rollouts/plan", responses=_UNFIT)
    def dry_run(wish: RolloutIn, _visitor: Asking) -> PlanOut:
        """Who would get a release, who not, and why not; nothing is kept."""
        with context.database.reading() as session:
            return plan_out(session, spec_of(wish))

    @router.post("/rollouts", status_code=201, responses=_UNFIT)
    def make(wish: RolloutIn, visitor: Asking) -> RolloutDetailOut:
        """Make a rollout; nothing is sent before it is started."""
        spec = spec_of(wish)
        with context.database.transaction() as session:
            row = changes.create(session, context.doorkeeper.author(visitor), spec)
            return _detail(session, row)


def _add_acts(router: APIRouter, context: Context) -> None:
    def decide(act: Callable[[Session, Author, int], RolloutRow], rollout: int, visitor: Visitor) -> RolloutDetailOut:
        with context.database.transaction() as session:
            return _detail(session, act(session, context.doorkeeper.author(visitor), rollout))

    @router.post("/rollouts/{rollout}/approve", responses=_DECIDED)
    def approve(rollout: RowNumber, visitor: Asking) -> RolloutDetailOut:
        """Approve a rollout that somebody else made."""
        return decide(changes.approve, rollout, visitor)

    @router.post("/rollouts/{rollout}/start", responses=_DECIDED)
    def start(rollout: RowNumber, visitor: Asking) -> RolloutDetailOut:
        """Settle who gets the release when, and let the canary begin."""
        return decide(changes.start, rollout, visitor)

    @router.post("/rollouts/{rollout}/pause", responses=_DECIDED)
    def pause(rollout: RowNumber, visitor: Asking) -> RolloutDetailOut:
        """Order no further device anything; those that were ordered go on."""
        return decide(changes.pause, rollout, visitor)

    @router.post("/rollouts/{rollout}/resume", responses=_DECIDED)
    def resume(rollout: RowNumber, visitor: Asking) -> RolloutDetailOut:
        """Go on; what made it pause is excused."""
        return decide(changes.resume, rollout, visitor)

    @router.post("/rollouts/{rollout}/abort", responses=_DECIDED)
    def abort(rollout: RowNumber, visitor: Asking) -> RolloutDetailOut:
        """End it; whoever has the release keeps it."""
        return decide(changes.abort, rollout, visitor)

    @router.post("/rollouts/{rollout}/roll-back", responses=_DECIDED)
    def roll_back(rollout: RowNumber, visitor: Asking) -> RolloutDetailOut:
        """Order every device that took the release back to the version before."""
        return decide(changes.roll_back, rollout, visitor)

    @router.post("/rollouts/{rollout}/retry", responses=_DECIDED)
    def retry(rollout: RowNumber, visitor: Asking, wish: RetryIn | None = None) -> RetriedOut:
        """Let devices that failed have another try, all or those named."""
        with context.database.transaction() as session:
            author = context.doorkeeper.author(visitor)
            number = changes.retry(session, author, rollout, wish.devices if wish else ())
        return RetriedOut(id=rollout, devices=number)


def rollout_fields(row: RolloutRow, counts: reading.Tally) -> dict[str, Any]:
    """Return what `RolloutOut` shows of a rollout."""
    shown = {name: getattr(row, name) for name in RolloutOut.model_fields if name not in ("devices", "needs_approval")}
    return {**shown, "devices": dict(counts), "needs_approval": bool(row.spec["needs_approval"])}


def device_fields(row: RolloutDeviceRow) -> dict[str, Any]:
    """Return what `RolloutDeviceOut` shows of a device."""
    return {name: getattr(row, name) for name in RolloutDeviceOut.model_fields}


def release_fields(row: RolloutRow) -> dict[str, Any]:
    """Return what `DeviceRolloutOut` shows of a rollout."""
    brings = {"kind": row.kind, "name": row.name, "version": row.version}
    return {"rollout": row.id, "rollout_state": row.state, **brings}


def plan_out(session: Session, spec: Spec) -> PlanOut:
    """Return what a spec comes to now. Raises ConfigError and NotFoundError."""
    fleet = read_candidates(session, spec)
    planned = plan(spec, fleet)
    stages = Counter(one.stage for one in planned if one.stage is not None)
    return PlanOut(
        stages=[stages[number] for number in sorted(stages)],
        left_out=dict(sorted(Counter(one.why_not for one in planned if one.why_not is not None).items())),
        fits_nobody=fits_nobody(spec, fleet)[:MAX_PLANNED],
        planned=[
            PlannedOut(
                device=one.device,
                site=one.site,
                board=one.board,
                from_version=one.from_version,
                online=one.is_present,
                stage=one.stage,
                why_not=one.why_not,
            )
            for one in planned[:MAX_PLANNED]
        ],
    )


def _detail(session: Session, row: RolloutRow) -> RolloutDetailOut:
    counts = reading.tallies(session, [row.id])[row.id]
    return RolloutDetailOut(
        **rollout_fields(row, counts),
        spec=row.spec,
        by_stage=[dict(one) for one in reading.stage_tallies(session, row.id)],
        failures=[
            FailuresOut(state=one.state, reason=one.reason, devices=one.devices, detail=one.detail)  # type: ignore[arg-type]  # checked by pydantic
            for one in reading.failure_groups(session, row.id)
        ],
    )
