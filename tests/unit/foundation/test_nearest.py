"""Suggestions for names that are not known."""

from __future__ import annotations

import pytest

from skerry_edge.foundation.nearest import suggestion


@pytest.mark.parametrize(("name", "near"), [("prot", "port"), ("hots", "host"), ("por", "port")])
def test_the_most_alike_name_is_asked_about(name: str, near: str) -> None:
    assert suggestion(name, ["host", "port", "path"], otherwise="") == f"did you mean '{near}'?"


@pytest.mark.parametrize(("name", "known"), [("zzz", ["host", "port"]), ("", ["host"]), ("host", [])])
def test_where_no_name_is_alike_there_is_the_other_advice(name: str, known: list[str]) -> None:
    assert suggestion(name, known, otherwise="see the manual") == "see the manual"


def test_the_keys_of_a_table_are_names() -> None:
    assert suggestion("onyx", {"onnx": 1, "litert": 2}, otherwise="") == "did you mean 'onnx'?"
