"""`skerry demo`: the whole path on one machine, on the command line."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_edge.foundation.termination import ended_by_signals
from skerry_edge.options import NumberRange
from skerry_server.demo.drive import SEED, Drive
from skerry_server.demo.script import DEFAULT_MODEL, DEFAULT_VARIANT, Script

if TYPE_CHECKING:
    from rich.console import Console

    from skerry_server.demo.arrivals import Arrivals
    from skerry_server.demo.stage import Outcome, Stage
    from skerry_server.demo.story import Story

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
LINE_EVERY_S = 5.0
MAX_SEED = 2**31 - 1


@click.command(
    epilog="""\b
Examples:
  skerry demo
  skerry demo --headless --duration 20
  skerry demo --ota
  skerry demo --ota --headless --duration 600
  skerry demo --model mine.skerry --video street.mp4

\b
What runs, all on this machine, on free ports, in a temporary folder:
  a broker            the embedded one, or mosquitto
  a server            with SQLite, and its dashboard
  one real agent      finding signs in a video and a wake word in a recording, both played again and again
  a simulated fleet   twelve devices at three sites, of which now and then one is in trouble

The default model, skerry-signs, was trained on rendered road signs. The default video is a drive past signs that is
rendered at the start, from a series that training never saw; --seed takes another one. What was detected is held
against the truth about that drive. The voice of the default recording is synthetic.

With --ota two releases of the model are signed and rolled out, to be watched on the dashboard's page of rollouts:
version 2.0.0 goes to the canaries, the real agent among them, and to all; version 3.0.0 is poisoned: it passes every
test before the switch, crashes after some seconds of work, is undone by the devices and stopped at the canaries. (The
crash comes from a stand-in in front of the agent's runtime, which knows the poisoned file by a mark.) What was
detected is then not held against the drive, which a change of models interrupts.

\b
Exit codes:
  0    done; with --headless: and everything that is promised arrived in the store
  1    with --headless: something did not arrive, fewer than half of the signs were named rightly, or no fewer
       were made up
  2    wrong usage, or a model that is none
  3    a missing dependency
  4    a file that cannot be read, or a part that did not start
  130  interrupted before it had begun (SIGTERM 143, SIGHUP 129), or with --headless: before all had arrived
"""
)
@click.option("--headless", is_flag=True, help="Open no browser, and judge at the end what arrived.")
@click.option(
    "--duration",
    type=NumberRange(min=0, min_open=True, max=86_400),
    metavar="S",
    help="Stop after S seconds, counted from the agent's first heartbeat. [default: until Ctrl-C]",
)
@click.option(
    "--model", default=DEFAULT_MODEL, show_default=True, help="A shipped detector's name, or a bundle's path."
)
@click.option(
    "--seed", type=click.IntRange(0, MAX_SEED), default=SEED, show_default=True, help="Which drive is rendered."
)
@click.option("--video", type=_FILE, help="What the camera sees. [default: a rendered drive]")
@click.option("--ota", "has_rollouts", is_flag=True, help="Roll out a good and a poisoned release of the model.")
@click.option("--audio", type=_FILE, help='What the microphone hears; the word is "alexa". [default: synthetic]')
def demo(
    *,
    headless: bool,
    duration: float | None,
    model: str,
    seed: int,
    video: Path | None,
    has_rollouts: bool,
    audio: Path | None,
) -> None:
    """Show the whole path on this machine: a picture and a voice in, events on a dashboard out."""
    import asyncio  # noqa: PLC0415  # keeps `--help` fast

    from rich.console import Console  # noqa: PLC0415

    from skerry_edge.foundation.log import configure_logging  # noqa: PLC0415
    from skerry_server.demo.agent import SKERRY  # noqa: PLC0415
    from skerry_server.demo.media import bundled_audio, check_audio, check_video  # noqa: PLC0415
    from skerry_server.demo.stage import Stage  # noqa: PLC0415

    if headless and duration is None:
        raise click.UsageError("--headless needs --duration, or it would never end.")
    if has_rollouts and model != DEFAULT_MODEL:
        raise click.UsageError(f"--ota shows releases of {DEFAULT_MODEL}: leave --model out.")
    configure_logging("error")
    audio = audio or bundled_audio()
    check_audio(audio)
    if video is not None:
        check_video(video)
    with ExitStack() as stack:
        stack.enter_context(ended_by_signals())
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="skerry-demo-", ignore_cleanup_errors=True))
        folder, drive = Path(name), None
        if video is None:
            drive = Drive(folder, command=SKERRY, seed=seed)
            stack.callback(drive.stop)
            video = drive.video
        script = Script(
            model=model,
            variant=DEFAULT_VARIANT if model == DEFAULT_MODEL else None,
            video=video,
            drive=drive,
            # Another model may have other classes.
            is_judged=model == DEFAULT_MODEL and not has_rollouts,
            audio=audio,
            duration_s=duration,
            has_rollouts=has_rollouts,
            ends_with_story=has_rollouts and headless,
        )
        stage = Stage(folder, script)
        _announce(stage, opens_browser=not headless, ends=duration is not None)
        outcome = asyncio.run(stage.play(_Progress(Console(stderr=True), stage.story)))
    _close(outcome, is_judged=headless)


def _announce(stage: Stage, *, opens_browser: bool, ends: bool) -> None:
    import os  # noqa: PLC0415  # keeps `--help` fast
    import webbrowser  # noqa: PLC0415

    click.echo(f"dashboard  {stage.server.url}")
    click.echo(f"broker     {stage.broker.name}")
    click.echo(f"devices    {stage.devices[0]}, and {stage.devices[1]} to {stage.devices[-1]}, which are simulated")
    if not ends:
        click.echo("Ctrl-C stops it and shows what arrived")
    if opens_browser and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        webbrowser.open(stage.server.url)


class _Progress:
    """One line that moves at a terminal, and a new line now and then elsewhere."""

    def __init__(self, console: Console, story: Story | None) -> None:
        self._console = console
        self._story = story
        self._next_s = 0.0

    def __call__(self, arrivals: Arrivals, elapsed_s: float) -> None:
        kinds = [one.kind for one in arrivals.events]
        text = (
            f"{elapsed_s:5.0f} s   {_counted(arrivals.heartbeats.total(), 'heartbeat')} of "
            f"{_counted(len(arrivals.heartbeats), 'device')}   {_counted(kinds.count('detection'), 'detection')}   "
            f"{_counted(kinds.count('wakeword'), 'wake word')}"
        )
        if self._story is not None:
            text += f"   {self._story.text}"
        if self._console.is_terminal:
            self._console.print(text, end="\r", highlight=False, soft_wrap=True)
        elif elapsed_s >= self._next_s:
            self._next_s = elapsed_s + LINE_EVERY_S
            self._console.print(text, highlight=False, soft_wrap=True)


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _close(outcome: Outcome, *, is_judged: bool) -> None:
    from rich.console import Console  # noqa: PLC0415  # keeps `--help` fast

    from skerry_server.demo.arrivals import require_all  # noqa: PLC0415
    from skerry_server.demo.table import print_agreement, print_arrivals  # noqa: PLC0415

    click.echo(err=True)
    print_arrivals(outcome.arrivals, Console())
    if outcome.agreement is not None:
        print_agreement(outcome.agreement, Console())
    for line in outcome.told:
        click.echo(line)
    if is_judged and outcome.lacking and outcome.is_interrupted:
        # No verdict: what is lacking might have come yet.
        raise KeyboardInterrupt
    if is_judged:
        require_all(outcome.lacking, hint=outcome.last_words)
        click.echo("everything that the demo promises arrived in the store")
