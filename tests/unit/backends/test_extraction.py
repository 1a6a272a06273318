"""Copies of models that a runtime reads: gone afterwards, also those of a process that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from skerry_edge.backends.extraction import PREFIX, extracted
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import Variant
from skerry_edge.foundation.errors import ReachError

HOLD = """
import sys, time
from pathlib import Path
from skerry_edge.backends.extraction import extracted
from skerry_edge.contracts.bundle import Bundle
bundle = Bundle.open(Path(sys.argv[1]))
with extracted(bundle, next(iter(bundle.manifest.variants.values()))) as path:
    print(path, flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the copies lie."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture
def bundle(discs: Path) -> Bundle:
    return Bundle.open(discs)


@pytest.fixture
def variant(bundle: Bundle) -> Variant:
    return next(iter(bundle.manifest.variants.values()))


@pytest.fixture
def holder(discs: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds a copy."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(discs)], stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def test_the_copy_is_what_was_checked_and_gone_afterwards(bundle: Bundle, variant: Variant, place: Path) -> None:
    with extracted(bundle, variant) as path:
        assert path.read_bytes() == bundle.read(variant)
    assert list(place.iterdir()) == []


def test_the_copy_of_a_process_that_was_killed_is_removed_by_the_next_load_and_not_before(
    bundle: Bundle, variant: Variant, place: Path, holder: subprocess.Popen[str]
) -> None:
    assert holder.stdout is not None
    theirs = Path(holder.stdout.readline().strip())
    with extracted(bundle, variant):
        assert theirs.exists(), "it is in use"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(10)
    assert theirs.exists()
    with extracted(bundle, variant) as ours:
        assert list(place.iterdir()) == [ours.parent]


def test_what_only_looks_like_a_copy_is_left_alone(bundle: Bundle, variant: Variant, place: Path) -> None:
    (place / "precious").mkdir()
    (place / f"{PREFIX}link").symlink_to(place / "precious")
    (place / f"{PREFIX}file").write_text("mine")
    with extracted(bundle, variant):
        assert {one.name for one in place.iterdir()} >= {"precious", f"{PREFIX}link", f"{PREFIX}file"}


def test_where_there_is_no_room_that_is_said(
    bundle: Bundle, variant: Variant, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place / "none"))
    with pytest.raises(ReachError, match="cannot be copied"), extracted(bundle, variant):
        pass
