"""The cache's place, and the lock that keeps two processes apart."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from skerry_edge.foundation.cache import cache_folder, take_lock
from skerry_edge.foundation.errors import ConfigError


def test_the_cache_lies_where_xdg_cache_home_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "skerry"


def test_a_relative_cache_folder_is_ignored_as_the_xdg_rules_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "skerry"


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(ConfigError, match="XDG_CACHE_HOME"):
        cache_folder()


def test_the_second_to_take_a_lock_says_so_and_waits_for_the_first(tmp_path: Path) -> None:
    path = tmp_path / "made" / "some.lock"
    waits, second = threading.Event(), []
    first = take_lock(path)
    other = threading.Thread(target=lambda: second.append(take_lock(path, waits.set)))
    other.start()
    assert waits.wait(timeout=30)
    assert not second
    first.close()
    other.join(timeout=30)
    second.pop().close()


def test_a_lock_that_is_free_is_taken_without_a_word(tmp_path: Path) -> None:
    said: list[str] = []
    with take_lock(tmp_path / "some.lock", lambda: said.append("waiting")):
        assert not said


def test_where_no_file_can_be_there_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        take_lock(tmp_path / "file" / "some.lock")
