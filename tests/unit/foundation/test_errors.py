"""Errors: what each says, and the exit code of each family."""

from __future__ import annotations

import pytest

from skerry_edge.foundation.errors import (
    ConfigError,
    DataError,
    MissingError,
    ReachError,
    SkerryError,
    VerdictError,
)


@pytest.mark.parametrize(
    ("family", "code"),
    [(VerdictError, 1), (ConfigError, 2), (MissingError, 3), (DataError, 4), (ReachError, 4), (SkerryError, 1)],
)
def test_each_family_has_its_documented_exit_code(family: type[SkerryError], code: int) -> None:
    assert family("it failed").exit_code == code


def test_an_error_says_what_where_what_was_found_and_what_to_do() -> None:
    error = ConfigError("unknown key", where="a.toml, line 3", found="'prot'", todo="did you mean 'port'?")
    assert str(error) == "unknown key; in a.toml, line 3; found 'prot'; did you mean 'port'?"
    assert error.report() == (
        "error: unknown key\n  where: a.toml, line 3\n  found: 'prot'\n  to do: did you mean 'port'?"
    )


def test_parts_that_are_not_known_leave_no_gap() -> None:
    assert str(DataError("it is damaged")) == "it is damaged"
    assert DataError("it is damaged", found="b'x'").report() == "error: it is damaged\n  found: b'x'"


def test_no_family_is_another_s_so_that_each_can_be_caught_alone() -> None:
    families = (VerdictError, ConfigError, MissingError, DataError, ReachError)
    for one in families:
        assert not any(issubclass(one, other) for other in families if other is not one)
