"""An agent's archive: wheels and their list, and nothing else."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.ota.transfer import unpacking
from skerry_edge.ota.transfer.unpacking import unpack

GOOD = (("requirements.txt", b"skerry==1"), ("wheels/skerry-1-py3-none-any.whl", b"wheel"))


@pytest.fixture
def archive(tmp_path: Path):
    def make(*members: tuple[str, bytes], **odd) -> Path:
        path = tmp_path / "agent.tar"
        with tarfile.open(path, "w") as tar:
            for name, data in members:
                member = tarfile.TarInfo(name)
                member.size = len(data)
                for key, value in odd.get(name, {}).items():
                    setattr(member, key, value)
                tar.addfile(member, io.BytesIO(data) if member.size else None)
        return path

    return make


def refused(path: Path, into: Path) -> str:
    with pytest.raises(ReleaseError) as caught:
        unpack(path, into)
    assert caught.value.reason == "archive"
    assert not into.exists()
    return str(caught.value)


def test_its_files_are_unpacked_with_no_rights_but_the_usual(archive, tmp_path: Path) -> None:
    path = archive(*GOOD, **{"requirements.txt": {"mode": 0o4777, "uid": 12345}})
    files = unpack(path, tmp_path / "new")
    assert {one.relative_to(tmp_path / "new").as_posix(): one.read_bytes() for one in files} == dict(GOOD)
    assert all(one.stat().st_mode & 0o7133 == 0 for one in files)


def test_what_was_there_before_is_gone(archive, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "stray.whl").write_bytes(b"x")
    unpack(archive(*GOOD), tmp_path / "new")
    assert not (tmp_path / "new" / "stray.whl").exists()


@pytest.mark.parametrize(
    "name",
    [
        "../x.whl",
        "/tmp/x.whl",
        "wheels/../x.whl",
        "wheels/../../x.whl",
        "wheels/.x.whl",
        "wheels/a/x.whl",
        "setup.py",
        "x",
    ],
)
def test_a_name_that_does_not_belong_is_refused_with_all_of_it(archive, tmp_path: Path, name: str) -> None:
    assert "name" in refused(archive(*GOOD, (name, b"evil")), tmp_path / "new")


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE, tarfile.DIRTYPE],
)
def test_only_regular_files_are_unpacked(archive, tmp_path: Path, kind: bytes) -> None:
    name = "wheels/evil.whl"
    refused(archive(*GOOD, (name, b""), **{name: {"type": kind, "linkname": "/etc/passwd"}}), tmp_path / "new")


def test_a_file_twice_is_refused(archive, tmp_path: Path) -> None:
    assert "twice" in refused(archive(*GOOD, GOOD[0]), tmp_path / "new")


def test_too_many_files_are_refused(archive, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_FILES", 1)
    assert "more than 1 files" in refused(archive(*GOOD), tmp_path / "new")


@pytest.mark.parametrize("cut", [1, 100, 511, 513, 1540])
def test_an_archive_cut_short_is_refused(archive, tmp_path: Path, cut: int) -> None:
    path = archive(*GOOD)
    path.write_bytes(path.read_bytes()[:cut])
    refused(path, tmp_path / "new")


def test_a_packed_archive_is_refused(archive, tmp_path: Path) -> None:
    path = archive(*GOOD)
    path.write_bytes(gzip.compress(path.read_bytes()))
    refused(path, tmp_path / "new")
