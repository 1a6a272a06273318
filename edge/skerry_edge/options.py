"""What click lacks: types of options, and options that exclude each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

Callback = TypeVar("Callback", bound=Callable[..., Any])
"""What click makes a command of."""


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


def stall_option(of: str) -> Callable[[Callback], Callback]:
    """Return the option `--stall S`, as ``stall_s``, of a command that runs each ``of`` in a process of its own."""
    return click.option(
        "--stall",
        "stall_s",
        type=NumberRange(0.0, 86400.0),
        default=120.0,
        show_default=True,
        metavar="S",
        help=f"Give up on a {of} that is silent for this many seconds; 0 waits for ever.",
    )
