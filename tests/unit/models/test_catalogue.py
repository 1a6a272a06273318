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


def test_a_network_that_is_no_bundle_yet_is_answered_with_what_makes_one(shipped: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        catalogue.resolve_model("yolov2-tiny-voc")
    todo = caught.value.todo or ""
    assert "skerry models pull yolov2-tiny-voc" in todo
    assert "skerry convert yolov2-tiny-voc --to onnx-fp32 --out yolov2-tiny-voc.skerry" in todo


def test_a_wake_word_is_answered_with_what_listens_for_it(shipped: Path) -> None:
    with pytest.raises(ConfigError, match="skerry listen alexa"):
        catalogue.resolve_model("alexa")


def test_a_bundle_that_is_named_as_a_network_is_the_bundle(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "yolov2-tiny-voc").mkdir()
    monkeypatch.chdir(tmp_path)
    assert catalogue.resolve_model("yolov2-tiny-voc") == Path("yolov2-tiny-voc")


def test_what_is_unknown_is_answered_with_where_the_names_are(shipped: Path) -> None:
    with pytest.raises(ConfigError, match="skerry models list"):
        catalogue.resolve_model("nothing-like-it")
