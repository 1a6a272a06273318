"""The root command: knows its sub-commands by name and imports only the one that is called."""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points, requires

import click

from skerry_edge import __version__
from skerry_edge.foundation.errors import MissingError, ReachError, SkerryError
from skerry_edge.foundation.extras import extra_that_brings, install_hint
from skerry_edge.foundation.redaction import redact
from skerry_edge.foundation.stdout import abandon_stdout, reader_is_gone

GROUP = "skerry.commands"
SUMMARIES = {
    "agent": "Run the agent on a device.",
    "bench": "Measure how fast models run here, and what they take.",
    "boards": "Show what Skerry knows about boards.",
    "convert": "Convert a trained network into a checked bundle.",
    "demo": "Show the whole path on this machine: a picture and a voice in, events on a dashboard out.",
    "detect": "Find objects in images, folders, videos and cameras.",
    "doctor": "Tell whether a device can do its work, and what to do where it cannot.",
    "evaluate": "Measure how well a model does its task.",
    "fleet": "Look at a fleet and change it, as a client of its server.",
    "inspect": "Show what a bundle holds, and check it.",
    "listen": "Find wake words in recordings, a microphone or standard input.",
    "models": "List the models that go by a name, and bring those that Skerry does not ship.",
    "ota": "Sign releases of models and agents, and publish them as files that devices verify.",
    "recommend": "Tell which variant of a model to take.",
    "render": "Render road scenes with labelled signs.",
    "server": "Run the fleet server.",
    "simulate": "Simulate a fleet of devices from a seed, and say what a server must show of it.",
    "train": "Train a detector on the CPU.",
}
"""One line a command, kept here so that `skerry --help` imports none of them; a test holds them equal."""

EPILOG = """\
\b
Exit codes:
  0  done
  1  the job's own verdict is no (a gate failed, a demo saw nothing)
  2  wrong usage or configuration
  3  a missing dependency or device
  4  I/O or network, or an input that is damaged

\b
Shell completion (bash; zsh and fish likewise):
  eval "$(_SKERRY_COMPLETE=bash_source skerry)"
"""


class LazyCommands(click.Group):
    """A group whose commands are entry points, imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names of all commands that are installed."""
        return sorted(_entries())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        """Import and return one command; None where the name is unknown."""
        entry = _entries().get(cmd_name)
        if entry is None:
            return None
        command: click.Command = entry.load()
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and suggest the nearest name where there is none."""
        if args and not args[0].startswith("-") and args[0] not in _entries():
            from skerry_edge.foundation.nearest import suggestion  # noqa: PLC0415  # only for the suggestion

            hint = suggestion(args[0], _entries(), otherwise="see 'skerry --help'")
            ctx.fail(f"No such command '{args[0]}'; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from their one-line summaries, importing none."""
        rows = [(name, SUMMARIES.get(name, "From another package.")) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _entries() -> dict[str, EntryPoint]:
    try:
        own = distribution("skerry").entry_points.select(group=GROUP)
    except PackageNotFoundError:
        own = entry_points(group=GROUP)
    return {entry.name: entry for entry in own}


@click.group(cls=LazyCommands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="skerry")
def root() -> None:
    """Take trained networks to fleets of small devices and keep them healthy there.

    \b
    The model owner     models, convert, inspect, render, train, evaluate, bench,
                        recommend
    The installer       agent, boards, detect, doctor, listen
    The fleet operator  server, fleet, simulate, demo
    """  # noqa: D301  # \b is click's mark for text that keeps its line breaks


INTERRUPTED = 130
"""What shells give for a program that Ctrl-C ended: 128 + SIGINT."""


def main() -> None:
    """Run the command line: errors on stderr without a traceback, the documented exit codes."""
    if sys.stderr is None:
        # Started with `2>&-`: what would be said there goes nowhere, and is no reason to fail.
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  # for as long as the process lives
    try:
        code = root.main(prog_name="skerry", standalone_mode=False)
    except SkerryError as error:
        click.echo(redact(error.report()), err=True)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except OSError as error:
        code = _report_os_error(error)
    except (click.exceptions.Abort, KeyboardInterrupt):
        code = _report_interrupt()
    except ImportError as error:
        code = _report_interrupt() if _came_of_interrupt(error) else _report_missing_extra(error)
    except SystemExit as error:
        # The reader of our output went away (`skerry … | head`): click and rich each make an exit code 1 of that,
        # where closing quietly is what the reader expects.
        code = 0 if isinstance(error.__context__, BrokenPipeError) or reader_is_gone() else error.code
    sys.exit(code if isinstance(code, int) else 0)


def _report_os_error(error: OSError) -> int:
    """Say what no command foresaw, such as a full disk under standard output, and return the exit code."""
    # What waits in the buffer would fail once more when the interpreter ends.
    abandon_stdout()
    where = None if error.filename is None else str(error.filename)
    click.echo(redact(ReachError("reading or writing failed", where=where, found=error.strerror).report()), err=True)
    return ReachError.exit_code


def _report_interrupt() -> int:
    click.echo("interrupted", err=True)
    return INTERRUPTED


def _report_missing_extra(error: ImportError) -> int:
    """Say which extra brings a package that is not installed, and return the exit code; raise what is no such error."""
    module = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    extra = extra_that_brings(module, _requirements()) if module else None
    if extra is None:
        raise error
    missing = MissingError("a package that this needs is not installed", found=module, todo=install_hint(extra))
    click.echo(missing.report(), err=True)
    return missing.exit_code


def _requirements() -> list[str]:
    try:
        return requires("skerry") or []
    except PackageNotFoundError:
        return []  # run from its sources, which promise no extra


def _came_of_interrupt(error: BaseException) -> bool:
    """Tell whether Ctrl-C is behind ``error``: while a native library loads, it comes out as a failure to load."""
    cause = error.__cause__ or error.__context__
    return isinstance(cause, KeyboardInterrupt) or (cause is not None and _came_of_interrupt(cause))
