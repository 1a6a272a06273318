"""Starts the agent from the slot that is to run; lies outside of the slots, and needs the standard library alone.

    python launcher.py STATE BASE ARGUMENT...

runs `STATE/agent/SLOT/bin/skerry ARGUMENT...`, or the program BASE where no update was committed yet. The start of a
slot on trial is counted in `STATE/agent/trial.json` before it is made: after three starts without a confirmation, or
past its deadline, the slot that was good last is run again, and `STATE/agent/fallen.json` says why. What cannot be
started at all is passed over; where nothing can, the exit code is 3.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

MAX_BOOTS = 3
SLOTS = ("a", "b")
BASE = "base"
"""What the program is called that came with the installation."""
SLOT_VARIABLE = "SKERRY_SLOT"
LAUNCHER_VARIABLE = "SKERRY_LAUNCHER"
"""Tells the agent which slot it runs from, and how it is to be started anew: a command line as JSON."""
TRIAL, FALLEN, CURRENT = "trial.json", "fallen.json", "current"
NOT_STARTED = 3
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def decide(trial: dict[str, object], boot: str, since_boot_s: float) -> tuple[dict[str, object], str | None]:
    """Return the trial with one more start counted, and why there must not be one; None where it may be. Pure.

    Time is what the machine has run. Raises ValueError and its like for what is no trial.
    """
    if trial["slot"] not in SLOTS:
        raise ValueError(f"no slot: {trial['slot']!r}")
    boots, at_s, spent_s, deadline_s = (float(str(trial[key])) for key in ("boots", "at_s", "spent_s", "deadline_s"))
    spent_s += max(0.0, since_boot_s - (at_s if trial["boot"] == boot else 0.0))
    counted = {**trial, "boots": int(boots) + 1, "boot": boot, "at_s": since_boot_s, "spent_s": spent_s}
    if boots >= MAX_BOOTS:
        return counted, f"not confirmed after {MAX_BOOTS} starts"
    return counted, f"not confirmed within {deadline_s:.0f} s" if spent_s > deadline_s else None


def choose(folder: Path) -> list[str]:
    """Return the slots to start, the first one first; what it decides is on the disk before it returns."""
    good = _good_last(folder)
    try:
        trial = json.loads((folder / TRIAL).read_text(encoding="utf-8"))
        counted, objection = decide(trial, _boot_id(), time.clock_gettime(time.CLOCK_BOOTTIME))
    except FileNotFoundError:
        return good
    except (OSError, ValueError, KeyError, TypeError) as error:
        return _fall(folder, "unknown", f"its record is damaged: {error}", good)
    slot = str(trial["slot"])
    if objection is not None:
        return _fall(folder, slot, objection, good)
    try:
        write(folder / TRIAL, counted)
    except OSError as error:
        # A start that cannot be counted could be the first of very many.
        _say(f"slot {slot} is not tried: its start cannot be counted ({error.strerror})")
        return good
    return [slot, *(one for one in good if one != slot)]


def _good_last(folder: Path) -> list[str]:
    try:
        current = (folder / CURRENT).readlink().name
    except OSError:
        return [BASE]
    return [current, BASE] if current in SLOTS else [BASE]


def _fall(folder: Path, slot: str, reason: str, good: list[str]) -> list[str]:
    """Give a trial up, and say so."""
    _say(f"slot {slot} is given up: {reason}; back to {good[0]}")
    try:
        write(folder / FALLEN, {"slot": slot, "reason": reason})
        (folder / TRIAL).unlink()
    except OSError as error:
        _say(f"that cannot be written down: {error.strerror}")
    return good


def write(path: Path, content: dict[str, object]) -> None:
    """Replace a small file whole: on the disk, or as it was. Raises OSError."""
    aside = path.with_name(f".{path.name}.new")
    with aside.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


def _say(text: str) -> None:
    sys.stderr.write(f"skerry launcher: {text}\n")
    sys.stderr.flush()


def main(arguments: list[str]) -> int:
    """Become the agent; return an exit code where nothing can be started."""
    if len(arguments) < 2:
        _say("usage: launcher.py STATE BASE ARGUMENT...")
        return 2
    state, base, *rest = arguments
    folder = Path(state, "agent")
    again = [sys.executable, str(Path(__file__).absolute()), *arguments]
    for slot in choose(folder):
        program = base if slot == BASE else str(folder / slot / "bin" / "skerry")
        environment = {**os.environ, SLOT_VARIABLE: slot, LAUNCHER_VARIABLE: json.dumps(again)}
        try:
            os.execve(program, [program, *rest], environment)  # noqa: S606  # becoming the agent is what this is for
        except OSError as error:
            _say(f"slot {slot} cannot be started: {program}: {error.strerror}")
    return NOT_STARTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
