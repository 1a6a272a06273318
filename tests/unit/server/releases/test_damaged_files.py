"""Files of the releases whose text is damaged are told as such, by where they lie."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.foundation.errors import DataError
from skerry_server.releases.backup import MANIFEST, Places, restore_backup
from skerry_server.releases.keyring import RING, KeyRing
from skerry_server.releases.pins import PINS, Pins

NO_UTF8 = b'{"v":1,"keys":[{"name":"\xff"}],"root":{"x":"\xff"},"targets":1,"files":{"\xff":"\xff"}}'


def _backup(folder: Path) -> None:
    with zipfile.ZipFile(folder / "backup.zip", "w") as archive:
        archive.writestr(MANIFEST, NO_UTF8)
    restore_backup(folder / "backup.zip", Places(keys=folder / "new"))


@pytest.mark.parametrize(
    "read", [KeyRing.load, lambda folder: Pins([folder]).targets(), _backup], ids=["ring", "pins", "backup"]
)
def test_a_file_with_a_damaged_letter_is_told(read: Callable[[Path], object], tmp_path: Path) -> None:
    for name in (RING, PINS):
        (tmp_path / name).write_bytes(NO_UTF8)
    with pytest.raises(DataError) as caught:
        read(tmp_path)
    assert str(tmp_path) in str(caught.value)
