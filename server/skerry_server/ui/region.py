"""A part of a page whose content comes as HTML; the browser changes in place what differs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

MAX_PICKED = 1000
# Buttons of the content carry what they do as data: whatever is replaced in it, one listener at its root hears all.
_LISTENER = """(event) => {
  if (event.target.closest('[data-tick]')) {
    const boxes = [...document.querySelectorAll('tr input[data-pick]')];
    const ticked = !boxes.every((one) => one.checked);
    boxes.forEach((one) => { one.checked = ticked; });
  }
  const button = event.target.closest('[data-act]');
  if (!button) return;
  const picked = [...document.querySelectorAll('input[data-pick]:checked')].map((one) => one.value);
  emit({act: button.dataset.act, of: button.dataset.of ?? '', picked});
}"""

Act = Callable[[str, str, list[str]], Awaitable[None]]
"""What is done on a click: its name, what it is about, and the rows that are picked on the page."""


class Region(ui.element, component="static/region.js"):
    """HTML made by `render`, which has escaped whatever others said; without ``act`` its buttons do nothing."""

    def __init__(self, content: str, *, act: Act | None = None) -> None:
        super().__init__()
        self._props["content"] = content
        if act is not None:
            self._act = act
            self.on("click", self._clicked, js_handler=_LISTENER)

    def show(self, content: str) -> None:
        """Bring the region up to ``content``; nothing is sent where nothing differs."""
        if self._props["content"] != content:
            self._props["content"] = content
            self.update()

    async def _clicked(self, event: GenericEventArguments) -> None:
        act, of, picked = read_click(event.args)
        await self._act(act, of, picked)


def read_click(said: Any) -> tuple[str, str, list[str]]:  # noqa: ANN401  # whatever a browser sends
    """Return what a browser says was clicked. Raises ValueError for what our own listener never sends."""
    match said:
        case {"act": str(act), "of": str(of), "picked": list(picked)} if all(isinstance(one, str) for one in picked):
            return act, of, picked[:MAX_PICKED]
    raise ValueError("not what the page's listener sends")
