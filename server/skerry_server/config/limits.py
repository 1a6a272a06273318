"""The table `limits`: how many different tag values the time-series store is given."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from skerry_server.config.section import Section

Many = Annotated[int, Meta(ge=1, le=10_000_000)]


class Limits(Section, frozen=True, kw_only=True):
    """Past these, a message with a new value becomes a dead letter with the reason `cardinality`.

    A store keeps an index entry for each device, board, model and field name that it ever saw, so a device that makes
    up names can fill its memory for good. A device has one series for its heartbeats and one for each pipeline with
    each model (and version) that ran in it. Of the names of fields, which all share, one device may bring a share.
    """

    devices: Many = 200_000
    series_per_device: Many = 100
    boards: Many = 1_000
    models: Many = 5_000
    fields: Many = 2_000
    fields_per_device: Many = 200
