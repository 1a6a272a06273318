"""What an error says about an extra that is not installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from skerry_edge.foundation.extras import extra_that_brings, install_hint


def test_the_hint_serves_an_installed_package_and_a_checkout() -> None:
    assert install_hint("convert,mcu") == (
        "pip install 'skerry[convert,mcu]' (in a checkout: pip install '.[convert,mcu]')"
    )


def test_every_extra_that_an_error_names_exists_and_is_worded_in_one_place(project_root: Path) -> None:
    toml = (project_root / "pyproject.toml").read_text(encoding="utf-8")
    table = toml.partition("[project.optional-dependencies]\n")[2].partition("\n[")[0]
    extras = set(re.findall(r"^([a-z]+) = ", table, re.MULTILINE))
    sources = [
        path
        for folder in ("edge", "converters", "server", "firmware_configs")
        for path in (project_root / folder).rglob("*.py")
    ]
    texts = {path: path.read_text(encoding="utf-8") for path in sources}
    assert [path.name for path, text in texts.items() if "pip install 'skerry[" in text] == ["extras.py"]
    named = {one for text in texts.values() for one in re.findall(r"install_hint\(['\"]([a-z,]+)['\"]\)", text)}
    assert named
    assert {one for name in named for one in name.split(",")} <= extras


@pytest.mark.parametrize(
    ("module", "extra"),
    [("fastapi", "server"), ("influxdb_client", "server"), ("soxr", "demo"), ("click", None), ("nothing", None)],
)
def test_a_module_is_brought_by_the_smallest_extra_with_a_package_of_its_name(module: str, extra: str | None) -> None:
    requirements = [
        "click>=8",
        "fastapi>=0.115; extra == 'demo'",
        "influxdb-client>=1.48; extra == 'demo'",
        "soxr; extra == 'demo'",
        'fastapi>=0.115; extra == "server"',
        "influxdb-client>=1.48; (python_version >= '3.10') and extra == 'server'",
    ]
    assert extra_that_brings(module, requirements) == extra
