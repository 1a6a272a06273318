"""The dashboard's newest picture: the snapshot of the last event that took one along, with what and where below."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from skerry_server.api.schemas import EventOut
from skerry_server.ui.rows import clock_time


class NewestPicture:
    """A panel that is there only while some event of the list has a picture."""

    def __init__(self) -> None:
        with ui.element("section").classes("sk-panel").props('aria-label="Newest picture"') as self._panel:
            with ui.element("div").classes("sk-caption"):
                ui.html("<h2>Newest picture</h2>", sanitize=False)
                self._what = ui.label("").classes("sk-sub")
            # A plain element, so that the picture before stays until the new one is there.
            self._picture = ui.element("img").classes("sk-picture").props("data-picture")
        self._panel.set_visibility(False)

    def show(self, events: Sequence[EventOut]) -> None:
        """Bring the panel up to ``events``, newest first."""
        newest = max(events, key=lambda one: one.snapshot_of or 0, default=None)
        is_pictured = newest is not None and newest.snapshot is not None
        self._panel.set_visibility(is_pictured)
        if newest is None or not is_pictured or self._picture.props.get("src") == newest.snapshot:
            return
        self._what.set_text(f"{newest.device} · {newest.pipeline} · {clock_time(newest.snapshot_ms or newest.ts_ms)}")
        self._picture.props["src"] = newest.snapshot
        self._picture.props["alt"] = f"What {newest.device} saw: {newest.label}"
        self._picture.update()
