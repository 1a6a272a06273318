"""The store of models: releases by their hash, links to what runs, and the way back to what was proved."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from skerry_edge.ota import model_store
from skerry_edge.ota.model_store import Kept, ModelStore, good_bundle, tried_bundle, updated_names


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path, "signs")


def take(store: ModelStore, version: str, folder: Path) -> str:
    data = f"bundle {version}".encode()
    sha256 = hashlib.sha256(data).hexdigest()
    (folder / "incoming").write_bytes(data)
    store.take_in(folder / "incoming", Kept(sha256=sha256, version=version, counter=1, variant="onnx-fp32"))
    return sha256


def test_a_release_is_there_whole_under_its_hash(store: ModelStore, tmp_path: Path) -> None:
    first = take(store, "1.0.0", tmp_path)
    assert store.bundle(first).read_bytes() == b"bundle 1.0.0"
    assert not (tmp_path / "incoming").exists()
    assert tried_bundle(tmp_path, "signs") is None
    store.switch_to(first)
    assert tried_bundle(tmp_path, "signs") == store.bundle(first)
    assert good_bundle(tmp_path, "signs") is None
    store.prove(first, None)
    assert good_bundle(tmp_path, "signs") == store.bundle(first)
    assert updated_names(tmp_path) == ["signs"]


def test_taking_in_again_replaces_what_was_damaged(store: ModelStore, tmp_path: Path) -> None:
    first = take(store, "1.0.0", tmp_path)
    store.bundle(first).write_bytes(b"torn")
    take(store, "1.0.0", tmp_path)
    assert store.bundle(first).read_bytes() == b"bundle 1.0.0"


def test_what_has_proved_itself_stays_and_the_one_before_is_the_way_back(store: ModelStore, tmp_path: Path) -> None:
    first, second, third = (take(store, version, tmp_path) for version in ("1.0.0", "2.0.0", "3.0.0"))
    store.switch_to(second)
    store.prove(second, first)
    store.tidy()
    assert store.linked("previous").version == "1.0.0"
    assert store.kept(third) is None, "nothing leads to it"


def test_the_folders_of_a_first_release_are_on_the_disk_before_it_is_moved_there(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(model_store, "sync_directory", synced.append)
    take(store, "1.0.0", tmp_path)
    assert {tmp_path, tmp_path / "models", store.folder} <= set(synced)


def test_without_a_journal_what_has_not_proved_itself_is_undone(store: ModelStore, tmp_path: Path) -> None:
    first, second = take(store, "1.0.0", tmp_path), take(store, "2.0.0", tmp_path)
    store.switch_to(first)
    store.prove(first, None)
    store.hold_before(first)
    store.switch_to(second)
    assert store.settle()
    assert store.linked("current").version == "1.0.0"
    assert not store.settle()


def test_without_a_journal_and_a_release_before_the_devices_own_file_counts(store: ModelStore, tmp_path: Path) -> None:
    store.hold_before(None)
    store.switch_to(take(store, "1.0.0", tmp_path))
    assert store.settle()
    assert store.linked("current") is None


def test_what_proved_itself_once_is_on_trial_again_after_a_way_back_to_the_own_file(
    store: ModelStore, tmp_path: Path
) -> None:
    once = take(store, "1.0.0", tmp_path)
    store.switch_to(once)
    store.prove(once, None)
    store.switch_to(None)
    store.prove(None, once)
    store.hold_before(None)
    store.switch_to(once)
    assert store.is_on_trial
    assert good_bundle(tmp_path, "signs") is None, "the device's own file, until it has proved itself again"
    assert store.settle()
    assert (store.linked("current"), store.linked("previous").version) == (None, "1.0.0")
    assert not store.is_on_trial


def test_without_a_journal_a_way_back_that_was_on_trial_is_undone_too(store: ModelStore, tmp_path: Path) -> None:
    first, second = take(store, "1.0.0", tmp_path), take(store, "2.0.0", tmp_path)
    store.prove(first, None)
    store.switch_to(second)
    store.prove(second, first)
    for target in (first, None):
        store.hold_before(second)
        store.switch_to(target)
        assert updated_names(tmp_path) == ["signs"], "also where no link leads to what runs"
        assert store.settle()
        assert store.linked("current").version == "2.0.0"
        assert store.linked("before") is None


def test_the_devices_own_file_is_the_way_back_of_the_first_release_and_the_release_that_of_the_file(
    store: ModelStore, tmp_path: Path
) -> None:
    first, second = take(store, "1.0.0", tmp_path), take(store, "2.0.0", tmp_path)
    store.switch_to(second)
    store.prove(second, first)
    store.switch_to(None)
    store.prove(None, second)
    assert (store.linked("current"), store.linked("previous").version) == (None, "2.0.0")
    store.switch_to(second)
    store.prove(second, None)
    assert (store.linked("current").version, store.linked("previous")) == ("2.0.0", None)


@pytest.mark.parametrize("target", ["../../etc", "x", "0" * 63, "0" * 64 + "/..", "0" * 64])
def test_a_link_that_leads_nowhere_of_ours_is_none(store: ModelStore, target: str) -> None:
    store.folder.mkdir(parents=True)
    (store.folder / "current").symlink_to(target)
    assert store.linked("current") is None


def test_strangers_in_the_folder_are_left_alone(store: ModelStore, tmp_path: Path) -> None:
    store.switch_to(take(store, "1.0.0", tmp_path))
    (store.folder / "notes.txt").write_text("mine")
    (store.folder / ".building-x").mkdir()
    store.tidy()
    assert sorted(one.name for one in store.folder.iterdir() if len(one.name) < 64) == ["current", "notes.txt"]
