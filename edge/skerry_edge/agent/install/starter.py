"""The configuration that a fresh installation begins with: the board's own defaults, written to be edited."""

from __future__ import annotations

import json

from skerry_boards.schema import Board
from skerry_edge.agent.install.plan import PASSWORD_FILE, STATE_DIR


def starter_configuration(board: Board, *, site: str, device: str, broker: str, has_password: bool) -> str:
    """Return the text of an `agent.toml` that listens for the shipped wake word with the board's microphone."""
    password = f"password_file = {_text(PASSWORD_FILE)}\n" if has_password else ""
    microphone = board.audio.device if board.audio else "default"
    return f"""\
# `skerry agent example-config` prints every key with what it means; check changes with
# `skerry agent check-config FILE`, then `systemctl reload skerry-agent`.
site = {_text(site)}
device = {_text(device)}
board = {_text(board.name)}
state_dir = {_text(STATE_DIR)}

[mqtt]
url = {_text(broker)}
{password}
[[pipelines]]
kind = "wakeword"
name = "ear"
source = {{ kind = "mic", device = {_text(microphone)} }}
words = [{{ model = "alexa" }}]
"""


def _text(value: str) -> str:
    """Return a string as TOML writes it; JSON's are TOML's too."""
    return json.dumps(value, ensure_ascii=False)
