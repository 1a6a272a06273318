"""`skerry server run | ingest | api`: the server's processes in the foreground."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry_server.registry.cli.opening import config_option

if TYPE_CHECKING:
    from skerry_edge.foundation.log import LogFormat
    from skerry_server.app import ServerProcess
    from skerry_server.config.server import Settings

EXIT_CODES = """\b
Exit codes:
  0  stopped by SIGTERM, SIGHUP or Ctrl-C
  2  wrong configuration
  3  a Python package that the configuration needs is missing
  4  a port or the spool is in use, or a file cannot be read
"""

GC_THRESHOLDS = (100_000, 20, 20)
"""More than the objects of a whole batch before the first look (https://docs.python.org/3/library/gc.html)."""

log_level_option = click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    help="How much to say on standard error.",
)
log_format_option = click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to say it: lines for people, or one JSON object a line.",
)


@click.command(
    epilog=f"""\b
Examples:
  skerry server run
  skerry server run --config /etc/skerry/server.toml
  curl -s http://127.0.0.1:8080/readyz

\b
A configuration, with what holds where a line is left out:
  [broker]
  url = "mqtt://127.0.0.1:1883"     # or mqtts://host:8883, with ca_file
  protocol = "5"                    # or "3.1.1"
  client_id = "skerry-server"       # this server's alone: its session waits under it
  # username = "server"
  # password_file = "broker.secret"

\b
  [store]
  kind = "sqlite"                   # or "influxdb", with url and database, or organisation, bucket, token_file
  # path = "telemetry.sqlite"

\b
  [registry]
  # url = "postgresql+psycopg://skerry@db/skerry"
  # password_file = "registry.secret"
  patience_s = 5                    # how long a connection or a lock is waited for before it is tried again

\b
  [retention]                       # days that the registry keeps what; 0 for as long as there is room
  events_days = 365
  snapshots_days = 30
  results_days = 90
  dead_letters_days = 30
  presence_days = 365
  alerts_days = 365

\b
  [http]
  host = "127.0.0.1"                # another one needs a user, and TLS here or at a proxy
  port = 8080
  # certificate_file = "server.pem" # with key_file: TLS
  # behind_proxy = true             # a reverse proxy terminates TLS and says who asks

\b
  [ingest]
  # spool = "/var/spool/skerry"     # what store and registry cannot take, on disk
  spool_mb = 1024
  replay_per_s = 5000

\b
  [presence]
  heartbeat_s = 30                  # of devices that tell no interval of their own
  missed = 3

\b
  [alerts]                          # `skerry server alerts rules` shows the rules that hold
  interval_s = 15
  group_wait_s = 30                 # alerts of one rule and site are told together
  repeat_s = 14400
  # [[alerts.rule]]                 # see `skerry server alerts rules --help`
  # [[alerts.channel]]              # see `skerry server alerts test --help`

Data goes to $STATE_DIRECTORY, else $XDG_STATE_HOME/skerry, else ~/.local/state/skerry. Paths in the file are
taken from the file's own folder.

Until there is a user, only this machine can connect, and whoever is at it may do everything. As soon as one is added
(`skerry server users add`), everybody signs in: people with a password, programs with a token.

{EXIT_CODES}"""
)
@config_option
@log_level_option
@log_format_option
def run(config: Path | None, log_level: str, log_format: LogFormat) -> None:
    """Take in what the fleet publishes, store it, and show it: all in one process.

    Messages are acknowledged to the broker only when they are stored, or on disk in the spool while store or registry
    are away. A part that is away is tried again and again; /readyz says what works and what does not.
    """
    from skerry_server.app import FleetServer  # noqa: PLC0415  # keeps `--help` fast

    _run(
        config,
        log_level,
        log_format,
        FleetServer,
        lambda server: {
            "dashboard": server.url,
            "sign-in": server.sign_in,
            "broker": server.settings.config.broker.url,
            "store": server.store_place,
            "registry": server.database.where,
            "spool": str(server.settings.spool_folder),
        },
    )


@click.command(
    epilog=f"""\b
Examples:
  skerry server ingest --config /etc/skerry/server.toml --worker 1
  skerry server ingest --config /etc/skerry/server.toml --worker 2
  systemctl start skerry-ingest@1 skerry-ingest@2

Each worker has a name that stays, and with it a session at the broker and a spool on its disk; what waits there waits
for the worker of that name. The first is called 1, and is to broker and spool what `skerry server run` is: either goes
on where the other ended. A worker subscribes plainly and takes in the whole fleet: then run one.

With subscription = "shared" in the table 'broker', all workers share one subscription of MQTT 5,
'$share/skerry/skerry/#', and the broker gives each message to one of them. The broker must keep shared subscriptions
over its own restart and let no device join one. Mosquitto does neither: it forgets them when it is started again and
loses what is published until a worker is back. Brokers send no retained messages to shared subscriptions, so what
devices said before the first worker ran is learnt when they connect again.

The configuration is that of `skerry server run`, with a registry and a store that all workers reach. Workers judge no
alerts and bring no rollouts forward: `skerry server api` does. While no process does, /readyz says so under `remarks`.

{EXIT_CODES}"""
)
@config_option
@click.option(
    "--worker", metavar="NAME", help="Its name: up to 32 letters, digits, '.', '_', '-', a letter or digit first."
)
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Answer /healthz, /readyz and /metrics here, on this machine."
)
@log_level_option
@log_format_option
def ingest(config: Path | None, worker: str | None, port: int | None, log_level: str, log_format: LogFormat) -> None:
    """Take in what the fleet publishes, as one worker of any number."""
    from skerry_server.app import IngestServer  # noqa: PLC0415  # keeps `--help` fast
    from skerry_server.config.server import with_worker  # noqa: PLC0415  # as above

    _run(
        config,
        log_level,
        log_format,
        lambda settings: IngestServer(with_worker(settings, worker=worker, port=port)),
        lambda server: {
            "worker": server.settings.config.ingest.worker,
            "broker": f"{server.settings.config.broker.url}, {server.access.topic_filter}",
            "store": server.store_place,
            "registry": server.database.where,
            "spool": str(server.settings.spool_folder),
        },
    )


@click.command(
    epilog=f"""\b
Examples:
  skerry server api --config /etc/skerry/server.toml

It holds no state, so any number may run beside the workers of `skerry server ingest`, behind one address. One of them
looks at the fleet for alerts, and all tell people of them: workers do neither. /readyz speaks for store and registry;
the broker is the workers' business, and the dashboard shows how each of them says it is.

{EXIT_CODES}"""
)
@config_option
@log_level_option
@log_format_option
def api(config: Path | None, log_level: str, log_format: LogFormat) -> None:
    """Serve API and dashboard and judge alerts, without taking anything in."""
    from skerry_server.app import ApiServer  # noqa: PLC0415  # keeps `--help` fast

    _run(
        config,
        log_level,
        log_format,
        ApiServer,
        lambda server: {
            "dashboard": server.url,
            "sign-in": server.sign_in,
            "store": server.store_place,
            "registry": server.database.where,
        },
    )


def _run(
    config: Path | None,
    log_level: str,
    log_format: LogFormat,
    make: Callable[[Settings], Any],
    describe: Callable[[Any], dict[str, str]],
) -> None:
    import asyncio  # noqa: PLC0415  # keeps `--help` fast
    import gc  # noqa: PLC0415  # as above

    from skerry_edge.foundation.log import configure_logging  # noqa: PLC0415  # as above
    from skerry_edge.foundation.stdout import announce  # noqa: PLC0415  # as above
    from skerry_server.allocator import share_one_arena  # noqa: PLC0415  # as above
    from skerry_server.config.server import load_settings  # noqa: PLC0415  # as above

    share_one_arena()
    configure_logging(log_level, log_format)
    server = make(load_settings(config))
    for name, value in describe(server).items():
        announce(f"{name:<10} {value}")
    # A batch makes many objects and none of them in a circle: looking for circles took a third of a worker's time.
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    asyncio.run(_until_signal(server))


async def _until_signal(server: ServerProcess) -> None:
    import asyncio  # noqa: PLC0415  # keeps `--help` fast
    import signal  # noqa: PLC0415  # as above

    stop = asyncio.Event()
    # systemd and a terminal that closes send SIGHUP; there is nothing to read again, so it is a polite end too.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await server.run(stop)
