"""The command `skerry agent support-bundle`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_edge.agent.config_option import config_option, installed_config

if TYPE_CHECKING:
    from skerry_edge.agent.support_bundle.contents import Device

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    "support-bundle",
    epilog="""\
\b
Examples:
  sudo skerry agent support-bundle --out cam-1.tar.gz
  skerry agent support-bundle --config cam-1.toml --out cam-1.tar.gz --json

\b
What it holds:
  the configuration, unit and rules; versions; what `skerry doctor`, `skerry
  agent vitals` and `skerry boards detect` say; the newest lines of the agent's
  and the kernel's log; the outbox's figures; small text files of the state
  directory. CONTENTS.txt lists all of it.

\b
What it never holds:
  passwords, tokens, keys and logins in URLs: they are masked wherever they
  stand, and the files that they lie in are left out. No picture and no sound
  either, unless --with-media asks for them. Look through it before you send it.

\b
Exit codes:
  0  written
  4  the configuration cannot be read, or the bundle cannot be written
""",
)
@config_option("The agent's configuration.")
@click.option("--out", type=_FILE, required=True, metavar="FILE.tar.gz", help="The bundle to write.")
@click.option("--with-media", is_flag=True, help="Take pictures and recordings of the state directory along.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def support_bundle(config_file: Path | None, out: Path, *, with_media: bool, as_json: bool) -> None:
    """Collect what a bug report needs into one file, without secrets, and list it.

    A configuration that is broken goes in as it is, with what is wrong with it.
    """
    from skerry_edge.agent.support_bundle.contents import members  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.support_bundle.packing import pack  # noqa: PLC0415  # the same
    from skerry_edge.agent.support_bundle.scrubbing import Scrubber  # noqa: PLC0415  # the same
    from skerry_edge.agent.support_bundle.secrets_here import find_secrets  # noqa: PLC0415  # the same

    device = _device(config_file)
    folder = device.config_file.absolute().parent if device.config_file else Path.cwd()
    scrubber = Scrubber(find_secrets(device.configuration or "", folder, os.environ))
    held = pack(members(device, scrubber, with_media=with_media), out, folder=out.name.removesuffix(".tar.gz"))
    if as_json:
        listed = [{"name": one.name, "bytes": len(one.data), "origin": one.origin} for one in held]
        click.echo(json.dumps({"file": str(out), "members": listed}))
        return
    for one in held:
        click.echo(f"{len(one.data):>9}  {one.name}  ({one.origin})")
    click.echo(f"{out}: look through it before you send it")


def _device(path: Path | None) -> Device:
    from skerry_edge.agent.config.state_dir import SYSTEM_STATE_DIR, usual_state_dir  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.support_bundle.contents import Device  # noqa: PLC0415  # the same
    from skerry_edge.foundation.config import MAX_BYTES, toml_tree  # noqa: PLC0415  # the same
    from skerry_edge.foundation.errors import ConfigError, ReachError  # noqa: PLC0415  # the same
    from skerry_edge.foundation.small_file import read_small  # noqa: PLC0415  # the same

    file = path if path is not None else installed_config()
    if file is None:
        return Device(config_file=None, configuration=None, state_dir=SYSTEM_STATE_DIR)
    try:
        text = read_small(file, MAX_BYTES).decode("utf-8", errors="replace").removeprefix("\ufeff")
    except OSError as error:
        todo = "use sudo" if isinstance(error, PermissionError) else "check the path"
        raise ReachError("cannot read the configuration", where=str(file), found=error.strerror, todo=todo) from error
    usual = usual_state_dir(file)
    try:
        state_dir = toml_tree(text, name=str(file)).get("state_dir", usual)
    except ConfigError:
        state_dir = usual
    if not isinstance(state_dir, str | Path) or "\0" in str(state_dir):
        state_dir = usual
    return Device(config_file=file, configuration=text, state_dir=file.absolute().parent / state_dir)
