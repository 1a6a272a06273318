"""Where updates over the air come from, as an installation is told: the root of trust, and the mirrors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skerry_edge.agent.install.sight import is_hidden
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.ota.transfer.mirrors import FolderMirror, parse_mirror


def require_both(root_file: Path | None, mirrors: Sequence[str], *, has_trust: bool) -> None:
    """Refuse a root of trust without mirrors, the other way round, and mirrors that the service cannot use.

    ``has_trust`` says that the device has its root already. Raises ConfigError.
    """
    if root_file is not None and not mirrors:
        todo = "give --ota-mirror as well: the address of the repository, such as https://fleet.example/ota"
        raise ConfigError("a root of trust is given, and no place to load releases from", where="--ota-root", todo=todo)
    if mirrors and root_file is None and not has_trust:
        todo = "give --ota-root as well: the repository's metadata/1.root.json, brought by you and not by the mirror"
        raise ConfigError("mirrors are given, and nothing to trust them by", where="--ota-mirror", todo=todo)
    for one in mirrors:
        mirror = _parsed(one)
        if isinstance(mirror, FolderMirror) and is_hidden(one):
            todo = "put it below /srv or /media: homes and /tmp are not in the service's sight"
            raise ConfigError("the service could not see a mirror", where="--ota-mirror", found=f"'{one}'", todo=todo)


def _parsed(text: str) -> object:
    try:
        return parse_mirror(text)
    except ConfigError as error:
        todo = error.todo or "write https://HOST/ota, or a folder as /srv/mirror"
        raise ConfigError(error.what, where="--ota-mirror", found=error.found, todo=todo) from error
