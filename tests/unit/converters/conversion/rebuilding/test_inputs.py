"""Which files a bundle records as what it was made from, and what is said of those that are not there."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from skerry_converters.calibration.manifest import CalibrationRecord, RecordedItem
from skerry_converters.conversion.rebuilding.inputs import (
    CALIBRATION,
    InputsNotFoundError,
    Needed,
    NotFound,
    calibration_files,
    source_files,
)
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import Source
from skerry_edge.foundation.errors import ConfigError

DIGEST = hashlib.sha256(b"").hexdigest()
WEIGHTS = Needed(name="net.weights", role="weights", sha256=DIGEST)
PICTURE = Needed(name="day/a.png", role=CALIBRATION, sha256=DIGEST)


def record(*names: str) -> CalibrationRecord:
    items = tuple(RecordedItem(name=name, sha256=DIGEST, index=place) for place, name in enumerate(names))
    return CalibrationRecord(
        schema=1, kind="video", found=9, limit=9, seed=0, part="all", count=2, samples=2, preprocessing={}, items=items
    )


def test_each_source_file_has_its_role_and_hash() -> None:
    source = Source(kind="darknet", files={"net.weights": DIGEST}, roles={"net.weights": "weights"})
    assert source_files(source, where="m.skerry") == (WEIGHTS,)


@pytest.mark.parametrize(
    ("files", "roles"), [({"a": DIGEST}, {}), ({"a": DIGEST, "b": DIGEST}, {"a": "cfg"}), ({}, {}), ({}, {"a": "cfg"})]
)
def test_a_bundle_that_does_not_say_what_each_file_is_cannot_be_made_again(
    files: dict[str, str], roles: dict[str, str]
) -> None:
    with pytest.raises(ConfigError, match="does not record enough") as caught:
        source_files(Source(kind="darknet", files=files, roles=roles), where="m.skerry")
    assert caught.value.where == "m.skerry"


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a/../../b", "", ".", "a\0b"])
def test_a_name_that_leads_out_of_its_folder_is_refused(name: str) -> None:
    with pytest.raises(BundleError, match="leads out of its folder"):
        source_files(Source(kind="onnx", files={name: DIGEST}, roles={name: "network"}), where="m.skerry")
    with pytest.raises(BundleError, match="leads out of its folder"):
        calibration_files(record(name), where="m.skerry")


def test_a_file_of_many_samples_is_needed_once() -> None:
    assert [one.name for one in calibration_files(record("a.avi", "a.avi"), where="m.skerry")] == ["a.avi"]


def test_a_missing_and_a_changed_file_are_told_with_role_hashes_and_the_option() -> None:
    missing = NotFound(needed=WEIGHTS, root=Path("/here"))
    changed = NotFound(needed=PICTURE, root=Path("/data"), namesake=Path("/data/a.png"), namesake_sha256="f" * 64)
    error = InputsNotFoundError([missing, changed], needed=5)
    assert error.exit_code == 4
    assert error.what == "2 of the 5 files that the bundle was made from cannot be found"
    assert f"weights 'net.weights': no file with sha256 {DIGEST} below /here" in error.found
    told = f"calibration data 'day/a.png' was changed: sha256 {DIGEST} expected, /data/a.png has {'f' * 64}"
    assert told in error.found
    assert error.todo.endswith("with --from and --calibration")
    assert InputsNotFoundError([changed], needed=5).todo.endswith("with --calibration")


def test_of_many_missing_files_some_are_shown_and_all_are_counted() -> None:
    error = InputsNotFoundError([NotFound(needed=PICTURE, root=Path("/data"))] * 300, needed=303)
    assert error.what.startswith("300 of the 303 files")
    assert error.found.endswith("; and 295 more")
