"""What click lacks: types of options, and options that exclude each other."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import click
from click.core import ParameterSource


def refuse_parameters(context: click.Context, job: str, names: Iterable[str]) -> None:
    """Raise UsageError where one of the parameters ``names``, which mean nothing to ``job``, is on the command line."""
    refused = set(names)
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in refused and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{parameter.get_error_hint(context)} does not go with {job}.", context)


class NumberRange(click.FloatRange):
    """A range that holds numbers only: "nan" is neither below nor above any bound, so click lets it pass."""

    def convert(
        self,
        value: Any,  # noqa: ANN401  # click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the number, or fail as click does."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"'{value}' is not a number.", param, ctx)
        return number
