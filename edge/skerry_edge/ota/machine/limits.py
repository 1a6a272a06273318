"""How much worse than the version before a new one may be, in its self-test and in probation."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Times = Annotated[float, Meta(ge=1.0, le=1000.0)]


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table `[ota.limits]`: what a new version must keep to be committed.

    - ``slower_times``: an inference takes at most so many times what it took before.
    - ``error_share``: of all inferences, so many may fail. ``drop_share``: of the frames, so many more are dropped.
    - ``silent_s``: without a frame for so long, it is starved, where frames came before.
    - ``memory_growth_mb``: from its first frames on, its process grows by no more than this.
    - ``hotter_than_c``: the temperature that the processor may not reach where it was below before; without one, the
      machine's own trip point.
    - ``offline_s``: so long it may be without the broker, where it had it before.
    - ``agreement``: of the objects that the version before sees in both golden pictures and in what the device saw
      last, so many it sees, too.
    - ``keeps_labels``: it knows every label that the version before knows.
    - ``rate_times``: it finds at most so many times more, or fewer, than the version before, where that found enough.
    - ``least_probation_s``: it is watched for so long, even where less was ordered.
    """

    slower_times: Times = 3.0
    error_share: Share = 0.1
    drop_share: Share = 0.3
    silent_s: Annotated[float, Meta(gt=0, le=86400)] = 20.0
    memory_growth_mb: Annotated[float, Meta(gt=0, le=1e6)] = 100.0
    hotter_than_c: Annotated[float, Meta(ge=0, le=150)] | None = None
    offline_s: Annotated[float, Meta(gt=0, le=86400)] = 60.0
    agreement: Share = 0.5
    keeps_labels: bool = True
    rate_times: Times = 10.0
    least_probation_s: Annotated[float, Meta(ge=0, le=86400)] = 10.0
