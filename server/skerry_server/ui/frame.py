"""The frame of every page: header, navigation, main part, and the clock that brings them up to date."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from nicegui import ui
from starlette.requests import Request
from starlette.responses import Response

from skerry_edge.foundation.errors import ReachError, SkerryError
from skerry_server.api.context import Context
from skerry_server.auth.visitors import Visitor
from skerry_server.ui.changing import Changes
from skerry_server.ui.faults import fault_response
from skerry_server.ui.navigation import Place, places
from skerry_server.ui.pulse import Pulse, chips, troubles
from skerry_server.ui.region import Region
from skerry_server.ui.shared import Shared
from skerry_server.ui.templating import asset, mark, render
from skerry_server.ui.threads import FRAMES, PAGES

LOG = logging.getLogger(__name__)
PULSE_S = 1.0
CHECK_S = 2.0
"""How often an open page asks whether its visitor may still look."""
LEAVE_S = 1.0
"""What tells the browser to leave goes over the connection that is then ended."""
_TOGGLE = """() => {
  Quasar.Dark.toggle();
  localStorage.setItem('skerry-dark', Quasar.Dark.isActive);
}"""
# Before the page is shown, so that a choice of colours made earlier does not flash.
_REMEMBERED_COLOURS = """
const dark = localStorage.getItem('skerry-dark');
if (dark !== null) Quasar.Dark.set(dark === 'true');
"""


class Page(ABC):
    """One page, open in one browser: what its regions show, and what its buttons do."""

    title: ClassVar[str]
    here: ClassVar[str]
    """The path under which the navigation knows it."""
    refresh_s: float | None = None
    """How often it is read again, None where it stays as it is."""

    def __init__(self, context: Context, visitor: Visitor) -> None:
        self.context = context
        self.visitor = visitor
        self.changes = Changes(context, visitor)

    @property
    def heading(self) -> str:
        """What the browser's tab says."""
        return self.title

    @property
    def may_operate(self) -> bool:
        """Tell whether buttons that change something are to be shown."""
        return self.visitor.principal.may("operator")

    @abstractmethod
    def read(self) -> Mapping[str, str]:
        """Return the HTML of each region; called in a thread, for one page never twice at once. Raises SkerryError."""

    async def act(self, act: str, of: str, picked: list[str]) -> None:
        """Do what a button stands for; a page without buttons passes over what a browser says."""
        del act, of, picked


async def open_page(page: Page, pulses: Shared[Pulse], request: Request) -> Response | None:
    """Draw ``page`` for whoever asks, and keep it up to date; return an answer where it cannot be drawn."""
    sites = page.visitor.principal.sites
    pulse = await FRAMES.run(pulses.get, sites)
    try:
        content = await PAGES.run(page.read)
    except ReachError as error:
        # The header says the same; what waits for a database appears by itself when it is back.
        content = {"main": render("away.html", error=error)}
    except SkerryError as error:
        return fault_response(error)
    ui.page_title("Skerry" if page.here == "/" else f"{page.heading} · Skerry")
    ui.add_css(asset("dashboard.css"))
    # Quasar makes all of a page one main part; ours begins below the header.
    _quasar_page().props("role=none")
    header, banner = _header(page, pulse, places(page.visitor))
    with ui.element("main").classes("sk-page").props('id="main"') as main:
        body = _Body(page, content)
    ui.skip_link("Skip to the content", target=main)

    async def beat() -> None:
        now = await FRAMES.run(pulses.get, sites)
        header.show(render("chips.html", chips=chips(now)))
        banner.show(render("banner.html", troubles=troubles(now)))

    timers = [ui.timer(PULSE_S, beat)]
    if page.refresh_s is not None:
        timers.append(ui.timer(page.refresh_s, body.refresh))

    async def check() -> None:
        if not await FRAMES.run(_still_holds, page):
            await _show_out(timers, then=request.url.path)

    ui.timer(CHECK_S, check)
    ui.run_javascript(_REMEMBERED_COLOURS)
    return None


async def _show_out(timers: Sequence[ui.timer], *, then: str) -> None:
    """End an open page whose visitor may look no more, whether the browser leaves as it is told or not."""
    for timer in timers:
        timer.cancel(with_current_invocation=True)
    client = ui.context.client
    ui.navigate.to(f"/sign-in?next={then}")
    await asyncio.sleep(LEAVE_S)
    client.delete()


def _quasar_page() -> ui.element:
    slot = ui.context.client.content.parent_slot
    assert slot is not None  # noqa: S101  # NiceGUI puts its content into a page of Quasar's
    return slot.parent


class _Body:
    """The regions of one open page."""

    def __init__(self, page: Page, content: Mapping[str, str]) -> None:
        self._page = page
        self._place = ui.element("div").classes("sk-regions")
        self._regions: dict[str, Region] = {}
        self._reading = asyncio.Lock()
        self._show(content)

    async def refresh(self) -> None:
        """Bring the regions up to what is known now; what was read last stays while nothing can be read."""
        try:
            async with self._reading:
                self._show(await PAGES.run(self._page.read))
        except SkerryError as error:
            LOG.debug("a page stays as it is: %s", error)

    def _show(self, content: Mapping[str, str]) -> None:
        if list(content) != list(self._regions):
            self._place.clear()
            with self._place:
                self._regions = {name: self._region(name, text) for name, text in content.items()}
        for name, text in content.items():
            self._regions[name].show(text)

    def _region(self, name: str, text: str) -> Region:
        return Region(text, act=self._act).classes(f"sk-region is-{name}")

    async def _act(self, act: str, of: str, picked: list[str]) -> None:
        try:
            await self._page.act(act, of, picked)
        except SkerryError as error:
            ui.notify(str(error), type="negative", multi_line=True, close_button="Close")
        await self.refresh()


def _header(page: Page, pulse: Pulse, shown: list[Place]) -> tuple[Region, Region]:
    with ui.element("header").classes("sk-header"):
        ui.html(render("navigation.html", places=shown, here=page.here, mark=mark()), sanitize=False).classes("sk-bar")
        chip_region = Region(render("chips.html", chips=chips(pulse))).classes("sk-status")
        with ui.element("div").classes("sk-account"):
            toggle = ui.button(icon="contrast", color=None).props('flat round dense aria-label="Dark or light"')
            toggle.on("click", js_handler=_TOGGLE)
            if page.visitor.by == "session":
                _sign_out(page)
    banner = Region(render("banner.html", troubles=troubles(pulse)))
    return chip_region, banner


def _sign_out(page: Page) -> None:
    async def leave() -> None:
        try:
            await FRAMES.run(page.context.doorkeeper.sign_out, page.visitor)
        except SkerryError as error:
            ui.notify(str(error), type="negative", multi_line=True, close_button="Close")
            return
        ui.navigate.to("/sign-in")

    ui.label(f"{page.visitor.name} ({page.visitor.principal.role})").classes("sk-who")
    ui.button("Sign out", on_click=leave, color=None).classes("sk-button").props("flat dense no-caps")


def _still_holds(page: Page) -> bool:
    try:
        return page.context.doorkeeper.still_holds(page.visitor)
    except ReachError:
        # Nothing can be read or changed without the registry either.
        return True
