"""What an installation did or would do, as text and for programs; no secret is in either."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from skerry_edge.agent.install.executor import Outcome
from skerry_edge.agent.install.steps import Command, Folder, Link, ServiceUser, Step, TextFile
from skerry_edge.foundation.redaction import MASK


def facts(outcomes: Iterable[Outcome]) -> list[dict[str, object]]:
    """Return one object for each step with what became of it."""
    return [
        {"step": type(one.step).__name__, "result": one.result, "note": one.note, **_fields(one.step)}
        for one in outcomes
    ]


def lines(outcomes: Iterable[Outcome], *, with_contents: bool) -> Iterator[str]:
    """Give a line for each step; ``with_contents`` shows what the files hold, indented."""
    for one in outcomes:
        note = f" ({one.note})" if one.note else ""
        yield f"{one.result:<10} {_title(one.step)}{note}"
        if with_contents and isinstance(one.step, TextFile):
            content = f"{MASK}\n" if one.step.secret else one.step.content
            yield from (f"    | {line}" for line in content.splitlines())


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
    if isinstance(step, TextFile) and step.secret:
        fields["content"] = MASK
    if isinstance(step, TextFile | Folder):
        fields["mode"] = f"{step.mode:04o}"
    if isinstance(step, Command):
        fields["program"] = list(step.program)
    return fields
