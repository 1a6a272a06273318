"""One file from a web server into a part file: gone on with where it stopped, with every wait and length bounded."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Protocol

import urllib3

from skerry_edge.foundation.errors import DataError
from skerry_edge.transfer.disk import DiskError, need_room
from skerry_edge.transfer.part_file import PartFile
from skerry_edge.transfer.patience import Patience
from skerry_edge.transfer.resumption import Body, TransientError, read_answer, request_headers, wrong_size
from skerry_edge.transfer.source import Source
from skerry_edge.transfer.web import answer, failures_told

BLOCK_BYTES = 1 << 16
KEEP_EVERY_BYTES = 4 << 20
"""How much a power cut may cost at most."""


class Progress(Protocol):
    """What is told how far a download is."""

    def begin(self, name: str) -> None:
        """Tell which file comes now."""
        ...

    def at(self, done_bytes: int, total_bytes: int) -> None:
        """Tell how much of a file is there."""
        ...

    def note(self, text: str) -> None:
        """Tell what a person should know: a wait, another process."""
        ...


def download(source: Source, part: PartFile, patience: Patience, progress: Progress) -> None:
    """Make ``part`` whole from ``source``: of one of its sizes, its content not judged.

    What is there of it is kept when this fails, for the next time. Raises ReachError where the server or the disk
    (DiskError) fails, DataError where the server has another file.
    """
    failures = 0
    while True:
        before = part.size()
        failure = _tried(source, part, patience, progress)
        if failure is None:
            return
        # A line that breaks again and again, and brings something each time, is got through in the end.
        failures = 1 if part.size() >= before + BLOCK_BYTES else failures + 1
        if failures == patience.attempts:
            raise failure
        wait_s = patience.wait_s(failures, failure.retry_after_s)
        progress.note(f"{failure.what} ({failure.found or 'no reason given'}); trying again in {wait_s:.0f} s")
        patience.sleep(wait_s)


def _tried(source: Source, part: PartFile, patience: Patience, progress: Progress) -> TransientError | None:
    """Make one attempt, and return why it failed where another one may help. What is useless of the part is gone."""
    try:
        _attempt(source, part, patience, progress)
    except TransientError as error:
        if error.part_is_useless:
            part.discard()
        return error
    except DataError:
        part.discard()
        raise
    return None


def _attempt(source: Source, part: PartFile, patience: Patience, progress: Progress) -> None:
    origin = part.origin()
    if origin is None or origin.url != source.url or origin.kept > max(source.sizes):
        offset, validator = 0, None
    elif origin.kept == origin.total:
        return
    else:
        offset, validator = origin.kept, origin.validator
    headers = request_headers(offset, validator)
    with failures_told(source.url), closing(answer(source.url, headers, patience)) as response:
        body = read_answer(response.status, response.headers, url=source.url, offset=offset, sizes=source.sizes)
        _receive(response, body, source, part, patience, progress)
    if part.size() not in source.sizes or body.total not in (None, part.size()):
        raise TransientError("the server ended early", where=source.url, found=f"{part.size()} bytes")


def _receive(
    response: urllib3.BaseHTTPResponse,
    body: Body,
    source: Source,
    part: PartFile,
    patience: Patience,
    progress: Progress,
) -> None:
    total = body.total or max(source.sizes)
    began = time.monotonic()
    longest_s = patience.longest_s(total - body.offset)
    done = kept = body.offset
    try:
        need_room(part.path.parent, total - body.offset, reserve_bytes=patience.reserve_bytes)
        with part.writing(source.url, body) as file:
            while block := response.read1(BLOCK_BYTES, decode_content=False):
                done += len(block)
                if done > total:
                    raise wrong_size(source.url, f"more than {total}", source.sizes)
                file.write(block)
                progress.at(done, total)
                if done - kept >= KEEP_EVERY_BYTES:
                    part.keep(file)
                    kept = done
                    need_room(part.path.parent, total - done, reserve_bytes=patience.reserve_bytes)
                took_s = time.monotonic() - began
                if took_s > longest_s:
                    found = f"{done} of {total} bytes"
                    raise TransientError("the server is too slow", where=source.url, found=found, stalled=True)
                if patience.most_rate is not None:
                    patience.sleep(max(0.0, (done - body.offset) / patience.most_rate - took_s))
    except OSError as error:
        # Timeouts and broken connections are urllib3's own errors, none of them an OSError.
        raise DiskError.of(part.path, error) from error
