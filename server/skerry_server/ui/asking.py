"""Questions before something is changed: what will be done, what else is to be known for it, and a way back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from nicegui import ui

MAX_TEXT = 60_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """What is to be known: a line, a text of several, a secret, or one of ``choices`` (value to what it is called)."""

    name: str
    label: str
    kind: Literal["line", "text", "secret", "choice"] = "line"
    value: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""
    only_for: tuple[str, Collection[str]] | None = None
    """The name of another field and the values of it that this one is asked for with; None for always."""
    autocomplete: str = "off"
    """What a browser may fill in (HTML, autofill field names); for secrets alone."""


async def ask(
    title: str, text: str, *, confirm: str, fields: Sequence[Field] = (), is_grave: bool = False
) -> dict[str, str] | None:
    """Return what was entered by the fields' names when it is confirmed, None where it is not.

    ``confirm`` names the act on its button; a grave one is red.
    """
    with ui.dialog() as dialog, ui.element("form").classes("sk-dialog") as form:
        dialog.props(f'aria-label="{title}"')
        ui.label(title).classes("sk-dialog-title").props('role="heading" aria-level="2"')
        ui.label(text).classes("sk-dialog-text")
        inputs = {one.name: _input(one) for one in fields}
        for one in fields:
            if one.only_for is not None:
                other, values = one.only_for
                inputs[one.name].bind_visibility_from(inputs[other], "value", backward=values.__contains__)
        with ui.element("div").classes("sk-dialog-buttons"):
            ui.button("Cancel", on_click=lambda: dialog.submit(None), color=None).classes("sk-button").props(
                "flat no-caps type=button"
            )
            ui.button(confirm, color=None).classes("sk-button is-grave" if is_grave else "sk-button is-main").props(
                "unelevated no-caps type=submit"
            )
        form.on("submit", lambda: dialog.submit(confirm), js_handler="(event) => { event.preventDefault(); emit(); }")
    confirmed = await dialog
    given = {name: str(one.value or "")[:MAX_TEXT] for name, one in inputs.items()}
    dialog.delete()
    return given if confirmed else None


async def show_once(title: str, text: str, secret: str) -> None:
    """Show a secret until it is closed; nothing keeps it."""
    with ui.dialog().props(f'persistent aria-label="{title}"') as dialog, ui.element("div").classes("sk-dialog"):
        ui.label(title).classes("sk-dialog-title").props('role="heading" aria-level="2"')
        ui.label(text).classes("sk-dialog-text")
        ui.label(secret).classes("sk-code sk-secret").props("tabindex=0")
        with ui.element("div").classes("sk-dialog-buttons"):
            ui.button("Close", on_click=lambda: dialog.submit(None), color=None).classes("sk-button is-main").props(
                "unelevated no-caps"
            )
    await dialog
    dialog.delete()


def _input(one: Field) -> Any:  # noqa: ANN401  # NiceGUI's inputs share a base that promises no value
    if one.kind == "choice":
        made: Any = ui.select(dict(one.choices), label=one.label, value=one.value or next(iter(one.choices), None))
    elif one.kind == "text":
        made = ui.textarea(one.label, value=one.value).props("outlined autogrow input-class=sk-code spellcheck=false")
    elif one.kind == "secret":
        made = ui.input(one.label, password=True, password_toggle_button=True)
        made.props(f"autocomplete={one.autocomplete}")
    else:
        made = ui.input(one.label, value=one.value)
    made.props("outlined dense" + (f' hint="{one.hint}"' if one.hint else ""))
    return made.classes("sk-dialog-field")
