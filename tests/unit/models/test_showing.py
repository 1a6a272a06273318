"""What `skerry inspect` shows of where a bundle comes from."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import Source
from skerry_edge.models.inspection import Inspection, inspect_bundle
from skerry_edge.models.showing import as_plain, tables


@pytest.fixture
def inspection(discs: Path) -> Inspection:
    return inspect_bundle(discs)


def shown(inspection: Inspection) -> str:
    console = Console(file=io.StringIO(), width=400)
    for table in tables(inspection):
        console.print(table)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def changed(inspection: Inspection, **fields: object) -> Inspection:
    return replace(inspection, manifest=msgspec.structs.replace(inspection.manifest, **fields))


def test_each_source_file_is_shown_with_its_role_and_hash(inspection: Inspection) -> None:
    text = shown(inspection)
    for name, role in {"discs.cfg": "cfg", "discs.weights": "weights", "discs.names": "labels"}.items():
        assert f"{role} {name} ({inspection.manifest.source.files[name][:12]})" in text


def test_a_bundle_from_before_there_were_roles_is_shown_without_them(inspection: Inspection) -> None:
    source = msgspec.structs.replace(inspection.manifest.source, roles={})
    assert "darknet: discs.cfg (" in shown(changed(inspection, source=source))


def test_shapes_that_were_given_and_tools_of_several_files_are_shown(inspection: Inspection) -> None:
    source = Source(kind="onnx", files={}, input_shapes={"images": (1, 3, 24, 32), "": (1, 4)})
    text = shown(changed(inspection, source=source))
    assert "input shape images 1x3x24x32, input shape 1x4" in text
    assert f"numpy {inspection.manifest.tools['numpy']}" in text


def test_a_recipe_is_shown_without_what_was_not_done(inspection: Inspection) -> None:
    variants = dict(inspection.manifest.variants)
    recipe = {"equalised": "weights", "bias_corrected": True, "preset": "", "kept_float": ("a", "b")}
    variants["tflite-fp32"] = msgspec.structs.replace(variants["tflite-fp32"], recipe=recipe)
    inspection = changed(inspection, variants=variants)
    assert "equalised: weights; bias corrected; kept float: a, b" in shown(inspection)
    assert "onnx-fp32 by" not in shown(inspection)
    assert as_plain(inspection)["manifest"]["variants"]["tflite-fp32"]["recipe"] == recipe


@pytest.mark.parametrize("name", ["extra.onnx", "../../evil"])
def test_a_file_that_no_manifest_names_is_told_and_refused(discs: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.skerry"
    path.write_bytes(discs.read_bytes())
    inspect_bundle(path).require_success()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"who put this here?")
    inspection = inspect_bundle(path)
    assert as_plain(inspection)["strays"] == [name]
    with pytest.raises(BundleError, match="does not name"):
        inspection.require_success()


def test_a_file_that_no_manifest_names_is_told_in_a_folder_as_well(discs: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(discs) as archive:
        archive.extractall(tmp_path)
    (tmp_path / "golden" / "note.txt").write_text("mine")
    assert inspect_bundle(tmp_path).strays == ("golden/note.txt",)
