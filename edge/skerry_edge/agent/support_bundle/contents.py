"""What goes into a support bundle: small texts, each cleaned, and no picture or sound unless asked for."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import distributions
from pathlib import Path

from skerry_edge import __version__
from skerry_edge.agent.install.places import RULES_FILE, UNIT, UNIT_FILE
from skerry_edge.agent.support_bundle.scrubbing import Scrubber
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.foundation.small_file import read_small

MAX_TEXT_BYTES = 1 << 20
"""Of a longer text its end is taken, where the newest of a log stands."""
MAX_STATE_BYTES = 64 * 1024
MAX_MEDIA_BYTES = 8 << 20
MEDIA = (".jpg", ".jpeg", ".png", ".wav", ".flac")
_LOG_LINES = 3000
_PROGRAM_S = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A file of the bundle, and a word about where it is from."""

    name: str
    data: bytes
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """What is known of the device: its configuration's file and text, however broken, and its state directory."""

    config_file: Path | None
    configuration: str | None
    state_dir: Path


def members(device: Device, scrubber: Scrubber, *, with_media: bool) -> Iterator[Member]:
    """Yield all that is here, cleaned; a part that cannot be had says why in its place."""
    for name, origin, give in _texts(device):
        yield _text(name, origin, give, scrubber)
    yield from _state_files(device.state_dir, scrubber, with_media=with_media)


def _texts(device: Device) -> Iterator[tuple[str, str, Callable[[], str]]]:
    yield "versions.txt", "this installation", _versions
    if device.configuration is not None:
        configuration = device.configuration
        yield "agent.toml", str(device.config_file), lambda: configuration
    for path in (UNIT_FILE, RULES_FILE):
        if Path(path).is_file():
            yield f"system/{Path(path).name}", path, Path(path).read_text
    yield "board.json", "skerry boards detect", _board
    yield "doctor.json", "skerry doctor", lambda: _doctor(device)
    yield "vitals.json", "skerry agent vitals", lambda: _vitals(device)
    yield "outbox.json", "skerry agent outbox", lambda: _outbox(device.state_dir)
    if shutil.which("journalctl"):
        yield "log/agent.txt", f"journalctl --unit {UNIT}", lambda: _journal("--unit", UNIT)
        yield "log/kernel.txt", "journalctl --dmesg", lambda: _journal("--dmesg")


def _text(name: str, origin: str, give: Callable[[], str], scrubber: Scrubber) -> Member:
    try:
        text = give()
    except (SkerryError, OSError, subprocess.SubprocessError) as error:
        text = f"cannot be had: {error}\n"
    return Member(
        name=name, data=scrubber.clean(_tail(text)).encode("utf-8", errors="replace"), origin=scrubber.clean(origin)
    )


def _tail(text: str) -> str:
    """Return the end of a text, from the beginning of a line: a part of a secret would not be known again."""
    if len(text) <= MAX_TEXT_BYTES:
        return text
    return f"…\n{text[-MAX_TEXT_BYTES:].partition(chr(10))[2]}"


def _versions() -> str:
    named = {str(one.metadata["Name"]): one.version for one in distributions()}
    lines = [f"skerry {__version__}", f"Python {sys.version.split()[0]}", platform.platform(), ""]
    return "\n".join([*lines, *(f"{name} {version}" for name, version in sorted(named.items()))]) + "\n"


def _board() -> str:
    from skerry_boards.detection import detect  # noqa: PLC0415  # as `_doctor`
    from skerry_boards.display import detection_facts  # noqa: PLC0415  # as `_doctor`
    from skerry_boards.loader import all_boards  # noqa: PLC0415  # as `_doctor`
    from skerry_boards.machine import read_machine  # noqa: PLC0415  # as `_doctor`

    return json.dumps(detection_facts(detect(read_machine(), all_boards())), indent=2)


def _doctor(device: Device) -> str:
    from skerry_edge.agent.config.checks import load_config  # noqa: PLC0415  # a broken installation still gives the rest
    from skerry_edge.agent.doctor.examination import checks_for  # noqa: PLC0415  # the same
    from skerry_edge.agent.doctor.running import run_checks  # noqa: PLC0415  # the same

    config = load_config(device.config_file) if device.config_file is not None else None
    checks = checks_for(config, device.config_file)
    return json.dumps([asdict(one) for found in run_checks(checks) for one in found], indent=2)


def _vitals(device: Device) -> str:
    from skerry_edge.agent.heartbeat.cli import read_vitals  # noqa: PLC0415  # as `_doctor`

    return json.dumps(read_vitals(device.config_file), indent=2)


def _outbox(state_dir: Path) -> str:
    from skerry_edge.agent.outbox.inspection import inspect_outbox  # noqa: PLC0415  # as `_doctor`

    held = inspect_outbox(state_dir, 0)
    return json.dumps({"depth": held.depth, "held_bytes": held.held_bytes, "dropped": held.dropped})


def _journal(*which: str) -> str:
    command = ["journalctl", "--no-pager", "--output=short-iso", f"--lines={_LOG_LINES}", *which]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_PROGRAM_S, check=False)
    return done.stdout or done.stderr


def _state_files(folder: Path, scrubber: Scrubber, *, with_media: bool) -> Iterator[Member]:
    """Yield the state directory's small texts, and its pictures and recordings where asked for."""
    for path in sorted(folder.glob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        is_media = path.suffix.lower() in MEDIA
        limit = MAX_MEDIA_BYTES if is_media else MAX_STATE_BYTES
        if is_media and not with_media:
            continue
        try:
            data = read_small(path, limit)
        except OSError:
            continue  # too large for a bundle, another's, or gone meanwhile
        name, origin = _shown(path.name), _shown(str(path))
        if is_media:
            yield Member(name=f"media/{name}", data=data, origin=origin)
        elif (text := _decoded(data)) is not None:
            yield Member(name=f"state/{name}", data=scrubber.clean(text).encode(), origin=origin)


def _shown(name: str) -> str:
    """Return a file's name as text; bytes in it that are no UTF-8 are shown by their numbers."""
    return os.fsencode(name).decode("utf-8", errors="backslashreplace")


def _decoded(data: bytes) -> str | None:
    """Return the text, or None for what is none, as databases and pictures are."""
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
