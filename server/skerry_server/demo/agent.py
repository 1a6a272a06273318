"""The demo's real agent: the configuration that it gets, and the process that it runs in."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.foundation.errors import ConfigError, MissingError, ReachError
from skerry_server.demo.script import Script
from skerry_server.leash import LeashedProcess

DEVICE, SITE = "demo-agent", "demo"
HEARTBEAT_S = 2.0
MIN_DURATION_S, LOST_AFTER_S = 0.1, 1.0
SNAPSHOT_S = 0.3
CAMERA = "camera"
CHECK_S = 60.0
LAST_WORDS_CHARS = 600
SKERRY = (sys.executable, "-m", "skerry_edge")
"""The command `skerry`, whether or not its script is on the PATH."""
_BOARDS = {"x86_64": "generic-x86", "aarch64": "generic-arm64"}
_CONFIG = """\
site = {site}
device = {device}
state_dir = "state"
heartbeat_interval_s = {heartbeat_s}
board = {board}

[mqtt]
url = {url}

{ota}[[pipelines]]
name = {camera}
kind = "detection"
model = {model}
{variant}{backends}snapshot = true
snapshot_interval_s = {snapshot_s}
events = {{ min_duration_s = {min_duration_s} }}
tracking = {{ lost_after_s = {lost_after_s} }}
[pipelines.source]
kind = "video"
path = {video}
loop = true

[[pipelines]]
name = "ear"
kind = "wakeword"
words = [{{ model = "alexa" }}]
[pipelines.source]
kind = "audio-file"
path = {audio}
loop = true
"""


_OTA = """\
[ota]
mirrors = [{mirror}]
root = {root}
spread_s = 0
reserve_mb = 1
limits = {{ least_probation_s = 0 }}

"""
_CRASHES_AFTER = 30
"""Inferences, three seconds' worth: more than any test before the switch makes of one process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Updates:
    """Where the agent's releases are, the root of trust that it begins with, and what its runtime crashes by."""

    mirror: str
    root: Path
    poison: str

    @property
    def environment(self) -> dict[str, str]:
        """What tells the stand-in in front of the runtime when to fail; its children inherit it from the agent."""
        return {"SKERRY_STAND_IN": f"fault=crash after={_CRASHES_AFTER} text={self.poison}"}


class DemoAgent:
    """One agent in ``folder`` with a detection and a wake-word pipeline."""

    def __init__(self, folder: Path, *, broker_url: str, script: Script, updates: Updates | None = None) -> None:
        self._folder = folder
        self._config = folder / "agent.toml"
        self._log = folder / "agent.log"
        self._process: LeashedProcess | None = None
        self._environment = {} if updates is None else updates.environment
        self._config.write_text(config_text(broker_url=broker_url, script=script, updates=updates), "utf-8")

    def check(self) -> None:
        """Let the agent's own command judge the configuration. Raises ConfigError with what it said."""
        command = [*SKERRY, "agent", "check-config", "--json", str(self._config)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=CHECK_S, check=False, cwd=self._folder)
        if done.returncode != 0:
            raise ConfigError("the agent cannot run what the demo was given", found=_troubles(done))

    def start(self) -> None:
        """Start the agent. Raises MissingError."""
        (self._folder / "state").mkdir(exist_ok=True)
        with self._log.open("wb") as log:
            command = [*SKERRY, "agent", "run", "--config", str(self._config)]
            self._process = LeashedProcess(command, output=log, environment=self._environment)

    def require_running(self) -> None:
        """Raise ReachError with its last words when the agent has ended."""
        code = self._process.exit_code() if self._process else None
        if code is not None:
            raise ReachError("the agent ended by itself", where=f"exit code {code}", found=self.last_words())

    def last_words(self) -> str:
        """Return the end of the agent's log."""
        return _last(self._log.read_text("utf-8", "replace")) if self._log.exists() else ""

    def stop(self) -> None:
        """End the agent; it says goodbye to the fleet."""
        if self._process is not None:
            self._process.stop()


def own_board() -> str:
    """Return the profile of this machine. Raises MissingError where no general one describes its processor."""
    board = _BOARDS.get(platform.machine())
    if board is None:
        todo = f"run it on {' or '.join(_BOARDS)}"
        raise MissingError("no board profile describes this machine", found=platform.machine(), todo=todo)
    return board


def config_text(*, broker_url: str, script: Script, updates: Updates | None) -> str:
    """Return the agent's TOML. Raises MissingError as `own_board` does."""
    given = Path(script.model)
    return _CONFIG.format(
        site=_quoted(SITE),
        device=_quoted(DEVICE),
        heartbeat_s=HEARTBEAT_S,
        board=_quoted(own_board()),
        ota="" if updates is None else _OTA.format(mirror=_quoted(updates.mirror), root=_quoted(str(updates.root))),
        url=_quoted(broker_url),
        camera=_quoted(CAMERA),
        model=_quoted(str(given.resolve()) if given.exists() else script.model),
        backends="" if updates is None else 'backends = ["stand-in"]\n',
        variant=f"variant = {_quoted(script.variant)}\n" if script.variant else "",
        min_duration_s=MIN_DURATION_S,
        lost_after_s=LOST_AFTER_S,
        snapshot_s=SNAPSHOT_S,
        video=_quoted(str(script.video.resolve())),
        audio=_quoted(str(script.audio.resolve())),
    )


def _quoted(text: str) -> str:
    """Return ``text`` as a TOML basic string, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def _troubles(done: subprocess.CompletedProcess[str]) -> str:
    """Return what keeps the agent from running: listed on standard output, or a refusal on standard error."""
    if not done.stdout:
        return _last(done.stderr)
    return "; ".join(f"{one['pipeline']}: {one['trouble']}" for one in json.loads(done.stdout)["troubles"])


def _last(text: str) -> str:
    return text.strip()[-LAST_WORDS_CHARS:]
