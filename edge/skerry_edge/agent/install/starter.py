"""The configuration that a fresh installation begins with: the board's own defaults, written to be edited."""

from __future__ import annotations

import json

from skerry_boards.schema import Board, Camera
from skerry_edge.agent.install.plan import PASSWORD_FILE, STATE_DIR


def starter_configuration(board: Board, *, site: str, device: str, broker: str, has_password: bool) -> str:
    """Return the text of an `agent.toml` that looks through the board's camera with the shipped detector."""
    password = f"password_file = {_text(PASSWORD_FILE)}\n" if has_password else ""
    camera = board.camera or Camera(interface="usb", width_px=640, height_px=480, fps=5)
    on_processor = [one for one in board.runtimes if one.device == "cpu"]
    backends = ", ".join(_text(one.backend) for one in on_processor)
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
kind = "detection"
name = "camera"
model = "skerry-signs"    # a bundle's path, or one of `skerry models list`
backends = [{backends}]
threads = {on_processor[0].threads if on_processor else 0}
source = {{ {_source(camera)} }}

# [[pipelines]]
# kind = "wakeword"
# name = "ear"
# words = [{{ model = "alexa" }}]
# source = {{ kind = "mic", device = {_text(board.audio.device if board.audio else "default")} }}
"""


def _source(camera: Camera) -> str:
    size = f"width = {camera.width_px}, height = {camera.height_px}"
    if camera.elements is not None:
        return f'kind = "gstreamer", pipeline = {_text(camera.elements)}, {size}'
    if camera.program is not None:
        return f'kind = "rpicam", {size}, fps = {camera.fps:g}'
    return f'kind = "v4l2", device = "/dev/video0", {size}, fps = {camera.fps:g}'


def _text(value: str) -> str:
    """Return a string as TOML writes it; JSON's are TOML's too."""
    return json.dumps(value, ensure_ascii=False)
