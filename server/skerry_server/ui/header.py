"""The dashboard's header: what the server stands on, what went through, and a banner where something is wrong."""

from __future__ import annotations

from nicegui import ui

from skerry_server.health import PartName
from skerry_server.ui.overview import Overview

_TITLES: dict[PartName, str] = {"broker": "Broker", "store": "Store", "registry": "Registry"}
_TOGGLE = """() => {
  Quasar.Dark.toggle();
  localStorage.setItem('skerry-dark', Quasar.Dark.isActive);
}"""


class Header:
    """The bar at the top of one open page."""

    def __init__(self, mark: str) -> None:
        with ui.element("header").classes("sk-header"):
            with ui.element("div").classes("sk-brand"):
                ui.html(mark, sanitize=False)
                ui.label("Skerry")
            with ui.element("div").classes("sk-chips"):
                self._parts = {name: _chip(title, name) for name, title in _TITLES.items()}
                self._rate = _chip("0.0 messages/s", "rate").classes("is-plain")
                self._waiting = _chip("", "waiting").classes("is-plain is-warn")
                self._dead = _chip("0 dead letters", "dead-letters").classes("is-plain")
                toggle = ui.button(icon="contrast", color=None).props('flat round dense aria-label="Dark or light"')
                toggle.on("click", js_handler=_TOGGLE)
        self._banner = ui.label("").classes("sk-banner").props('role="alert"')

    def show(self, overview: Overview) -> None:
        """Bring the bar up to ``overview``."""
        for name, part in overview.parts.items():
            self._parts[name].set_text(_TITLES[name] if part.is_ok else f"{_TITLES[name]} away")
            _mark(self._parts[name], "is-bad", on=not part.is_ok)
        counts = overview.counts
        self._rate.set_text(f"{counts.per_second:.1f} messages/s")
        self._waiting.set_text(f"{counts.waiting:,} waiting")
        self._waiting.set_visibility(counts.waiting > 0 and not overview.parts["store"].is_ok)
        plural = "" if overview.dead_letters == 1 else "s"
        self._dead.set_text(f"{overview.dead_letters:,} dead letter{plural}")
        _mark(self._dead, "is-warn", on=overview.dead_letters > 0)
        troubles = [f"{_TITLES[name]}: {part.detail}" for name, part in overview.parts.items() if not part.is_ok]
        if overview.trouble:
            troubles.append(f"What is shown may be old: {overview.trouble}")
        self._banner.set_text("\n".join(troubles))
        self._banner.set_visibility(bool(troubles))


def _chip(text: str, name: str) -> ui.label:
    return ui.label(text).classes("sk-chip").props(f'data-chip="{name}"')


def _mark(element: ui.label, name: str, *, on: bool) -> None:
    if on:
        element.classes(add=name)
    else:
        element.classes(remove=name)
