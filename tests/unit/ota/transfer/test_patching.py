"""Patches: the right file, or a refusal before anything is unpacked."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

import pytest
import zstandard

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.ota.choice import Target
from skerry_edge.ota.transfer import patching
from skerry_edge.ota.transfer.patching import apply_patch
from skerry_server.releases.patches import make_patch

NOISE = random.Random(3).randbytes(300_000)
OLD, NEW = NOISE, NOISE[:100_000] + b"changed" * 100 + NOISE[100_000:]


def target_of(data: bytes) -> Target:
    return Target(path="model/x", location="x", sha256=hashlib.sha256(data).hexdigest(), length=len(data))


@pytest.fixture
def apply(tmp_path: Path):
    def run(patch: bytes, *, old: bytes = OLD, target: Target | None = None) -> bytes:
        (tmp_path / "old").write_bytes(old)
        (tmp_path / "patch").write_bytes(patch)
        apply_patch(tmp_path / "old", tmp_path / "patch", target or target_of(NEW), tmp_path / "new")
        return (tmp_path / "new").read_bytes()

    yield run
    assert {one.name for one in tmp_path.iterdir()} <= {"old", "patch", "new"}


def refusal(apply, *arguments, **more) -> str:
    with pytest.raises(ReleaseError) as caught:
        apply(*arguments, **more)
    assert caught.value.reason == "patch"
    return str(caught.value)


def test_the_servers_patch_makes_the_new_file(apply) -> None:
    patch = make_patch(OLD, NEW)
    assert len(patch) < 2000
    assert apply(patch) == NEW


def test_a_bomb_is_refused_by_what_it_states(apply) -> None:
    assert "states 67108864" in refusal(apply, make_patch(OLD, bytes(64 << 20)))


def test_a_frame_that_states_nothing_or_lies_is_refused(apply) -> None:
    dictionary = zstandard.ZstdCompressionDict(OLD, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    silent = zstandard.ZstdCompressor(dict_data=dictionary, write_content_size=False).compress(NEW)
    refusal(apply, silent)
    refusal(apply, make_patch(OLD, NEW) + make_patch(OLD, NEW))
    refusal(apply, b"no frame")
    refusal(apply, b"")


def test_a_patch_cut_anywhere_is_refused(apply) -> None:
    patch = make_patch(OLD, NEW)
    for end in range(1, len(patch), max(1, len(patch) // 40)):
        refusal(apply, patch[:end])


def test_a_patch_for_another_old_file_or_to_another_new_one_is_refused(apply) -> None:
    refusal(apply, make_patch(OLD, NEW), old=OLD[::-1])
    assert "makes sha256" in refusal(apply, make_patch(OLD, NEW[::-1]))


def test_without_memory_to_spare_the_full_file_is_the_way(apply, monkeypatch, tmp_path: Path) -> None:
    little = tmp_path / "patch.meminfo"
    monkeypatch.setattr(patching, "_available_bytes", lambda: 1_000_000)
    assert "memory" in refusal(apply, make_patch(OLD, NEW))
    assert not little.exists()
