"""A small repository with its keys, and a client that shares no code with what publishes: python-tuf's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from chaos.ota_repositories import SECRET, Rig, make_rig
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater

from skerry_server.releases.signing import Signatory

NOW = datetime.now(timezone.utc).replace(microsecond=0)


class Files(FetcherInterface):
    """Fetches from a folder as it is at the moment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self._folder / url.removeprefix("http://repository/")
        if not path.is_file():
            raise DownloadHTTPError("not found", 404)
        yield path.read_bytes()


class Client:
    """A device's metadata: `see` gives the paths of all targets that it would find now."""

    def __init__(self, root: Path, state: Path) -> None:
        self._root = root.read_bytes()
        self._state = state
        (state / "targets").mkdir(parents=True)

    def updater(self, repository: Path) -> Updater:
        updater = Updater(
            metadata_dir=str(self._state),
            metadata_base_url="http://repository/metadata/",
            target_dir=str(self._state / "targets"),
            target_base_url="http://repository/targets/",
            fetcher=Files(repository),
            bootstrap=self._root,
        )
        updater.refresh()
        return updater

    def see(self, repository: Path) -> set[str]:
        trusted = self.updater(repository)._trusted_set
        return set(trusted.targets.targets)

    def take(self, repository: Path, path: str) -> bytes:
        updater = self.updater(repository)
        target = updater.get_targetinfo(path)
        return Path(updater.download_target(target)).read_bytes()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def rig(tmp_path) -> Rig:
    """Two root and two targets keys, of which both must sign, one online key, nothing published."""
    return make_rig(tmp_path / "rig", now=NOW)


@pytest.fixture
def client(tmp_path, rig) -> Callable[[], Client]:
    """Return a function that makes a device with the first root and nothing else."""
    made = []

    def make() -> Client:
        made.append(Client(rig.root, tmp_path / f"device-{len(made)}"))
        return made[-1]

    return make


@pytest.fixture
def custody_of() -> Callable[[Rig], tuple[Signatory, Signatory]]:
    """Return a function that gives whoever has the offline keys alone, and whoever has the online key alone."""

    def split(rig: Rig) -> tuple[Signatory, Signatory]:
        return Signatory((rig.custody.offline,), lambda _: SECRET), Signatory((rig.custody.online,), lambda _: SECRET)

    return split
