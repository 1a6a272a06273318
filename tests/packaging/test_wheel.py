"""The built wheel holds everything that code reads, and works without the checkout."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

PACKAGES = {
    "skerry_edge": "edge",
    "skerry_converters": "converters",
    "skerry_boards": "firmware_configs",
    "skerry_server": "server",
}


def test_every_tracked_file_of_the_packages_is_in_the_wheel(wheel: Path, project_root: Path) -> None:
    listing = ["git", "ls-files", *(f"{folder}/{package}" for package, folder in PACKAGES.items())]
    tracked = subprocess.run(listing, cwd=project_root, check=True, capture_output=True, text=True).stdout.splitlines()
    expected = {name.split("/", 1)[1] for name in tracked if (project_root / name).is_file()}
    held = set(zipfile.ZipFile(wheel).namelist())
    assert len(expected) > 50
    assert expected - held == set()


def test_the_wheel_claims_no_top_level_name_but_the_four_packages(wheel: Path) -> None:
    tops = {name.split("/", 1)[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_code_is_imported_from_the_wheel_and_not_from_the_checkout(
    run_installed: Callable[..., subprocess.CompletedProcess[str]], installed: Path
) -> None:
    script = "import json, " + ", ".join(PACKAGES) + "; print(json.dumps([m.__file__ for m in (" + ", ".join(PACKAGES)
    done = run_installed("-c", script + ")]))")
    assert done.returncode == 0, done.stderr
    assert all(Path(one).is_relative_to(installed) for one in json.loads(done.stdout))


def test_boards_models_and_media_are_read_from_the_wheel(
    run_installed: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    boards = run_installed("-m", "skerry_edge", "boards", "list", "--json")
    assert boards.returncode == 0, boards.stderr
    assert "raspberry-pi-5" in boards.stdout
    model = run_installed(
        "-c",
        "from skerry_edge.contracts.bundle import Bundle; from skerry_edge.models.catalogue import resolve_model;"
        "print(Bundle.open(resolve_model('skerry-signs')).manifest.name)",
    )
    assert model.stdout.strip() == "skerry-signs", model.stderr
