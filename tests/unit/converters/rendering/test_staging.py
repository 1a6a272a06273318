"""A folder is filled at once or stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_converters.rendering.staging import ASIDE, filled_at_once
from skerry_edge.foundation.errors import ConfigError, ReachError


def fill(aside: Path) -> None:
    (aside / "images").mkdir()
    (aside / "images" / "a.jpg").write_bytes(b"a")
    (aside / "labels.txt").write_bytes(b"stop\n")


def fail_after_filling(aside: Path, error: BaseException) -> None:
    fill(aside)
    raise error


@pytest.mark.parametrize("made_before", [True, False])
def test_nothing_is_there_before_all_of_it_is(tmp_path: Path, made_before: bool) -> None:
    folder = tmp_path / "x" / "y"
    if made_before:
        folder.mkdir(parents=True)
    with filled_at_once(folder) as aside:
        fill(aside)
        assert [path.name for path in folder.iterdir()] == [ASIDE]
    assert sorted(path.name for path in folder.rglob("*")) == ["a.jpg", "images", "labels.txt"]


@pytest.mark.parametrize("made_before", [True, False])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ConfigError("no")])
def test_after_an_error_the_folder_is_as_it_was(tmp_path: Path, made_before: bool, error: BaseException) -> None:
    folder = tmp_path / "y"
    if made_before:
        folder.mkdir()
    expected = ReachError if isinstance(error, OSError) else type(error)
    with pytest.raises(expected), filled_at_once(folder) as aside:
        fail_after_filling(aside, error)
    assert folder.exists() == made_before
    assert not made_before or not list(folder.iterdir())


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(ConfigError, match=r"not empty.*mine\.txt.*new folder"), filled_at_once(tmp_path):
        pytest.fail("never begun")
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_what_a_killed_run_left_is_told(tmp_path: Path) -> None:
    (tmp_path / ASIDE).mkdir()
    with pytest.raises(ConfigError, match=r"was killed there.*remove"), filled_at_once(tmp_path):
        pytest.fail("never begun")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReachError, match=r"cannot write.*file.*check space"), filled_at_once(tmp_path / "file" / "x"):
        pytest.fail("never begun")
