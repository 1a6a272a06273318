"""Points to lines to a store that takes line protocol, and its refusals back to points."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from skerry_edge.foundation.small_file import DAMAGED
from skerry_server.errors import RefusedPointsError
from skerry_server.stores.base import Point
from skerry_server.stores.canary import Canary
from skerry_server.stores.http import RejectedRequestError
from skerry_server.stores.lineprotocol import LineEncoder
from skerry_server.stores.refusals import RejectedLinesError, find_refused

_DROPPED = re.compile(r"partial write: (?P<reason>.*) dropped=(?P<dropped>\d+)", re.DOTALL)
_CONFLICT = re.compile(r'input field "(?P<field>[^"]+)" on measurement "(?P<measurement>[^"]+)"')
TOO_LARGE = 413


class _Line(msgspec.Struct):
    line_number: int
    error_message: str


class _Answer(msgspec.Struct):
    """InfluxDB's errors: 1.x says ``error``, 2.x ``message``, 3 ``error`` with the lines in ``data``."""

    error: str | None = None
    message: str | None = None
    data: list[_Line] | _Line | None = None


class LineWriter:
    """Writes points by ``post``, which raises RejectedRequestError where the store does not take the lines."""

    def __init__(self, post: Callable[[bytes], object], *, where: str) -> None:
        self._post = post
        self._where = where
        self._encoder = LineEncoder()
        self._canary = Canary(where=where)

    def write(self, points: Sequence[Point]) -> None:
        """Write ``points``, in one request where all is well. Raises RefusedPointsError, and what ``post`` raises.

        A store that takes no line at all, and does not say what is wrong with them, is a StoreError.
        """
        encoded = self._encoder.encode(points)
        lines = encoded.lines
        found = find_refused(lines, self._send, lambda reason: self._canary.ask(lines, self._send, reason))
        if len(found) < len(lines):
            self._canary.took(next(line for index, line in enumerate(lines) if index not in found))
        refused = dict(encoded.refused)
        for position, reason in found.items():
            refused[encoded.indices[position]] = reason
        if refused:
            raise RefusedPointsError(refused, where=self._where)

    def _send(self, lines: Sequence[bytes]) -> None:
        try:
            self._post(b"".join(lines))
        except RejectedRequestError as error:
            raise rejection(error, lines) from error


def rejection(error: RejectedRequestError, lines: Sequence[bytes]) -> RejectedLinesError:
    """Return what InfluxDB's answer says of ``lines``; raises ``error`` itself where it is no answer of InfluxDB's.

    1.x and 2.x say ``partial write: … dropped=N`` where they stored the others, and only what is wrong where they
    stored nothing (https://docs.influxdata.com/influxdb/v1/tools/api/#write-http-endpoint,
    https://docs.influxdata.com/influxdb/v2/write-data/troubleshoot/). 3 gives the number of each refused
    line, from 1 on, and has stored the others.
    """
    if error.status == TOO_LARGE:
        return RejectedLinesError("the body is too large for the store")
    try:
        answer = msgspec.json.decode(error.body, type=_Answer)
    except DAMAGED:
        raise error from None
    said = answer.error or answer.message
    if not said:
        raise error
    if isinstance(answer.data, list) and answer.data and all(0 < one.line_number <= len(lines) for one in answer.data):
        return RejectedLinesError(said, which={one.line_number - 1: one.error_message for one in answer.data})
    matched = _DROPPED.search(said)
    if matched is None:
        return RejectedLinesError(said)
    return RejectedLinesError(said, dropped=int(matched["dropped"]), suspects=_suspects(matched["reason"], lines))


def _suspects(reason: str, lines: Sequence[bytes]) -> list[int]:
    """Return the lines with the field that a type conflict names."""
    matched = _CONFLICT.search(reason)
    if matched is None:
        return []
    measurement, name = f"{matched['measurement']},".encode(), matched["field"].encode() + b"="
    return [index for index, line in enumerate(lines) if line.startswith(measurement) and name in line]
