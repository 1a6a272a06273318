"""Runs checks, each in a thread of its own and for a bounded time: a check that hangs is a finding."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from skerry_edge.agent.doctor.findings import Check, Finding
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.foundation.redaction import redact


def run_checks(
    checks: Iterable[Check], *, before: Callable[[Check], None] = lambda _: None
) -> Iterator[Sequence[Finding]]:
    """Yield what each check found, in order; ``before`` is called with each one that begins.

    None is begun before the one before it ended or was given up.
    """
    for check in checks:
        before(check)
        yield _run(check)


def _run(check: Check) -> Sequence[Finding]:
    answers: list[Sequence[Finding]] = []
    # A daemon: what hangs in the kernel cannot be ended, and must not keep the program from ending.
    thread = threading.Thread(target=lambda: answers.append(_look(check)), name=f"check {check.name}", daemon=True)
    thread.start()
    thread.join(check.limit_s)
    if not answers:
        return (_hung(check),)
    return answers[0]


def _look(check: Check) -> Sequence[Finding]:
    try:
        return check.look()
    except SkerryError as error:
        found = redact("; ".join(filter(None, (error.what, error.where, error.found))))
        return (Finding(name=check.name, status="failed", found=found, todo=error.todo or check.todo),)
    except Exception as error:  # noqa: BLE001  # the thread's outermost place: a check that trips is a finding
        text = redact(f"the check itself failed: {type(error).__name__}: {error}")
        return (Finding(name=check.name, status="failed", found=text, todo="report this with a support bundle"),)


def _hung(check: Check) -> Finding:
    return Finding(
        name=check.name,
        status="failed",
        found=f"no answer within {check.limit_s:g} s",
        todo="look into the kernel's log (dmesg), plug what it names in anew, or restart the device",
    )
