"""What an installation did or would do, as text and for programs; no secret is in either."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from skerry_edge.agent.install.executor import Outcome
from skerry_edge.agent.install.steps import Command, Folder, Link, ServiceUser, Step, TextFile
from skerry_edge.foundation.redaction import MASK, redact

_FORESEEN = {
    "created": "would create",
    "changed": "would change",
    "removed": "would remove",
    "ran": "would run",
    "kept": "would keep",
}
"""What a rehearsal says instead."""


def facts(outcomes: Iterable[Outcome], *, is_rehearsal: bool) -> list[dict[str, object]]:
    """Return one object for each step with what became of it, or would."""
    return [
        {
            "step": type(one.step).__name__,
            "result": one.result,
            "note": one.note,
            "rehearsed": is_rehearsal,
            **_fields(one.step),
        }
        for one in outcomes
    ]


def lines(outcomes: Iterable[Outcome], *, is_rehearsal: bool) -> Iterator[str]:
    """Give a line for each step; a rehearsal shows what the files it would write hold as well, indented."""
    for one in outcomes:
        note = f" ({one.note})" if one.note else ""
        result = _FORESEEN.get(one.result, one.result) if is_rehearsal else one.result
        yield f"{result:<12} {_title(one.step)}{note}"
        if is_rehearsal and isinstance(one.step, TextFile) and one.result in ("created", "changed"):
            yield from (f"    | {line}" for line in _content(one.step).splitlines())


def _content(step: TextFile) -> str:
    """Return what a file holds, as far as it may be shown: a configuration may carry a camera's login."""
    return f"{MASK}\n" if step.secret else redact(step.content)


def _title(step: Step) -> str:
    if isinstance(step, ServiceUser):
        return f"system user {step.name}"
    if isinstance(step, Folder):
        return f"{step.path}/  {step.mode:04o} {step.owner}:{step.group}"
    if isinstance(step, TextFile):
        return f"{step.path}  {step.mode:04o} {step.owner}:{step.group}" if step.mode else step.path
    if isinstance(step, Link):
        return f"{step.path} -> {step.target}"
    return " ".join(step.program)


def _fields(step: Step) -> dict[str, object]:
    fields = asdict(step)
    if isinstance(step, TextFile):
        fields["content"] = MASK if step.secret else redact(step.content)
    if isinstance(step, TextFile | Folder):
        fields["mode"] = f"{step.mode:04o}"
    if isinstance(step, Command):
        fields["program"] = list(step.program)
    return fields
