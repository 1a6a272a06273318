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
        newest = next((one for one in events if one.snapshot is not None), None)
        self._panel.set_visibility(newest is not None)
        if newest is None or self._picture.props.get("src") == newest.snapshot:
            return
        self._what.set_text(f"{newest.device} · {newest.pipeline} · {clock_time(newest.ts_ms)}")
        self._picture.props["src"] = newest.snapshot
        self._picture.props["alt"] = f"What {newest.device} saw: {newest.label}"
        self._picture.update()
