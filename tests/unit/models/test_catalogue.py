"""The catalogue turns a name or a path into a bundle's path."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.models import catalogue


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data = tmp_path / "data"
    data.mkdir()
    (data / "skerry-signs.skerry").write_bytes(b"x")
    monkeypatch.setattr(catalogue, "DATA", data)
    return data


def test_a_shipped_name_gives_the_shipped_file(shipped: Path) -> None:
    assert catalogue.resolve_model("skerry-signs") == shipped / "skerry-signs.skerry"


def test_a_path_gives_itself(shipped: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "mine.skerry"
    bundle.write_bytes(b"x")
    assert catalogue.resolve_model(str(bundle)) == bundle


def test_a_shipped_name_wins_over_a_file_in_the_working_directory(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "skerry-signs").mkdir()
    monkeypatch.chdir(tmp_path)
    assert catalogue.resolve_model("skerry-signs") == shipped / "skerry-signs.skerry"
    assert catalogue.resolve_model(f".{os.sep}skerry-signs") == Path("skerry-signs")


def test_a_misspelt_name_is_answered_with_the_nearest(shipped: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        catalogue.resolve_model("skerry-sings")
    assert "'skerry-sings'" in str(caught.value)
    assert "did you mean 'skerry-signs'?" in str(caught.value)


@pytest.mark.parametrize("text", ["", "nowhere/at/all.skerry", "x" * 300])
def test_what_is_neither_name_nor_path_is_refused_with_the_names(shipped: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="skerry-signs"):
        catalogue.resolve_model(text)


def test_the_catalogue_imports_no_numpy() -> None:
    code = "import sys, skerry_edge.models.catalogue; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
