"""`skerry agent install` and `skerry agent uninstall`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skerry_edge.agent.install.executor import Outcome
    from skerry_edge.agent.install.plan import Request

_FILE = click.Path(path_type=Path, dir_okay=False)
_ROOT = click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False, exists=True, resolve_path=True),
    default=Path("/"),
    metavar="DIR",
    help="Work in the file tree below DIR, such as a mounted image, instead of this system.",
)
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Change nothing; show every step and file.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print a JSON array with an object for each step.")


def _boards(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete a board's name in a shell, or the word for whichever this is."""
    from skerry_boards.cli import complete_board  # noqa: PLC0415  # keeps --help fast

    names = complete_board(context, parameter, incomplete)
    return ["auto", *names] if "auto".startswith(incomplete) else names


def _own_program() -> str:
    from skerry_edge.agent.install.program import own_program  # noqa: PLC0415  # keeps --help fast

    return own_program()


@click.command(
    epilog="""\
\b
Examples:
  sudo /opt/skerry/bin/skerry agent install --board auto --site garden \\
      --device cam-1 --broker mqtts://broker.example.net \\
      --password-file password.txt --ca-file ca.pem \\
      --ota-root 1.root.json --ota-mirror https://fleet.example.net/ota
  sudo /opt/skerry/bin/skerry agent install          (again, after an upgrade)
  skerry agent install --dry-run --board raspberry-pi-5 --site garden \\
      --device cam-1 --broker mqtt://10.0.0.2
  sudo skerry agent install --root /mnt/image --program /opt/skerry/bin/skerry \\
      --board raspberry-pi-5 --config cam-1.toml

\b
What is made:
  a system user 'skerry' without a login
  /etc/skerry/agent.toml       the configuration; an edited one is kept
  /etc/skerry/mqtt-password    with --password-file; for the service alone
  /etc/skerry/ca.pem           with --ca-file
  /etc/skerry/root.json        with --ota-root
  /usr/local/bin/skerry        a link to the program, if nothing is there
  /etc/udev/rules.d/60-skerry.rules           access to accelerators
  /etc/systemd/system/skerry-agent.service    hardened; started at boot
  /var/lib/skerry, /var/cache/skerry          state and models

\b
Exit codes:
  0  installed, or installed already
  2  not root, wrong usage, the board cannot be told, or the agent could not
     run with the configuration that is there
  3  the program for the service, or one of the system, is missing
  4  a file cannot be read or written, or a program of the system failed
""",
)
@click.option(
    "--board",
    default="auto",
    metavar="NAME|auto",
    shell_complete=_boards,
    help="One of `skerry boards list`.  [default: the configuration's, or as detected]",
)
@click.option("--site", metavar="ID", help="Where the device is: the second part of its topics.")
@click.option("--device", metavar="ID", help="The device's name: unique in the fleet, and what it logs in as.")
@click.option("--broker", metavar="URL", help="mqtt://HOST[:PORT], or mqtts:// for TLS.")
@click.option("--password-file", type=_FILE, metavar="FILE", help="Holds the broker's password; it is copied.")
@click.option("--ca-file", type=_FILE, metavar="FILE", help="Who signed the broker's certificate (PEM); it is copied.")
@click.option(
    "--ota-root", type=_FILE, metavar="FILE", help="Root of trust of updates (metadata/1.root.json); it is copied."
)
@click.option(
    "--ota-mirror",
    "ota_mirrors",
    multiple=True,
    metavar="URL|DIR",
    help="Where updates come from; in turn, if several.",
)
@click.option("--config", "config_file", type=_FILE, metavar="FILE", help="A configuration to install.")
@click.option("--program", default=_own_program, metavar="PATH", help="What the service runs.  [default: this skerry]")
@_ROOT
@_DRY_RUN
@_JSON
def install(root: Path, *, dry_run: bool, as_json: bool, **wishes: Any) -> None:  # noqa: ANN401  # `Wishes` has each type
    """Make a service of the agent: user, directories, configuration, udev rules and a hardened systemd unit.

    A second time it changes only what differs, needs no option, and says 'unchanged' of the rest; what a failed run
    left undone is done then. A configuration that was edited or brought along is never rewritten: options that it
    contradicts are refused. In an image nothing is started: the service comes up when the image boots.
    """
    from skerry_edge.agent.install.accounts import groups_of  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.install.executor import Executor  # noqa: PLC0415  # the same
    from skerry_edge.agent.install.plan import install_plan  # noqa: PLC0415  # the same
    from skerry_edge.agent.install.program import require_program  # noqa: PLC0415  # the same
    from skerry_edge.agent.install.request import request_from  # noqa: PLC0415  # the same
    from skerry_edge.agent.install.settling import Wishes  # noqa: PLC0415  # the same
    from skerry_edge.agent.install.steps import Command  # noqa: PLC0415  # the same

    _require_root(dry_run=dry_run)
    request = request_from(Wishes(**wishes), root=root, groups=groups_of(root), is_rehearsal=dry_run)
    if not dry_run:
        require_program(request.program, root)
    steps = install_plan(request)
    executor = Executor(root, is_live=_is_live(root), is_rehearsal=dry_run)
    outcomes = executor.install(one for one in steps if not isinstance(one, Command))
    # What runs next starts the service: first it must be one that can run.
    troubles = [] if dry_run else _checked(root)
    outcomes += executor.install(one for one in steps if isinstance(one, Command))
    _report(outcomes, is_rehearsal=dry_run, as_json=as_json)
    if not as_json:
        _say_next(request, root, troubles, is_rehearsal=dry_run)


@click.command(
    epilog="""\
\b
Examples:
  sudo skerry agent uninstall
  sudo skerry agent uninstall --purge
  skerry agent uninstall --dry-run

\b
Exit codes:
  0  removed, or there was nothing to remove
  2  not root
  4  a file cannot be removed, or a program of the system failed
""",
)
@click.option("--purge", is_flag=True, help="Remove state, models, secrets and an edited configuration as well.")
@_ROOT
@_DRY_RUN
@_JSON
def uninstall(root: Path, *, purge: bool, dry_run: bool, as_json: bool) -> None:
    """Stop the service and take away what `install` made.

    Without --purge an edited configuration, the password, the authority's certificate, the root of trust and the state
    directory stay with their user, so that a later installation goes on where this one ended. Files in /etc/skerry that
    somebody else put there always stay.
    """
    from skerry_edge.agent.install.executor import Executor  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.install.places import UNIT_FILE  # noqa: PLC0415  # the same
    from skerry_edge.agent.install.plan import program_of, removal_plan  # noqa: PLC0415  # the same

    _require_root(dry_run=dry_run)
    executor = Executor(root, is_live=_is_live(root), is_rehearsal=dry_run)
    unit = root / UNIT_FILE.lstrip("/")
    program = program_of(unit.read_text(encoding="utf-8", errors="replace")) if unit.is_file() else None
    _report(executor.remove(removal_plan(program), purge=purge), is_rehearsal=dry_run, as_json=as_json)


def _is_live(root: Path) -> bool:
    """Tell whether systemd runs the system below ``root`` (sd_booted(3))."""
    return root == Path("/") and Path("/run/systemd/system").is_dir()


def _require_root(*, dry_run: bool) -> None:
    from skerry_edge.foundation.errors import ConfigError  # noqa: PLC0415  # keeps --help fast

    if os.geteuid() != 0 and not dry_run:
        raise ConfigError("only root may change the system", todo="use sudo; --dry-run shows what would be done")


def _checked(root: Path) -> list[str]:
    """Refuse a configuration with which the agent would end at once, and return what else is wrong with it."""
    from skerry_edge.agent.install.usable import require_usable  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.preflight import find_troubles  # noqa: PLC0415  # imports the runtimes' seams

    config, troubles = require_usable(root)
    if root == Path("/"):  # what hangs on an image's machine cannot be seen from here
        troubles += [f"{one.pipeline}: {one.text}" for one in find_troubles(config)]
    return troubles


def _say_next(request: Request, root: Path, troubles: Sequence[str], *, is_rehearsal: bool) -> None:
    from skerry_edge.agent.install.advice import advice  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.install.board_choice import is_here  # noqa: PLC0415  # the same
    from skerry_edge.agent.install.packages import installed_packages  # noqa: PLC0415  # the same
    from skerry_edge.agent.install.places import CONFIG_FILE  # noqa: PLC0415  # the same

    if not is_rehearsal:
        click.echo(f"checked: the agent can run with {CONFIG_FILE}")
    for one in troubles:
        click.echo(f"  {one}")
    wanted = request.board.system.apt_packages if request.board.system else ()
    # A rehearsal for another board says nothing of what that has already.
    here = installed_packages(wanted, root) if is_here(request.board, root) or not is_rehearsal else None
    for line in advice(request.board, here=here, backends=request.backends):
        click.echo(f"next: {line}")


def _report(outcomes: Sequence[Outcome], *, is_rehearsal: bool, as_json: bool) -> None:
    import json  # noqa: PLC0415  # keeps --help fast

    from skerry_edge.agent.install.report import facts, lines  # noqa: PLC0415  # the same

    if as_json:
        click.echo(json.dumps(facts(outcomes, is_rehearsal=is_rehearsal)))
        return
    for line in lines(outcomes, is_rehearsal=is_rehearsal):
        click.echo(line)
