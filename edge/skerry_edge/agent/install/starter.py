"""The configuration that a fresh installation begins with: the board's own defaults, written to be edited."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from skerry_boards.schema import EDGETPU, Board, Camera, Runtime
from skerry_edge.agent.install.places import CA_FILE, PASSWORD_FILE, ROOT_FILE, STATE_DIR
from skerry_edge.backends.registry import entry_of
from skerry_edge.foundation.extras import install_hint

_COMPILE = "skerry convert … --to edgetpu-int8"


@dataclass(frozen=True, kw_only=True, slots=True)
class Naming:
    """What a fresh configuration needs to know of a device."""

    site: str
    device: str
    broker: str
    has_password: bool = False
    has_authority: bool = False
    mirrors: Sequence[str] = ()


def starter_configuration(board: Board, naming: Naming, *, is_here: Callable[[str], bool]) -> str:
    """Return the text of an `agent.toml` that looks through the board's camera with the shipped detector.

    ``is_here`` tells whether the runtime of a backend is installed: what is not stands in a comment only.
    """
    password = f"password_file = {_text(PASSWORD_FILE)}\n" if naming.has_password else ""
    authority = f"\n[mqtt.tls]\nca_file = {_text(CA_FILE)}\n" if naming.has_authority else ""
    mirrors = ", ".join(map(_text, naming.mirrors))
    updates = f"\n[ota]\nmirrors = [{mirrors}]\nroot = {_text(ROOT_FILE)}\n" if mirrors else ""
    camera = board.camera or Camera(interface="usb", width_px=640, height_px=480, fps=5)
    on_processor = [one for one in board.runtimes if one.device == "cpu"]
    here = [one for one in on_processor if is_here(one.choice)] or on_processor[:1]
    absent = [one for one in on_processor if one not in here]
    backends = ", ".join(_text(one.backend) for one in here)
    return f"""\
# `skerry agent example-config` prints every key with what it means; check changes with
# `sudo skerry agent check-config`, then `sudo systemctl reload skerry-agent`.
site = {_text(naming.site)}
device = {_text(naming.device)}
board = {_text(board.name)}
state_dir = {_text(STATE_DIR)}

[mqtt]
url = {_text(naming.broker)}
{password}{authority}{updates}
[[pipelines]]
kind = "detection"
name = "camera"
model = "skerry-signs"    # a bundle's path, or one of `skerry models list`
backends = [{backends}]
{"".join(_remarks(board, here, absent))}threads = {here[0].threads if here else 0}
source = {{ {_source(camera)} }}

# [[pipelines]]
# kind = "wakeword"
# name = "ear"
# words = [{{ model = "alexa" }}]
# source = {{ kind = "mic", device = {_text(board.audio.device if board.audio else "default")} }}
"""


def turning_on(board: Board) -> str | None:
    """Return what makes the accelerator compute that the profile counts on, None where it has none."""
    first = board.runtimes[0] if board.runtimes else None
    if first is None or first.device == "cpu":
        return None
    models = f"; the model must be compiled for it ({_COMPILE})" if first.device == EDGETPU else ""
    choices = ", ".join(_text(one.choice) for one in board.runtimes)
    return f"backends = [{choices}]{models}"


def _remarks(board: Board, here: Sequence[Runtime], absent: Sequence[Runtime]) -> list[str]:
    """Return the comment lines about backends that are left out, each with its line end."""
    remarks = []
    for one in absent:
        choices = ", ".join(_text(other.backend) for other in (*here, one))
        remarks.append(f"# backends = [{choices}]    # after {install_hint(entry_of(one.choice).extra)}\n")
    accelerated = turning_on(board)
    if accelerated is not None:
        line, _, models = accelerated.partition("; ")
        remarks.append(f"# {line}    # with the accelerator{f': {models}' if models else ''}\n")
    return remarks


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
