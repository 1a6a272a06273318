"""Which backend a pipeline runs on: pure decisions about its choices in order, failures on them, and the way back.

The rule. A backend is left for the next in order when it is missing on this machine, when a child hangs on it, or after
`FAILURES_BEFORE_NEXT` failures in a row that are the backend's. What the source or the network does, or what is wrong
with the configuration, is not the backend's fault, and costs no backend its place. When no choice is left, all are
tried again from the first.

While a later choice runs well, the earlier ones are tried again beside it, the first choice first. Each return that
fails, or lasts no longer than the wait before it, doubles the wait for the next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from skerry_edge.agent.line.blame import Blame

FAILURES_BEFORE_NEXT = 2
FIRST_RETURN_S = 60.0
MAX_RETURN_S = 3600.0
_MAX_DOUBLINGS = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """The backends of a pipeline in the configured order and what is known of them; times are monotonic seconds.

    ``reasons`` tells for each why it was left, None where nothing is known against it. ``failures`` are those in a
    row on the current one, which is number ``current``. ``candidate`` is the one that is tried beside it.
    ``returned_s`` is when the current one was returned to.
    """

    backends: tuple[str, ...]
    reasons: tuple[str | None, ...]
    current: int = 0
    failures: int = 0
    candidate: int | None = None
    failed_returns: int = 0
    return_due_s: float = float("inf")
    returned_s: float | None = None


def choices_of(backends: tuple[str, ...]) -> Choices:
    """Return the choices of a pipeline that has not run yet; without names, the only choice is the model's own."""
    return Choices(backends=backends, reasons=(None,) * max(1, len(backends)))


def name_of(choices: Choices, number: int) -> str | None:
    """Return the name of choice ``number``, None where it is the model's own."""
    return choices.backends[number] if choices.backends else None


def return_wait_s(failed_returns: int) -> float:
    """Return how long a later choice runs before an earlier one is tried again."""
    return min(MAX_RETURN_S, FIRST_RETURN_S * 2.0 ** min(failed_returns, _MAX_DOUBLINGS))


def failed(choices: Choices, now_s: float, blame: Blame, reason: str) -> Choices:
    """Return the choices after a failure of the current one; compare ``current`` to see whether it was left."""
    if blame in ("configuration", "elsewhere"):
        return replace(choices, candidate=None)
    failures = choices.failures + 1
    if blame == "backend" and failures < FAILURES_BEFORE_NEXT:
        return replace(choices, failures=failures, candidate=None)
    return _left(choices, now_s, reason)


def _left(choices: Choices, now_s: float, reason: str) -> Choices:
    reasons = _with(choices.reasons, choices.current, reason)
    failed_returns = choices.failed_returns
    if choices.returned_s is not None:
        lasted = now_s - choices.returned_s > return_wait_s(failed_returns)
        failed_returns = 0 if lasted else failed_returns + 1
    count = len(reasons)
    following = [(choices.current + step) % count for step in range(1, count)]
    current = next((number for number in following if reasons[number] is None), None)
    if current is None:
        return Choices(backends=choices.backends, reasons=(None,) * count, failed_returns=failed_returns)
    return Choices(
        backends=choices.backends,
        reasons=reasons,
        current=current,
        failed_returns=failed_returns,
        return_due_s=now_s + return_wait_s(failed_returns) if current else float("inf"),
    )


def has_moved_on(before: Choices, after: Choices) -> bool:
    """Tell whether a failure made the pipeline leave its backend for one that nothing is known against."""
    return after.current != before.current and after.reasons[before.current] is not None


def untried(choices: Choices) -> Choices:
    """Return the choices after a trial was given up because of the current one; it comes to its turn again."""
    return replace(choices, candidate=None)


def stable(choices: Choices) -> Choices:
    """Return the choices after the current one has run well for a while: its next failure is the first of a row."""
    return replace(choices, failures=0)


def is_return_due(choices: Choices, now_s: float) -> bool:
    """Tell whether an earlier choice is to be tried now; the caller asks only while the current one runs well."""
    return choices.candidate is None and choices.current > 0 and now_s >= choices.return_due_s


def trying(choices: Choices) -> Choices:
    """Return the choices with the first one tried beside the current one."""
    return replace(choices, candidate=0)


def trial_failed(choices: Choices, now_s: float, reason: str) -> Choices:
    """Return the choices after a trial that came to nothing: the next earlier choice is tried, or all of them later."""
    if choices.candidate is None:
        return choices
    reasons = _with(choices.reasons, choices.candidate, reason)
    candidate = choices.candidate + 1
    if candidate < choices.current:
        return replace(choices, reasons=reasons, candidate=candidate)
    failed_returns = choices.failed_returns + 1
    return replace(
        choices,
        reasons=reasons,
        candidate=None,
        failed_returns=failed_returns,
        return_due_s=now_s + return_wait_s(failed_returns),
    )


def returned(choices: Choices, now_s: float) -> Choices:
    """Return the choices after the candidate has taken over from the current one."""
    if choices.candidate is None:
        return choices
    return replace(
        choices,
        reasons=_with(choices.reasons, choices.candidate, None),
        current=choices.candidate,
        candidate=None,
        failures=0,
        return_due_s=now_s + return_wait_s(choices.failed_returns) if choices.candidate else float("inf"),
        returned_s=now_s,
    )


def second_choice(choices: Choices) -> str | None:
    """Say on what the pipeline runs and why not on its first choice; None where it is on that."""
    if choices.current == 0:
        return None
    against = "; ".join(
        f"{name}: {reason or 'not tried'}"
        for name, reason in zip(choices.backends[: choices.current], choices.reasons, strict=False)
    )
    return f"runs on {choices.backends[choices.current]} instead of {choices.backends[0]} ({against})"


def _with(reasons: tuple[str | None, ...], number: int, reason: str | None) -> tuple[str | None, ...]:
    return (*reasons[:number], reason, *reasons[number + 1 :])
