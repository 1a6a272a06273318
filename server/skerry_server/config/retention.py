"""The table `retention`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from skerry_server.config.section import Section

Days = Annotated[int, Meta(ge=0, le=36_500)]


class Retention(Section, frozen=True, kw_only=True):
    """For how many days the registry keeps what; 0 stands for as long as there is room.

    The audit is kept whole, and so is what holds: desired state, alerts that last, rollouts that have not
    ended, devices.
    """

    events_days: Days = 365
    snapshots_days: Days = 30
    results_days: Days = 90
    dead_letters_days: Days = 30
    presence_days: Days = 365
    alerts_days: Days = 365
    rollouts_days: Days = 365
