"""Templates with holes, and files that tell whether somebody has edited them."""

from __future__ import annotations

import pytest

from skerry_edge.agent.install.templates import is_edited, marked, render


def test_holes_are_filled() -> None:
    text = render("skerry.rules", {"BOARD": "b", "RULES": 'SUBSYSTEM=="x"\nSUBSYSTEM=="y"'})
    assert text.endswith('\nSUBSYSTEM=="x"\nSUBSYSTEM=="y"\n')
    assert "board b:" in text


@pytest.mark.parametrize("values", [{}, {"BOARD": "b"}, {"BOARD": "b", "RULES": "", "EXTRA": ""}])
def test_a_hole_without_a_value_and_a_value_without_a_hole_are_faults(values: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        render("skerry.rules", values)


def test_a_line_that_comes_out_empty_is_left_out() -> None:
    assert "\n\n" not in render("skerry.rules", {"BOARD": "b", "RULES": ""})


@pytest.mark.parametrize("body", ["", "a = 1\n", "# Written by\n\n[x]\n", "ü\n"])
def test_what_was_written_is_not_edited(body: str) -> None:
    assert not is_edited(marked(body))
    assert marked(body).endswith(body)


@pytest.mark.parametrize("change", [lambda text: text + "\n", lambda text: text.replace("1", "2"), lambda _: "a = 1\n"])
def test_any_change_is_an_edit(change: object) -> None:
    assert is_edited(change(marked("a = 1\n")))  # type: ignore[operator]
