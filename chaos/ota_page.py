"""docs/ota-tables.md from what `python -m chaos ota --json` printed: `python -m chaos.ota_page REPORT.json… > PAGE`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

HEAD = """# Updates over the air: what was tried

Made by `make chaos SUITE=ota ARGS=--json` and `python -m chaos.ota_page`; not edited by hand. A short run of some cells
of each table is a part of `make test`. A cell is lost where the device took something that it must refuse, refused
with another reason than it should, touched what runs, ended neither on the old nor on the new version, whole, said that
it runs what it does not run, or could not go on when all was well again.
"""

INTRODUCTIONS = {
    "attack": """Each attack meets a device that runs version 1.0.0, with its caches kept and emptied, and with a clock
that is right, not set, in 1971 and in 2100. The word is the reason that the device gives.""",
    "transfer": """Each server misbehaves with one of the files that an update loads, over real HTTP; `taken` means that
the right file was there in the end. With the server right again, it was there in every cell.""",
    "publisher": """The publisher is cut off before and within each file that a command writes. After each cut
a device finds the old or the new state whole; the same command given again ends it, and `skerry ota verify` finds
nothing.""",
    "machine": """The update machine itself, from an order to its report: good releases, bad ones, ways back, a patch
over HTTP, and what follows where the journal was lost on trial, each struck at every change of the disk, and
booted from every image of it that a power cut may leave.""",
    "state": """The same, struck once in each state that an update goes through.""",
    "slots": """The agent's own updates, in two slots behind the launcher, struck as the machine is.""",
    "process": """Real processes: the update worker of a running agent stops where its journal has just said that a
state is begun, and is killed there with SIGKILL, alone or with what it has started; or the agent is, with which its
worker must end. Each update goes on to the new version.""",
    "rollout": """A whole rollout over a registry of its own, of a good release or of a bad one: the server killed
around its writes or long away, answers that come twice, late or out of order. The good release reaches every device
by one order each; of the bad one, nobody but the canaries hears.""",
}
"""What stands above each table."""


def page(reports: Iterable[dict[str, Any]]) -> str:
    """Return the page with the rows of all ``reports``, tables in the order above."""
    tables: dict[str, dict[str, dict[str, int]]] = {}
    lost: list[str] = []
    for report in reports:
        lost += report["lost"]
        for row in report["rows"]:
            tables.setdefault(row["table"], {})[row["row"]] = row["endings"]
    order = [*INTRODUCTIONS, *(name for name in tables if name not in INTRODUCTIONS)]
    parts = [_table(name, tables[name]) for name in order if name in tables]
    total = sum(count for rows in tables.values() for endings in rows.values() for count in endings.values())
    verdict = f"Cells tried: {total:,}. Lost: {len(lost)}."
    return "\n".join([HEAD, verdict, *(f"- lost: {one}" for one in lost), "", "\n\n".join(parts), ""])


def _table(name: str, rows: dict[str, dict[str, int]]) -> str:
    total = sum(count for endings in rows.values() for count in endings.values())
    title = [f"## {name.capitalize()}", "", INTRODUCTIONS.get(name, ""), "", f"{total:,} cells:", ""]
    lines = ["| row | cells | ended with |", "|---|---|---|"]
    for row, endings in rows.items():
        told = ", ".join(f"{ending} ({count})" for ending, count in sorted(endings.items()))
        lines.append(f"| {row} | {sum(endings.values())} | {told} |")
    return "\n".join([*title, *lines])


def main(files: Sequence[str]) -> None:
    """Print the page of the reports in these files."""
    if not files:
        raise SystemExit("usage: python -m chaos.ota_page REPORT.json…")
    print(page(json.loads(Path(file).read_bytes()) for file in files), end="")


if __name__ == "__main__":
    main(sys.argv[1:])
