"""Starts the agent from the slot that is to run; lies outside of the slots, and needs the standard library alone.

    python -I -S launcher.py STATE BASE ARGUMENT...

runs `STATE/agent/SLOT/bin/skerry ARGUMENT...`, or the program BASE where no update was committed yet. The start of a
slot on trial is counted in `STATE/agent/trial.json` before it is made: after three starts without a confirmation, or
past its deadline, the slot that was good last is run again, and `STATE/agent/fallen.json` says why. An alarm ends a
slot on trial that runs on past its deadline and confirms nothing.

What was good last may go bad with its disk or its Python. It is passed over where it cannot be started at all (what may
pass, such as a lack of memory, only counts as one start), and where its last five starts were all within ten minutes of
the same run of the machine (`STATE/agent/starts.json`): the other slot takes its place where that was good once, then
BASE; where all of them end so, it goes on being tried. What runs in its place is told of it. Where nothing can be
started, the exit code is 3.
"""

from __future__ import annotations

import errno
import json
import math
import os
import signal
import stat
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

MAX_BOOTS = 3
MAX_SHORT_LIVES, SHORT_LIVES_S = 5, 600.0
"""So many starts within so long, and none that ended in good order: the version does not live."""
SLOTS = ("a", "b")
BASE = "base"
"""What the program is called that came with the installation."""
SLOT_VARIABLE = "SKERRY_SLOT"
LAUNCHER_VARIABLE = "SKERRY_LAUNCHER"
"""Tells the agent which slot it runs from, and how it is to be started anew: a command line as JSON."""
START_VARIABLE = "SKERRY_START"
"""Tells the agent of this start: `state` and `base` are paths, `passed` says by slot why it was passed over."""
TRIAL, FALLEN, STARTS, CURRENT = "trial.json", "fallen.json", "starts.json", "current"
PROVED = "proved"
"""The file in a slot that was confirmed once, whatever became of it."""
NOT_STARTED = 3
_MAY_PASS = frozenset({errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.EINTR, errno.ETXTBSY, errno.EIO})
"""A start that fails for one of these may succeed the next time."""
_MOST_BYTES = 1 << 16
_LONGEST_ALARM_S = 2**31 - 1
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Choice(NamedTuple):
    """What to start: the programs, the first one first, and why others are passed over.

    ``trial_s`` is how long the first one has got to be confirmed, None where it is not on trial. ``is_counted`` says
    that its starts are counted and that another's turn comes, should they go on failing.
    """

    programs: list[str]
    passed: dict[str, str]
    trial_s: float | None = None
    is_counted: bool = True


def decide(trial: dict[str, object], boot: str, since_boot_s: float) -> tuple[dict[str, object], str | None]:
    """Return the trial with one more start counted, and why there must not be one; None where it may be. Pure.

    Time is what the machine has run. Raises ValueError and its like for what is no trial.
    """
    if trial["slot"] not in (*SLOTS, BASE):
        raise ValueError(f"no slot: {trial['slot']!r}")
    numbers = [float(str(trial[key])) for key in ("boots", "at_s", "spent_s", "deadline_s")]
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"no numbers: {numbers}")
    boots, at_s, spent_s, deadline_s = numbers
    spent_s += max(0.0, since_boot_s - (at_s if trial["boot"] == boot else 0.0))
    counted = {**trial, "boots": int(boots) + 1, "boot": boot, "at_s": since_boot_s, "spent_s": spent_s}
    if boots >= MAX_BOOTS:
        return counted, f"not confirmed after {MAX_BOOTS} starts"
    return counted, f"not confirmed within {deadline_s:.0f} s" if spent_s > deadline_s else None


def short_lived(starts: dict[str, list[float]], since_boot_s: float) -> dict[str, str]:
    """Return the programs whose last starts all ended soon, and how that is said; pure."""
    lasts = {one: times[-MAX_SHORT_LIVES:] for one, times in starts.items()}
    reason = f"ended {MAX_SHORT_LIVES} times within {SHORT_LIVES_S:.0f} s"
    return {
        one: reason
        for one, times in lasts.items()
        if len(times) == MAX_SHORT_LIVES and 0 <= since_boot_s - times[0] <= SHORT_LIVES_S
    }


def choose(folder: Path, boot: str, since_boot_s: float) -> Choice:
    """Return what to start at this moment of the machine's run ``boot``; what it decides is on the disk before."""
    good = _good(folder)
    return _on_trial(folder, good, boot, since_boot_s) or _of_the_good(folder, good, boot, since_boot_s)


def _on_trial(folder: Path, good: list[str], boot: str, since_boot_s: float) -> Choice | None:
    """Return the choice where a trial is on, None where there is none (any more)."""
    try:
        trial = _read(folder / TRIAL)
        counted, objection = decide(trial, boot, since_boot_s)
        trial_s = float(str(trial["deadline_s"])) - float(str(counted["spent_s"]))
    except FileNotFoundError:
        return None
    except Exception as error:  # noqa: BLE001  # a bad agent may have written anything, and this must survive it
        _fall(folder, "unknown", f"its record is damaged: {error}")
        return None
    slot = str(trial["slot"])
    if objection is not None:
        _fall(folder, slot, objection)
        return None
    try:
        write(folder / TRIAL, counted)
    except Exception as error:  # noqa: BLE001  # what could be read may still be too deep to be written
        # A start that cannot be counted could be the first of very many.
        _say(f"slot {slot} is not tried: its start cannot be counted ({error})")
        return None
    return Choice([slot, *(one for one in good if one != slot)], {}, trial_s)


def _fall(folder: Path, slot: str, reason: str) -> None:
    """Give a trial up, and say so."""
    _say(f"slot {slot} is given up: {reason}")
    try:
        write(folder / FALLEN, {"slot": slot, "reason": reason})
        (folder / TRIAL).unlink()
    except OSError as error:
        _say(f"that cannot be written down: {error.strerror}")


def _of_the_good(folder: Path, good: list[str], boot: str, since_boot_s: float) -> Choice:
    """Return the choice among what has proved itself; its start is counted where the disk takes that."""
    starts = _starts(folder, boot)
    short = short_lived(starts, since_boot_s)
    programs = [one for one in good if one not in short] or good
    first = programs[0]
    starts[first] = [*starts.get(first, []), since_boot_s][-MAX_SHORT_LIVES:]
    is_counted = first not in short
    try:
        folder.mkdir(exist_ok=True)
        write(folder / STARTS, {"boot": boot, "starts": starts})
    except OSError as error:
        _say(f"its start cannot be counted: {error.strerror}")
        is_counted = False
    passed = {one: why for one, why in short.items() if one not in programs}
    return Choice(programs, passed, is_counted=is_counted)


def _good(folder: Path) -> list[str]:
    """Return what was good last, then the slots that were good once, then the program that was installed."""
    try:
        current = (folder / CURRENT).readlink().name
    except OSError:
        current = BASE
    # A card that is about to die answers with errors that pathlib would raise.
    once = [slot for slot in SLOTS if os.path.isfile(folder / slot / PROVED)]  # noqa: PTH113
    return list(dict.fromkeys([current if current in SLOTS else BASE, *once, BASE]))


def _starts(folder: Path, boot: str) -> dict[str, list[float]]:
    """Return the last starts of each program in this run of the machine, by the seconds since its own start."""
    try:
        found = _read(folder / STARTS)
        starts = {str(one): [float(at_s) for at_s in times] for one, times in found["starts"].items()}
        return starts if found["boot"] == boot else {}
    except Exception:  # noqa: BLE001  # a bad agent may have written anything, and this must survive it
        return {}


def _read(path: Path) -> Any:  # noqa: ANN401  # it may be anything, and who asks looks
    """Return what a small file holds as JSON; what is no file, a pipe for one, is not waited for. Raises anything."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no regular file")
        return json.loads(os.read(descriptor, _MOST_BYTES))
    finally:
        os.close(descriptor)


def write(path: Path, content: dict[str, object]) -> None:
    """Replace a small file whole: on the disk, or as it was. Raises OSError."""
    aside = path.with_name(f".{path.name}.new")
    aside.unlink(missing_ok=True)  # a pipe in its place would be waited for
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


def _set_alarm(trial_s: float | None) -> None:
    """Have the kernel end the program that this process becomes, past its deadline; None takes the alarm back.

    It outlives the exec, knows no wall clock, and asks nothing of what is on trial.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    signal.alarm(0 if trial_s is None else min(math.ceil(trial_s) + 1, _LONGEST_ALARM_S))


def main(arguments: list[str]) -> int:
    """Become the agent; return an exit code where nothing can be started."""
    if len(arguments) < 2:
        _say("usage: launcher.py STATE BASE ARGUMENT...")
        return 2
    state, base, *rest = arguments
    folder = Path(state, "agent")
    # As isolated as it was started: what a bad agent leaves in the environment has no part in choosing the next.
    again = [sys.executable, "-I", "-S", str(Path(__file__).absolute()), *arguments]
    choice = choose(folder, _boot_id(), time.clock_gettime(time.CLOCK_BOOTTIME))
    passed = dict(choice.passed)
    for slot, why in passed.items():
        _say(f"slot {slot} is passed over: it {why}")
    for number, slot in enumerate(choice.programs):
        program = base if slot == BASE else str(folder / slot / "bin" / "skerry")
        start = json.dumps({"state": state, "base": base, "passed": passed})
        launched = {SLOT_VARIABLE: slot, LAUNCHER_VARIABLE: json.dumps(again), START_VARIABLE: start}
        _set_alarm(choice.trial_s if number == 0 else None)
        try:
            os.execve(program, [program, *rest], {**os.environ, **launched})  # noqa: S606  # becoming it is the point
        except OSError as error:
            if number == 0 and choice.is_counted and error.errno in _MAY_PASS:
                _say(f"slot {slot} cannot be started now: {program}: {error.strerror}")
                return NOT_STARTED
            passed[slot] = f"cannot be started: {program}: {error.strerror}"
            _say(f"slot {slot} {passed[slot]}")
    return NOT_STARTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
