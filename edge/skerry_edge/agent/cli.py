"""The command `skerry agent`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from skerry_edge.agent.config_option import FILE, config_option, require_config
from skerry_edge.agent.heartbeat.cli import vitals
from skerry_edge.agent.install.cli import install, uninstall
from skerry_edge.agent.outbox.cli import outbox
from skerry_edge.agent.support_bundle.cli import support_bundle
from skerry_edge.agent.updates.cli import update

if TYPE_CHECKING:
    from skerry_edge.agent.config.agent import AgentConfig

EXAMPLE = Path(__file__).with_name("data") / "example.toml"
EXAMPLE_BOARD = "raspberry-pi-5"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def agent() -> None:
    """Run the agent on a device."""


agent.add_command(install)
agent.add_command(outbox)
agent.add_command(uninstall)
agent.add_command(support_bundle)
agent.add_command(update)
agent.add_command(vitals)


@agent.command(
    epilog="""\
\b
Examples:
  skerry agent run --config agent.toml
  SKERRY_MQTT_PASSWORD=… skerry agent run --config cam-1.toml
  arecord -t raw -f S16_LE -r 16000 -c 1 | skerry agent run --config ear.toml

\b
Signals:
  SIGTERM, SIGINT  end every pipeline, publish the status `offline`, disconnect; exit code 0
  SIGHUP           read the configuration again and do anew only what changed: a pipeline, the connection to the
                   broker, the outbox's budget and pace, sensors, board; one that is broken, or changes site,
                   device, state_dir or mqtt.password_env, is refused with a system event, and the one before
                   goes on

\b
Exit codes:
  0  ended by a signal
  2  the configuration is wrong
  4  the configuration or the state directory cannot be read or written, or
     another agent uses the state directory
""",
)
@config_option("The configuration (TOML).")
def run(config_file: Path | None) -> None:
    """Run pipelines and report to the fleet by MQTT, until told to stop.

    Each pipeline runs in a process of its own (those of an accelerator that serves one process: in one together),
    which is started again when it dies or stops answering. With several 'backends', one that is missing, hangs or
    keeps failing is left for the next, and tried again later; the status is 'degraded' meanwhile. A broker that is
    not there is tried again and again; events wait for it. One line on standard output tells that the agent runs;
    the log goes to standard error.
    """
    from skerry_edge.agent.config.checks import load_config  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.parent import run_agent  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.foundation.log import configure_logging  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.foundation.stdout import announce  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.ota.slots.start import ends_in_words  # noqa: PLC0415  # keeps --help fast

    with ends_in_words():
        file = require_config(config_file)
        config = load_config(file)
        configure_logging(config.log_level)
        run_agent(config, reread=lambda: load_config(file), when_running=lambda: announce(_summary(config)))


@agent.command(
    "check-config",
    epilog="""\
\b
Examples:
  sudo skerry agent check-config
  skerry agent check-config cam-1.toml --json
""",
)
@click.argument("config_file", type=FILE, metavar="[FILE]", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check_config(config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001  # click passes flags so
    """Read a configuration, and say what the agent would run and what would keep it from running here.

    Without FILE it is the installed one. Nothing is started or contacted. Exit codes: 0 usable, maybe not on every
    backend that is named; 1 a model, a source or every backend of a pipeline is not here; 2 the configuration is
    wrong; 4 it cannot be read.
    """
    from skerry_edge.agent.config.checks import load_config  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.preflight import find_remarks, find_troubles  # noqa: PLC0415  # keeps --help fast

    config = load_config(require_config(config_file))
    troubles, remarks = find_troubles(config), find_remarks(config)
    if as_json:
        told = {
            name: [{"pipeline": one.pipeline, key: one.text} for one in found]
            for name, key, found in (("troubles", "trouble", troubles), ("remarks", "remark", remarks))
        }
        click.echo(json.dumps({**_facts(config), **told}))
    else:
        click.echo(_summary(config))
        for one in (*troubles, *remarks):
            click.echo(f"  {one.pipeline}: {one.text}")
    click.get_current_context().exit(1 if troubles else 0)


@agent.command(
    "example-config",
    epilog="""\
\b
Examples:
  skerry agent example-config > agent.toml
""",
)
def example_config() -> None:
    """Print a configuration with every part explained, to begin from; its board is the one that this machine is."""
    from skerry_boards.detection import detect  # noqa: PLC0415  # keeps --help fast
    from skerry_boards.loader import all_boards  # noqa: PLC0415  # the same
    from skerry_boards.machine import read_machine  # noqa: PLC0415  # the same

    found = detect(read_machine(), all_boards())
    here = found.match.board if found.match else found.fallback
    text = EXAMPLE.read_text(encoding="utf-8")
    named = f'board = "{EXAMPLE_BOARD}"'
    click.echo(text if here is None else text.replace(named, f'board = "{here.name}"'.ljust(len(named))), nl=False)


@agent.command(
    epilog="""\
\b
Examples:
  sudo skerry agent preview
  skerry agent preview --config agent.toml --pipeline gate --port 0
  ssh -t -L 8090:127.0.0.1:8090 pi@cam-1 sudo skerry agent preview

\b
Exit codes:
  0  ended by Ctrl-C
  2  the configuration is wrong, or the agent runs and holds the camera
  3  no backend here can run the model
  4  the source or the model cannot be read, or the port is taken
""",
)
@config_option("The configuration (TOML).")
@click.option("--pipeline", "name", metavar="NAME", help="Which pipeline, where several look at pictures.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8090, show_default=True, help="Where to listen; 0: any free one."
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen. Whoever reaches an address that is not loopback sees the picture.",
)
def preview(config_file: Path | None, name: str | None, port: int, host: str) -> None:
    """Show a pipeline's live picture in a browser, to aim its camera and draw its zones, until Ctrl-C.

    The pipeline runs without broker and sends nothing. The page shows its picture with boxes, labels, tracks, zones
    and masks; clicks on the picture make the corners of a new zone or mask, whose TOML can be copied. A camera serves
    one program, so the agent must not run meanwhile. One line on standard output tells the page's address.
    """
    from skerry_edge.agent.config.checks import load_config  # noqa: PLC0415  # keeps --help fast
    from skerry_edge.agent.preview.run import chosen_pipeline, require_free_camera, run_preview  # noqa: PLC0415  # the same
    from skerry_edge.agent.preview.server import is_loopback  # noqa: PLC0415  # the same
    from skerry_edge.foundation.log import configure_logging  # noqa: PLC0415  # the same
    from skerry_edge.foundation.stdout import announce  # noqa: PLC0415  # the same

    config = load_config(require_config(config_file))
    configure_logging(config.log_level)
    pipeline = chosen_pipeline(config, name)
    require_free_camera(pipeline, Path(config.state_dir))
    if not is_loopback(host):
        click.echo(f"warning: whoever reaches {host} on the network sees the picture, without a password", err=True)
    run_preview(pipeline, host=host, port=port, when_serving=lambda url: announce(f"preview of {pipeline.name}: {url}"))


def _facts(config: AgentConfig) -> dict[str, object]:
    from skerry_edge.foundation.broker_address import parse_broker_url  # noqa: PLC0415  # keeps --help fast

    return {
        "site": config.site,
        "device": config.device,
        "board": config.board,
        "broker": str(parse_broker_url(config.mqtt.url)),
        "pipelines": [{"name": one.name, "kind": one.kind} for one in config.pipelines],
    }


def _summary(config: AgentConfig) -> str:
    facts = _facts(config)
    pipelines = ", ".join(f"{one.name} ({one.kind})" for one in config.pipelines)
    return f"skerry agent {facts['site']}/{facts['device']} -> {facts['broker']}; pipelines: {pipelines}"
