"""The reference in docs/cli.md says what the commands themselves say."""

from __future__ import annotations

import importlib.util
import unicodedata

import pytest
from click.testing import CliRunner

from skerry_edge.cli import root


@pytest.fixture(scope="module")
def reference(project_root):
    """The script that writes the reference."""
    spec = importlib.util.spec_from_file_location("make_cli_docs", project_root / "scripts" / "make_cli_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_section_is_what_the_command_prints(reference):
    text = reference.render()
    paths = dict(reference.commands(root, ("skerry",)))
    assert len(paths) > 10
    for path in paths:
        asked = CliRunner().invoke(root, [*path[1:], "--help"], prog_name="skerry", terminal_width=reference.WIDTH)
        printed = "\n".join(line.rstrip() for line in asked.output.splitlines())
        assert f"## `{' '.join(path)}`\n\n```text\n{printed}\n```\n" in text


def test_no_help_holds_a_control_character(reference):
    # click's mark for text that keeps its line breaks is one, where it does not stand at the head of a paragraph.
    odd = {char for char in reference.render() if unicodedata.category(char) == "Cc"} - {"\n"}
    assert odd == set()
