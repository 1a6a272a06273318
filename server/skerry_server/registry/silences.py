"""Silences: alerts that people do not want to be told of for a while."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from skerry_edge.foundation.errors import ConfigError
from skerry_server.errors import NotFoundError
from skerry_server.registry.audit.trail import Author, note
from skerry_server.registry.checks import MAX_NOTE_CHARS, check_text
from skerry_server.registry.fleet.changes import get_device
from skerry_server.registry.fleet.groups import get_group
from skerry_server.registry.models import SilenceRow


def add_silence(
    session: Session,
    author: Author,
    *,
    until_ms: int,
    comment: str,
    rule: str | None = None,
    device: str | None = None,
    group: str | None = None,
) -> SilenceRow:
    """Silence a rule, a device or a group, or what is common to those given. Raises ConfigError, NotFoundError."""
    check_text(comment, where="the comment", max_chars=MAX_NOTE_CHARS)
    if until_ms <= author.ts_ms:
        raise ConfigError("the silence would be over already", where="until_ms", found=f"{until_ms}")
    if device is not None:
        get_device(session, device)
    if group is not None:
        get_group(session, group)
    row = SilenceRow(
        rule=rule,
        device=device,
        group=group,
        created_ms=author.ts_ms,
        until_ms=until_ms,
        author=author.name,
        comment=comment,
    )
    session.add(row)
    session.flush()
    told = {"silence": row.id, "rule": rule, "group": group, "until_ms": until_ms, "comment": comment}
    note(session, author, "silence.add", device or "", told)
    return row


def end_silence(session: Session, author: Author, silence_id: int) -> None:
    """End a silence now. Raises NotFoundError."""
    row = session.scalar(select(SilenceRow).where(SilenceRow.id == silence_id).with_for_update())
    if row is None:
        raise NotFoundError("there is no such silence", found=str(silence_id))
    if row.until_ms > author.ts_ms:
        row.until_ms = author.ts_ms
        session.flush()
        note(session, author, "silence.end", row.device or "", {"silence": silence_id})


def get_silence(session: Session, silence_id: int) -> SilenceRow:
    """Return a silence. Raises NotFoundError."""
    row = session.get(SilenceRow, silence_id)
    if row is None:
        raise NotFoundError("there is no such silence", found=str(silence_id))
    return row


def active_silences(session: Session, *, now_ms: int) -> list[SilenceRow]:
    """Return the silences that hold, oldest first."""
    return list(session.scalars(select(SilenceRow).where(SilenceRow.until_ms > now_ms).order_by(SilenceRow.id)))


def holds_for(silence: SilenceRow, *, rule: str, device: str | None, groups: Collection[str]) -> bool:
    """Tell whether ``silence`` is about an alert of ``rule`` and ``device``, which is in ``groups``.

    ``device`` of None is the fleet or the server: a silence of a device or a group is not about that.
    """
    if silence.rule not in (None, rule):
        return False
    if device is None:
        return silence.device is None and silence.group is None
    return silence.device in (None, device) and (silence.group is None or silence.group in groups)
