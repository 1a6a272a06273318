"""Every family of errors of every package can be sent to another process and says there what it said here."""

from __future__ import annotations

import importlib.util
import pickle
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import skerry_boards
import skerry_converters
import skerry_edge
import skerry_server
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.foundation.source_error import SourceError, reason_of

st.register_type_strategy(Path, st.builds(Path, st.sampled_from(["a", "b/c"])))
TOPS = (skerry_boards, skerry_converters, skerry_edge, skerry_server)


def error_modules(top: ModuleType) -> Iterator[str]:
    """Give the modules below a package whose text defines an error, without importing the others."""
    for one in pkgutil.walk_packages(top.__path__, f"{top.__name__}.", onerror=lambda _: None):
        source = importlib.util.find_spec(one.name)
        if source is not None and source.origin and "Error(" in _text(source.origin):
            yield one.name


def _text(origin: str) -> str:
    with open(origin, encoding="utf-8") as file:  # noqa: PTH123  # a path as the import system writes it
        return file.read()


def families(kind: type[SkerryError] = SkerryError) -> Iterator[type[SkerryError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from families(one)


def all_families() -> list[type[SkerryError]]:
    for top in TOPS:
        for name in error_modules(top):
            importlib.import_module(name)
    ours = {one for one in families() if one.__module__.startswith("skerry_")}
    # Two families may share a name; every process that runs a share of the tests must list them alike.
    return sorted(ours, key=lambda one: (one.__module__, one.__qualname__))


@pytest.mark.parametrize("kind", all_families(), ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_an_error_of_any_family_is_the_same_behind_the_line(kind: type[SkerryError], data: st.DataObject) -> None:
    error = data.draw(st.builds(kind))
    error.where = data.draw(st.none() | st.text())
    error.todo = data.draw(st.none() | st.text())
    back = pickle.loads(pickle.dumps(error))  # what was made a line above
    assert type(back) is type(error)
    assert (str(back), back.args, vars(back)) == (str(error), error.args, vars(error))


def test_the_reason_of_a_camera_crosses_as_well() -> None:
    error = SourceError("busy", "somebody uses it", where="/dev/video0", todo="end the other program")
    back = pickle.loads(pickle.dumps(error))  # as above
    assert (reason_of(back), back.todo) == ("busy", "end the other program")
