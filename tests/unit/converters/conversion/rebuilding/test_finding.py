"""Files are found by what they hold, wherever they lie."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from skerry_converters.conversion.rebuilding.finding import find_files
from skerry_converters.conversion.rebuilding.inputs import Needed
from skerry_edge.foundation.errors import ReachError


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def needed(name: str, data: bytes) -> Needed:
    return Needed(name=name, role="weights", sha256=digest(data))


@pytest.fixture
def one() -> Needed:
    return needed("net.weights", b"weights")


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_a_file_is_found_in_a_folder_below_and_under_another_name(tmp_path: Path, one: Needed) -> None:
    write(tmp_path / "other", b"other")
    place = write(tmp_path / "a/b/renamed.bin", b"weights")
    found = find_files([one], tmp_path)
    assert found.paths == {one: place}
    assert found.missing == ()


def test_several_needed_files_of_one_content_are_all_found_in_one(tmp_path: Path) -> None:
    twins = [needed("a.png", b"same"), needed("b.png", b"same")]
    place = write(tmp_path / "c.png", b"same")
    assert find_files(twins, tmp_path).paths == dict.fromkeys(twins, place)


def test_a_single_file_may_be_searched(tmp_path: Path, one: Needed) -> None:
    place = write(tmp_path / "net.weights", b"weights")
    assert find_files([one], place).paths == {one: place}


def test_what_still_has_its_name_is_looked_at_first_and_nothing_else_then(tmp_path: Path, one: Needed) -> None:
    for name in "abc":
        write(tmp_path / name, b"other")
    write(tmp_path / "z/net.weights", b"weights")
    looked: list[tuple[int, int]] = []
    find_files([one], tmp_path, lambda done, total: looked.append((done, total)))
    assert looked == [(0, 4)]


def test_a_missing_file_is_told_with_its_namesake_where_there_is_one(tmp_path: Path, one: Needed) -> None:
    (nothing,) = find_files([one], tmp_path).missing
    assert (nothing.namesake, nothing.root) == (None, tmp_path)
    place = write(tmp_path / "net.weights", b"changed")
    (changed,) = find_files([one], tmp_path).missing
    assert (changed.namesake, changed.namesake_sha256) == (place, digest(b"changed"))


def test_hidden_folders_are_left_out(tmp_path: Path, one: Needed) -> None:
    write(tmp_path / ".cache/net.weights", b"weights")
    assert find_files([one], tmp_path).paths == {}


def test_what_cannot_be_read_is_passed_over(tmp_path: Path, one: Needed) -> None:
    os.mkfifo(tmp_path / "net.weights")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    place = write(tmp_path / "z", b"weights")
    assert find_files([one], tmp_path).paths == {one: place}


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path, one: Needed) -> None:
    with pytest.raises(ReachError) as caught:
        find_files([one], tmp_path / "nowhere")
    assert caught.value.where == str(tmp_path / "nowhere")
