"""Names that are certain pair layers, and no others do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_converters.layer_errors.pairing import numbered_alike, once


@pytest.mark.parametrize(
    ("emitted", "reference", "pairs"),
    [
        (["a/add", "b/add"], ["a/add", "b/add"], {"a/add": "a/add", "b/add": "b/add"}),
        (["a/add2"], ["a/add1"], {"a/add2": "a/add1"}),
        (["out:0", "out:1"], ["out:0", "out:1"], {"out:0": "out:0", "out:1": "out:1"}),
        # A layer that is used twice: renumbered, nobody knows which is which, although one name is in both.
        (["head2", "head3"], ["head1", "head2"], {}),
        (["head1"], ["head1", "head2"], {}),
        (["same", "same"], ["same", "same"], {}),
        (["a"], ["b"], {}),
        ([], ["a"], {}),
    ],
)
def test_names_that_a_writer_numbered_anew_pair_where_they_are_certain(
    emitted: list[str], reference: list[str], pairs: dict[str, str]
) -> None:
    assert numbered_alike(emitted, reference) == pairs


@given(names=st.lists(st.text("ab12:", min_size=1, max_size=3), unique=True, max_size=12))
def test_the_same_names_pair_with_themselves(names: list[str]) -> None:
    assert numbered_alike(names, names) == {name: name for name in names}


def test_names_that_are_empty_or_double_tell_nothing() -> None:
    assert once(["a", "", "b", "b", ""]) == {"a"}
