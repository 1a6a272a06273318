"""`skerry agent install` and `skerry agent uninstall`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skerry_edge.agent.install.executor import Outcome

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


def _own_program() -> str:
    """Return the `skerry` beside the Python that runs this, whose environment the service is to run in."""
    return str(Path(sys.executable).parent / "skerry")


@click.command(
    epilog="""\
\b
Examples:
  sudo /opt/skerry/bin/skerry agent install --board auto --site garden \\
      --device cam-1 --broker mqtts://broker.example.net \\
      --password-file password.txt
  skerry agent install --dry-run --board raspberry-pi-5 --site garden \\
      --device cam-1 --broker mqtt://10.0.0.2
  sudo skerry agent install --root /mnt/image --program /opt/skerry/bin/skerry \\
      --board raspberry-pi-5 --config cam-1.toml

\b
What is made:
  a system user 'skerry' without a login
  /etc/skerry/agent.toml       the configuration; an edited one is kept
  /etc/skerry/mqtt-password    with --password-file; for the service alone
  /etc/udev/rules.d/60-skerry.rules           access to accelerators
  /etc/systemd/system/skerry-agent.service    hardened; started at boot
  /var/lib/skerry, /var/cache/skerry          state and models

\b
Exit codes:
  0  installed, or installed already
  2  not root, wrong usage or configuration, or the board cannot be told
  3  a program of the system is missing
  4  a file cannot be read or written, or a program of the system failed
""",
)
@click.option(
    "--board",
    default="auto",
    metavar="NAME|auto",
    help="One of `skerry boards list`.  [default: the configuration's, or as detected]",
)
@click.option("--site", metavar="ID", help="Where the device is: the second part of its topics.")
@click.option("--device", metavar="ID", help="The device's name: unique in the fleet, and what it logs in as.")
@click.option("--broker", metavar="URL", help="mqtt://HOST[:PORT], or mqtts:// for TLS.")
@click.option("--password-file", type=_FILE, metavar="FILE", help="Holds the broker's password; it is copied.")
@click.option("--config", "config_file", type=_FILE, metavar="FILE", help="A configuration to install.")
@click.option("--program", default=_own_program, metavar="PATH", help="What the service runs.  [default: this skerry]")
@_ROOT
@_DRY_RUN
@_JSON
def install(root: Path, *, dry_run: bool, as_json: bool, **wishes: Any) -> None:  # noqa: ANN401  # `Wishes` has each type
    """Make a service of the agent: user, directories, configuration, udev rules and a hardened systemd unit.

    A second time it changes only what differs, and says 'unchanged' of the rest. In an image nothing is started: the
    service comes up when the image boots.
    """
    from skerry_edge.agent.install.accounts import groups_of  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.install.executor import Executor  # noqa: PLC0415  # the same
    from skerry_edge.agent.install.plan import install_plan  # noqa: PLC0415  # the same
    from skerry_edge.agent.install.request import Wishes, request_from  # noqa: PLC0415  # the same

    request = request_from(Wishes(**wishes), root=root, groups=groups_of(root))
    _require_root(dry_run=dry_run)
    executor = Executor(root, is_live=_is_live(root), is_rehearsal=dry_run)
    _report(executor.install(install_plan(request)), with_contents=dry_run, as_json=as_json)
    packages = request.board.system.apt_packages if request.board.system else ()
    if packages and not as_json:
        click.echo(f"next: apt install {' '.join(packages)}; then skerry doctor")


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
@click.option("--purge", is_flag=True, help="Remove state, pulled models and an edited configuration as well.")
@_ROOT
@_DRY_RUN
@_JSON
def uninstall(root: Path, *, purge: bool, dry_run: bool, as_json: bool) -> None:
    """Stop the service and take away what `install` made.

    Without --purge an edited configuration and the state directory with its user stay, so that a later installation
    goes on where this one ended. Files in /etc/skerry that somebody else put there always stay.
    """
    from skerry_edge.agent.install.executor import Executor  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.install.plan import removal_plan  # noqa: PLC0415  # the same

    _require_root(dry_run=dry_run)
    executor = Executor(root, is_live=_is_live(root), is_rehearsal=dry_run)
    _report(executor.remove(removal_plan(), purge=purge), with_contents=False, as_json=as_json)


def _is_live(root: Path) -> bool:
    """Tell whether systemd runs the system below ``root`` (sd_booted(3))."""
    return root == Path("/") and Path("/run/systemd/system").is_dir()


def _require_root(*, dry_run: bool) -> None:
    from skerry_edge.foundation.errors import ConfigError  # noqa: PLC0415  # keeps --help fast

    if os.geteuid() != 0 and not dry_run:
        raise ConfigError("only root may change the system", todo="use sudo; --dry-run shows what would be done")


def _report(outcomes: Sequence[Outcome], *, with_contents: bool, as_json: bool) -> None:
    import json  # noqa: PLC0415  # keeps --help fast

    from skerry_edge.agent.install.report import facts, lines  # noqa: PLC0415  # the same

    if as_json:
        click.echo(json.dumps(facts(outcomes)))
        return
    for line in lines(outcomes, with_contents=with_contents):
        click.echo(line)
