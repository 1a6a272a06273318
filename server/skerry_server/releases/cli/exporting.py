"""`skerry ota export`: a stick for devices without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.options import NumberRange
from skerry_server.releases.cli.options import (
    FOLDER,
    MIN_DAYS,
    Hands,
    json_option,
    keys_options,
    now_utc,
    opened,
    repository_option,
)
from skerry_server.releases.cli.showing import show

if TYPE_CHECKING:
    from skerry_edge.contracts.release import Release
    from skerry_server.releases.stick import Exported

MAX_STICK_DAYS = 366.0


@click.command(
    epilog="""\b
Examples:
  skerry ota export --usb /media/stick --valid-for 90
  skerry ota export --usb /media/stick --valid-for 30 --boards raspberry-pi-5 --release model/doorbell

Writes metadata/ and targets/ to the stick, with a snapshot and a timestamp that devices accept for so many days. A
device checks and applies it by the same rules as from the network: skerry agent update --from DIR. Whoever holds the
stick can keep a device from later news for that long, and do nothing else with it.

The repository signs newer versions than the stick's at the same time, so it needs the online key.

\b
Exit codes:
  0  written
  2  wrong usage, the online key is not at hand, or root or targets expire before the stick would
  4  a file is damaged, or the stick cannot be written
"""
)
@click.option("--usb", "stick", type=FOLDER, required=True, metavar="DIR", help="The folder on the stick.")
@click.option(
    "--valid-for",
    "number",
    type=NumberRange(MIN_DAYS, MAX_STICK_DAYS),
    required=True,
    metavar="DAYS",
    help="For how long devices accept it.",
)
@click.option("--boards", multiple=True, metavar="ID[,ID…]", help="Only what these boards may take.")
@click.option("--release", "subjects", multiple=True, metavar="KIND/NAME", help="Only releases of this name.")
@repository_option
@keys_options
@json_option
def export(
    *,
    stick: Path,
    number: float,
    boards: tuple[str, ...],
    subjects: tuple[str, ...],
    folder: Path,
    hands: Hands,
    as_json: bool,
) -> None:
    """Put the repository on a USB stick."""
    from datetime import timedelta  # noqa: PLC0415  # keeps `--help` fast

    from skerry_server.registry.cli.progress import shown_progress  # noqa: PLC0415  # as above
    from skerry_server.releases.boards import board_ids  # noqa: PLC0415  # as above
    from skerry_server.releases.stick import StickPlan, chosen_bytes, export_stick  # noqa: PLC0415  # as above

    ids = set(board_ids(boards)) if boards else None

    def wanted(release: Release) -> bool:
        return (ids is None or not ids.isdisjoint(release.boards)) and (not subjects or release.subject in subjects)

    repository = opened(folder, hands)
    if stick.resolve().is_relative_to(folder.resolve()):
        raise ConfigError("the stick would lie within the repository", where=str(stick), todo="name another folder")
    who = hands.signatory()
    with shown_progress() as progress:
        total = chosen_bytes(repository, wanted)
        if total == 0 and (boards or subjects):
            todo = "skerry ota list shows what is published, and for which boards"
            raise ConfigError("no release is for these boards and names", todo=todo)
        done = 0

        def copied(length: int) -> None:
            nonlocal done
            done += length
            progress("copying", done, total)

        plan = StickPlan(valid_for=timedelta(days=number), wanted=wanted, copied=copied)
        exported = export_stick(repository, stick, plan, who, now_utc())
    show(exported, _lines(exported, stick), as_json=as_json)


def _lines(exported: Exported, stick: Path) -> Iterator[str]:
    for path in exported.targets:
        yield f"copied {path}"
    yield f"{stick}: {exported.total_bytes:,} bytes; devices accept it until {exported.expires:%Y-%m-%d %H:%M} UTC"
