"""Messages that no server can accept: every family of them, with the reason under which it becomes a dead letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from skerry_edge.contracts.messages import MAX_JSON_BYTES
from skerry_edge.contracts.topics import ROOT
from skerry_server.simulate.acts import Outgoing

DEPTH = 20_000
"""Deeper than any supported Python decodes: 3.13 takes nearly 10,000 levels, 3.10 and 3.11 nearly 1,000."""
ABSURD_MS = 2**53 + 1
"""A time beyond what the contract allows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Malformed:
    """A family of broken messages: its name, the reason of its dead letter, and how one is made."""

    name: str
    reason: str
    make: Callable[[str, str, str], Outgoing]
    """Takes the device's site and name, and a mark that nothing else holds, which is kept at the payload's front."""


def _head(mark: str) -> str:
    session = f'"session":"00000001-00000000","seq":1,"ts":1,"clock":"synced","id":"{mark}"'
    return f'{{"mark":"{mark}","v":1,{session}'


def _vitals(mark: str, tail: str = "") -> str:
    numbers = '"uptime_s":1,"cpu_percent":1,"memory_used_mb":1,"memory_total_mb":2'
    return f'{_head(mark)},"board":"generic-arm64","agent_version":"1",{numbers}{tail}'


def _of(kind: str, make: Callable[[str], str | bytes]) -> Callable[[str, str, str], Outgoing]:
    """Return a maker that publishes under the device's own topic of ``kind``."""

    def publish(site: str, device: str, mark: str) -> Outgoing:
        payload = make(mark)
        return Outgoing(
            topic=f"{ROOT}/{site}/{device}/{kind}", payload=payload if isinstance(payload, bytes) else payload.encode()
        )

    return publish


def _foreign_site(_site: str, device: str, mark: str) -> Outgoing:
    return Outgoing(topic=f"{ROOT}/elsewhere/{device}/heartbeat", payload=_vitals(mark, ',"disk_free_mb":3}').encode())


def _foreign_command(site: str, device: str, mark: str) -> Outgoing:
    return Outgoing(
        topic=f"{ROOT}/{site}/{device}/result/another", payload=f'{_head(mark)},"command":"one","ok":true}}'.encode()
    )


def _wrong_topic(site: str, device: str, mark: str) -> Outgoing:
    return Outgoing(topic=f"{ROOT}/{site}/{device}/telemetry", payload=_vitals(mark, ',"disk_free_mb":3}').encode())


FAMILIES = (
    Malformed(name="truncated", reason="encoding", make=_of("heartbeat", _vitals)),
    Malformed(
        name="huge",
        reason="oversize",
        make=_of("event", lambda mark: f'{_head(mark)},"message":"{"x" * MAX_JSON_BYTES}"}}'),
    ),
    Malformed(
        name="nested",
        reason="encoding",
        make=_of("event", lambda mark: f'{_head(mark)},"more":{"[" * DEPTH}{"]" * DEPTH}}}'),
    ),
    Malformed(
        name="no UTF-8",
        reason="encoding",
        make=_of("status", lambda mark: f'{_head(mark)},"state":"online","reason":"'.encode() + b'\xff\xfe"}'),
    ),
    Malformed(name="NaN", reason="encoding", make=_of("heartbeat", lambda mark: _vitals(mark, ',"disk_free_mb":NaN}'))),
    Malformed(name="missing field", reason="schema", make=_of("heartbeat", lambda mark: _vitals(mark, "}"))),
    Malformed(
        name="mistyped field",
        reason="schema",
        make=_of("heartbeat", lambda mark: _vitals(mark, ',"disk_free_mb":"much"}')),
    ),
    Malformed(
        name="absurd time",
        reason="schema",
        make=_of("heartbeat", lambda mark: _vitals(mark, f',"disk_free_mb":3,"ts":{ABSURD_MS}}}')),
    ),
    Malformed(name="no picture", reason="encoding", make=_of("snapshot/one", lambda mark: f"GIF89a {mark}".encode())),
    Malformed(name="wrong topic", reason="topic", make=_wrong_topic),
    Malformed(name="foreign site", reason="identity", make=_foreign_site),
    Malformed(name="foreign command", reason="identity", make=_foreign_command),
)
