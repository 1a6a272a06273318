"""The command `skerry doctor`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_edge.agent.config_option import config_option, installed_config

if TYPE_CHECKING:
    from skerry_edge.agent.doctor.findings import Finding


@click.command(
    epilog="""\
\b
Examples:
  sudo skerry doctor
  skerry doctor --config cam-1.toml
  skerry doctor --json | jq '.findings[] | select(.status == "failed")'

\b
What is looked at:
  Python, board and its packages, runtimes, accelerators and their USB speed,
  each pipeline's model (it computes once) and camera or microphone (it gives
  one picture or piece of sound), whether the service's user may use the devices
  and read the files that the configuration names (as it sees them: its unit
  hides homes), shared memory, disk, clock, broker (a real login) and its
  limits, the service. What does not apply is named on one line.

\b
Exit codes:
  0  nothing failed; there may be warnings
  1  something failed
  2  the configuration is wrong
  4  the configuration cannot be read
""",
)
@config_option("The agent's configuration.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(config_file: Path | None, *, as_json: bool) -> None:
    """Tell whether a device can do its work, and what to do where it cannot.

    Nothing is changed. Each check has a time limit: one that hangs is told as such, and the others go on. A running
    agent is not disturbed: the broker is asked under a name of its own, and a camera that it uses counts as working.
    """
    from skerry_edge.agent.config.checks import load_config  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.doctor.examination import checks_for  # noqa: PLC0415  # the same
    from skerry_edge.agent.doctor.findings import is_healthy  # noqa: PLC0415  # the same
    from skerry_edge.agent.doctor.running import run_checks  # noqa: PLC0415  # the same

    file = config_file if config_file is not None else installed_config()
    config = load_config(file) if file is not None else None
    findings: list[Finding] = []
    with _progress() as say:
        for found in run_checks(checks_for(config, file), before=lambda check: say(check.name)):
            findings.extend(found)
    if as_json:
        click.echo(json.dumps({"healthy": is_healthy(findings), "findings": [asdict(one) for one in findings]}))
    else:
        _show(findings)
    click.get_current_context().exit(0 if is_healthy(findings) else 1)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Give a function that names what is looked at, for a person who waits at a terminal."""
    from rich.console import Console  # noqa: PLC0415  # keeps --help fast

    console = Console(stderr=True)
    with console.status("looking") as status:
        yield lambda name: status.update(f"looking at: {name}")


def _show(findings: list[Finding]) -> None:
    import shutil  # noqa: PLC0415  # keeps --help fast

    from skerry_edge.agent.doctor.display import lines  # noqa: PLC0415  # keeps --help fast

    for line in lines(findings, shutil.get_terminal_size().columns):
        click.echo(line)
