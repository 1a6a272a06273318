"""`skerry boards`: what Skerry knows about boards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from skerry_boards.schema import Board

EPILOG = """\
\b
Examples:
  skerry boards list
  skerry boards show raspberry-pi-5
  skerry boards show esp32-s3 --json
  skerry boards detect
"""

_WIDE_COLUMNS = 120
"""From here on, a row of all that a list says fits on one line."""


@click.group(epilog=EPILOG)
def boards() -> None:
    """Show what Skerry knows about boards.

    A profile holds facts with the documents that they are from, and the defaults that follow from them.
    """


@boards.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array with an object for each board.")
def list_boards(*, as_json: bool) -> None:
    """List the boards that have a profile."""
    from skerry_boards.loader import board_names, load_board  # noqa: PLC0415  # keeps --help fast

    profiles = [load_board(name) for name in board_names()]
    if as_json:
        _print_json([{"name": one.name, "title": one.title, "kind": one.kind} for one in profiles])
        return
    from rich.console import Console  # noqa: PLC0415  # keeps --help fast

    if Console().width < _WIDE_COLUMNS:
        _print_rows(["board", ""], [[one.name, one.title] for one in profiles])
    else:
        _print_rows(["board", "", "processor", "memory"], [_summary(one) for one in profiles])
    click.echo("`skerry boards show NAME` says more of each")


def complete_board(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a board in a shell."""
    from skerry_boards.loader import board_names  # noqa: PLC0415  # keeps --help fast

    return [name for name in board_names() if name.startswith(incomplete)]


@boards.command(name="show")
@click.argument("name", shell_complete=complete_board)
@click.option("--json", "as_json", is_flag=True, help="Print the whole profile as one JSON object.")
def show_board(name: str, *, as_json: bool) -> None:
    """Show the profile NAME, such as raspberry-pi-5 or rpi5, with the documents that it is from.

    Exit code 2 where there is no such board; the error names the nearest one.
    """
    from skerry_boards.loader import load_board  # noqa: PLC0415  # keeps --help fast

    board = load_board(name)
    if as_json:
        _print_json(board)
        return
    from skerry_boards.display import rows  # noqa: PLC0415  # keeps --help fast

    _print_rows([board.name, board.title], rows(board))


@boards.command(
    epilog="""\
\b
Examples:
  skerry boards detect
  skerry boards detect --json
  skerry boards detect --root copied-from-a-device

\b
What --root needs, copied with cp or cat (not tar: the kernel tells no sizes):
  proc/cpuinfo
  sys/firmware/devicetree/base/model and compatible        (Arm boards)
  sys/class/dmi/id/sys_vendor and product_name             (PCs)
  sys/bus/usb/devices/*/idVendor, idProduct, product, speed
  sys/bus/pci/devices/*/vendor, device, class

\b
Exit codes:
  0  one profile is called for
  1  several fit equally well, or none does; the generic profile is named for want of better
  4  there is no proc/cpuinfo below --root
""",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path("/"),
    help="Read /proc and /sys below DIR, such as a copy from a device.",
    metavar="DIR",
)
def detect(*, as_json: bool, root: Path) -> None:
    """Tell which profile this machine calls for, why, and what else was seen.

    Looks at the device tree (Arm boards), the processor's maker and DMI (PCs), and accelerators on USB and PCI: a
    profile that counts on an accelerator is called for only while that is plugged in.
    """
    from skerry_boards.detection import detect as detect_board  # noqa: PLC0415  # keeps --help fast
    from skerry_boards.display import detection_facts, detection_rows  # noqa: PLC0415  # the same
    from skerry_boards.loader import all_boards  # noqa: PLC0415  # the same
    from skerry_boards.machine import read_machine  # noqa: PLC0415  # the same
    from skerry_edge.foundation.errors import ReachError  # noqa: PLC0415  # the same

    if not (root / "proc/cpuinfo").is_file():
        raise ReachError(
            "nothing below this folder tells of a machine",
            where=str(root),
            found="no proc/cpuinfo",
            todo="copy the files from the device that `skerry boards detect --help` lists",
        )
    found = detect_board(read_machine(root), all_boards())
    if as_json:
        _print_json(detection_facts(found))
    else:
        _print_rows(["", "this machine"], detection_rows(found))
    click.get_current_context().exit(0 if found.match else 1)


def _summary(board: Board) -> list[str]:
    from skerry_boards.display import memory, processor  # noqa: PLC0415  # keeps --help fast

    return [board.name, board.title, processor(board), memory(board)]


def _print_json(value: object) -> None:
    import msgspec  # noqa: PLC0415  # keeps --help fast

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def _print_rows(header: list[str], body: list[list[str]]) -> None:
    from rich.console import Console  # noqa: PLC0415  # keeps --help fast
    from rich.table import Table  # noqa: PLC0415  # the same
    from rich.text import Text  # noqa: PLC0415  # the same

    table = Table()
    for position, title in enumerate(header):
        # Names and addresses are there to be copied: fold, never shorten.
        table.add_column(title, no_wrap=position == 0, overflow="fold")
    for row in body:
        table.add_row(*map(Text, row))
    Console().print(table)
