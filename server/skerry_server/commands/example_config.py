"""`skerry server example-config`: a configuration to begin with."""

from __future__ import annotations

from importlib.resources import files

import click


@click.command(
    name="example-config",
    epilog="""\b
Examples:
  skerry server example-config
  skerry server example-config > /etc/skerry/server.toml
""",
)
def example_config() -> None:
    """Print a configuration with all tables, what may be set in each, and what holds otherwise."""
    click.echo(files("skerry_server.config").joinpath("example.toml").read_text("utf-8"), nl=False)
