"""What the commands of `skerry ota` share: the folders, the keys at hand and their passphrase."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.secret_file import read_secret

if TYPE_CHECKING:
    from skerry_server.releases.keyring import Custody, KeyRing
    from skerry_server.releases.pins import Pins
    from skerry_server.releases.repository import Repository
    from skerry_server.releases.secret_names import AskSecret, SecretName
    from skerry_server.releases.signing import Signatory

Command = Callable[..., Any]
FOLDER = click.Path(path_type=Path, file_okay=False)
ONLINE = "online"
MAX_SKIP = 1_000_000
MIN_DAYS, MAX_DAYS = 0.01, 3660.0
PATIENCE_S = 10.0
"""The server's job holds the repository for moments, while it signs; another publisher for longer."""


KEYS = click.option(
    "--keys",
    type=FOLDER,
    envvar="SKERRY_OTA_KEYS",
    default=Path("ota/keys"),
    show_default=True,
    metavar="DIR",
    help="The folder of the root and targets keys.",
)
ONLINE_KEYS = click.option(
    "--online-keys",
    type=FOLDER,
    envvar="SKERRY_OTA_ONLINE_KEYS",
    metavar="DIR",
    help="The folder of the online key.  [default: KEYS/online]",
)


@dataclass(frozen=True, kw_only=True)
class Hands:
    """The key folders of a command line, and where the passphrase of their keys comes from."""

    keys: Path
    online_keys: Path
    passphrase_file: Path | None
    pin_file: Path | None

    def signatory(self) -> Signatory:
        """Return whoever signs with the keys at hand. Raises ConfigError where there are none."""
        from skerry_server.releases.signing import Signatory  # noqa: PLC0415  # keeps `--help` fast

        return Signatory(self._rings(), self.asking())

    def custody(self, secret: str | None) -> Custody:
        """Return the two rings for new keys, whether they are there yet or not."""
        from skerry_server.releases.keyring import RING, Custody, KeyRing  # noqa: PLC0415  # keeps `--help` fast

        folders = (self.keys, self.online_keys)
        offline, online = (KeyRing.load(one) if (one / RING).exists() else KeyRing(one) for one in folders)
        return Custody(offline=offline, online=online, secret=secret)

    def pins(self) -> Pins:
        """Return what the rings remember; the offline one decides where it is there."""
        from skerry_server.releases.keyring import RING  # noqa: PLC0415  # keeps `--help` fast
        from skerry_server.releases.pins import Pins  # noqa: PLC0415  # as above

        return Pins((self.keys if (self.keys / RING).exists() else self.online_keys,))

    def asking(self, new_passphrase: str | None = None) -> AskSecret:
        """Return what gives a passphrase or PIN: from file, environment or terminal, each once.

        Where keys have just been made, they and all others in files are opened with the ``new_passphrase``.
        """

        @functools.cache
        def ask(secret: SecretName) -> str:
            if secret.kind == "passphrase" and new_passphrase:
                return new_passphrase
            return self._given(secret) or _prompted(secret, confirm=False)

        return ask

    def new_passphrase(self) -> str:
        """Return the passphrase for keys that are to be made; on a terminal it is asked for twice."""
        from skerry_server.releases.secret_names import SecretName  # noqa: PLC0415  # keeps `--help` fast

        secret = SecretName(kind="passphrase", key="the new keys")
        return self._given(secret) or _prompted(secret, confirm=True)

    def _rings(self) -> list[KeyRing]:
        found = rings_in(self.keys, self.online_keys)
        if not found:
            where = f"{self.keys}, {self.online_keys}"
            raise ConfigError("there are no keys here", where=where, todo="name their folder: --keys DIR")
        return found

    def _given(self, secret: SecretName) -> str | None:
        file = self.pin_file if secret.kind == "PIN" else self.passphrase_file
        return read_secret(file) if file else secret.from_environment()


def rings_in(*folders: Path) -> list[KeyRing]:
    """Return the rings that are there: a server has no offline one, and others may have no online one."""
    from skerry_server.releases.keyring import RING, KeyRing  # noqa: PLC0415  # keeps `--help` fast

    return [KeyRing.load(folder) for folder in folders if (folder / RING).exists()]


def _prompted(secret: SecretName, *, confirm: bool) -> str:
    if not sys.stdin.isatty():
        todo = f"give it in a file (--{secret.kind.lower()}-file FILE) or in ${secret.variable}"
        raise ConfigError(f"there is no {secret.kind}, and no terminal to ask", where=secret.key, todo=todo)
    return str(click.prompt(f"The {secret}", hide_input=True, confirmation_prompt=confirm, err=True))


def repository_option(command: Command) -> Command:
    """Add `--repository DIR`."""
    return click.option(
        "--repository",
        "folder",
        type=FOLDER,
        envvar="SKERRY_OTA_REPOSITORY",
        default=Path("ota/repository"),
        show_default=True,
        metavar="DIR",
        help="The repository.",
    )(command)


def keys_options(command: Command) -> Command:
    """Add the folders of keys and the files with what opens them, which the command gets as its ``hands``."""

    @functools.wraps(command)
    def with_hands(*args: Any, keys: Path, online_keys: Path | None, **rest: Any) -> Any:  # noqa: ANN401  # click's
        files = {name: rest.pop(name) for name in ("passphrase_file", "pin_file")}
        hands = Hands(keys=keys, online_keys=online_keys or keys / ONLINE, **files)
        return command(*args, hands=hands, **rest)

    options = (
        KEYS,
        ONLINE_KEYS,
        click.option(
            "--passphrase-file",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="The passphrase of the keys; else $SKERRY_OTA_PASSPHRASE, else the terminal is asked.",
        ),
        click.option(
            "--pin-file",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="The PIN of a security module; else $SKERRY_OTA_PIN, else the terminal is asked.",
        ),
    )
    return functools.reduce(lambda made, option: option(made), reversed(options), with_hands)


def skip_option(command: Command) -> Command:
    """Add `--skip-versions N`, for a repository that has to overtake what devices have seen."""
    return click.option(
        "--skip-versions",
        type=click.IntRange(0, MAX_SKIP),
        default=0,
        metavar="N",
        help="Leave this many versions out.",
    )(command)


def json_option(command: Command) -> Command:
    """Add the option for an answer that programs read."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")(command)


def now_utc() -> datetime:
    """Return the time that signatures are dated with."""
    return datetime.now(timezone.utc)


def opened(folder: Path, hands: Hands | None = None) -> Repository:
    """Return the repository in ``folder``, believed as far as the keys at hand remember it. Raises ConfigError."""
    from skerry_server.releases.repository import Repository  # noqa: PLC0415  # keeps `--help` fast

    repository = Repository(folder, pins=hands.pins() if hands else None, patience_s=PATIENCE_S)
    repository.require()
    return repository
