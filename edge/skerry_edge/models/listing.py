"""All models that there are by name: what each is, what it takes, and whether it can be used here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from msgspec import Struct
from rich.table import Table
from rich.text import Text

from skerry_edge.audio.manifest import builtin_manifests, read_manifest
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import ImageInput
from skerry_edge.models.catalogue import shipped_models
from skerry_edge.models.entries import DarknetEntry, WakeWordEntries, known_models
from skerry_edge.models.pulled import ModelPlace, downloads
from skerry_edge.models.showing import input_text

State = Literal["shipped", "pulled", "to be pulled", "in the wheel", "extra missing"]
WAKE_WORD_INPUT = "audio 16000 Hz"


class Listed(Struct, frozen=True, kw_only=True):
    """One model. ``size_bytes`` is what it takes on the disk, or would take; None where only its wheel knows."""

    name: str
    task: str
    input: str
    size_bytes: int | None
    license: str
    state: State
    page: str | None


def list_models() -> tuple[Listed, ...]:
    """Return all models: shipped ones, Darknet networks, wake words. Raises BundleError for a damaged shipped one."""
    known = known_models()
    return (
        *(_bundle(name, path) for name, path in shipped_models().items()),
        *map(_darknet, known.network),
        *_wake_words(known.wakeword),
    )


def table_of(models: tuple[Listed, ...]) -> Table:
    """Return the models as a table for people."""
    table = Table()
    for title in ("name", "task", "input", "size", "licence", "state"):
        # Names are there to be copied; what is left of a narrow terminal is for the rest.
        whole = title in ("name", "task", "size", "state")
        table.add_column(title, justify="right" if title == "size" else "left", overflow="fold", no_wrap=whole)
    for one in models:
        size = "" if one.size_bytes is None else megabytes(one.size_bytes)
        table.add_row(*map(Text, (one.name, one.task, one.input, size, one.license, one.state)))
    return table


def megabytes(size: int) -> str:
    """Return a size in bytes for people."""
    return f"{size / 1e6:.2f} MB"


def _bundle(name: str, path: Path) -> Listed:
    manifest = Bundle.open(path).manifest
    return Listed(
        name=name,
        task=manifest.task,
        input=input_text(manifest.input),
        size_bytes=path.stat().st_size,
        license=manifest.license,
        state="shipped",
        page=None,
    )


def _darknet(entry: DarknetEntry) -> Listed:
    place = ModelPlace(name=entry.name)
    picture = ImageInput(width=entry.width, height=entry.height, colour="rgb", resize=entry.resize)
    return Listed(
        name=entry.name,
        task="detection",
        input=input_text(picture),
        size_bytes=sum(max(one.sizes) for one in downloads(place, entry).values()),
        license=entry.license,
        state="pulled" if place.is_pulled() else "to be pulled",
        page=entry.page,
    )


def _wake_words(entries: WakeWordEntries) -> Iterator[Listed]:
    found = builtin_manifests()
    for name in dict.fromkeys((*entries.names, *found)):
        path = found.get(name)
        yield Listed(
            name=name,
            task="wakeword",
            input=WAKE_WORD_INPUT,
            size_bytes=(path.parent / read_manifest(path).model).stat().st_size if path else None,
            license=entries.license,
            state="in the wheel" if path else "extra missing",
            page=entries.page,
        )
