"""HTTP to a time-series store: one bounded request, and what its failure means."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Literal

import httpx

from skerry_server.errors import StoreError

MAX_SHOWN_CHARS = 500
MAX_ANSWER_BYTES = 256 * 1024 * 1024
"""More than any answer to what is asked here; whatever sends more is no store, and must not fill our memory."""
ANSWER_TIMEOUTS = 10
"""So many times the time-out an answer's body may take in all; the time-out itself is for each read."""
PIECE_BYTES = 64 * 1024
BODY_IS_WRONG = (400, 413, 422)
"""Statuses that say that the body itself cannot be taken; all others may pass."""
NO_CONTENT = 204
ASKS_TO_WAIT = (429, 503)
FROM_A_PROXY = (502, 504)
MAX_WAIT_S = 60.0
"""A store is left alone for no longer than this, whatever it asks for."""


class AnswerError(StoreError):
    """The store answered that something failed; ``status`` and ``body`` are its answer."""

    def __init__(self, what: str, status: int, body: str, *, where: str, todo: str | None = None) -> None:
        super().__init__(what, where=where, found=shown(status, body), todo=todo)
        self.status = status
        self.body = body
        # A proxy in front of a store that is gone answers in its place.
        self.may_have_lost = status in FROM_A_PROXY


class RejectedRequestError(AnswerError):
    """The store answered that it does not take this request as it is."""


class StoreHttp:
    """A connection to a store's HTTP interface."""

    def __init__(
        self, url: str, *, timeout_s: float, basic: tuple[str, str] | None = None, token: str | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._token = token
        # trust_env: a proxy from the environment has no place between the server and its own database.
        self._client = httpx.Client(base_url=self.url, timeout=timeout_s, auth=basic, trust_env=False)
        self.authorize("Bearer")
        self._not_before: dict[str, float] = {}
        self._longest_s = ANSWER_TIMEOUTS * timeout_s

    def authorize(self, scheme: Literal["Bearer", "Token"]) -> None:
        """Send the token, where there is one, in the way that ``scheme`` names."""
        if self._token is not None:
            self._client.headers["Authorization"] = f"{scheme} {self._token}"

    def request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        content: bytes | None = None,
        json: object = None,
    ) -> httpx.Response:
        """Send one request and return an answer of success. Raises StoreError and RejectedRequestError.

        A path of which the store said when to come again is not asked before.
        """
        wait_s = self._not_before.get(path, 0.0) - time.monotonic()
        if wait_s > 0:
            raise _busy(f"it asked to be left alone for {wait_s:.0f} s more", wait_s, where=f"{self.url}{path}")
        body = None if content is None else _poured([content])
        headers = None if content is None else {"Content-Length": str(len(content))}
        try:
            with self._client.stream(method, path, params=params, content=body, headers=headers, json=json) as coming:
                response = self._whole(coming)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise StoreError(
                "the time-series store does not answer", where=self.url, found=f"{type(error).__name__}: {error}"
            ) from error
        if not response.is_success:
            raise self._failure(path, response)
        return response

    def write(self, path: str, params: dict[str, str], lines: bytes) -> None:
        """Post ``lines`` and return when they are taken. Raises StoreError and RejectedRequestError."""
        response = self.request("POST", path, params=params, content=lines)
        # All stores answer 204. InfluxDB 1.x says 200 for a write that it did not complete, and a sign-in page of a
        # proxy is a 200 as well.
        if response.status_code != NO_CONTENT:
            raise AnswerError(
                "this is no answer to a write", response.status_code, response.text, where=f"{self.url}{path}"
            )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _whole(self, coming: httpx.Response) -> httpx.Response:
        """Return an answer with its body, unpacked. Raises StoreError for one that has no end in size or time."""
        end_s = time.monotonic() + self._longest_s
        taken, pieces = 0, []
        for piece in coming.iter_bytes(PIECE_BYTES):
            taken += len(piece)
            if taken > MAX_ANSWER_BYTES or time.monotonic() > end_s:
                raise StoreError("the answer of the time-series store has no end", where=self.url)
            pieces.append(piece)
        headers = [(name, value) for name, value in coming.headers.multi_items() if name != "content-encoding"]
        return httpx.Response(coming.status_code, headers=headers, content=b"".join(pieces))

    def _failure(self, path: str, response: httpx.Response) -> StoreError:
        status, where = response.status_code, f"{self.url}{path}"
        if status in BODY_IS_WRONG:
            return RejectedRequestError("the time-series store rejects the request", status, response.text, where=where)
        wait_s = retry_after_s(response.headers.get("Retry-After")) if status in ASKS_TO_WAIT else None
        if wait_s is not None:
            self._not_before[path] = time.monotonic() + wait_s
            return _busy(shown(status, response.text), wait_s, where=where)
        todo = "check the user name, password or token" if status in (401, 403) else None
        return AnswerError("the time-series store failed", status, response.text, where=where, todo=todo)


def _poured(body: list[bytes]) -> Iterator[bytes]:
    """Yield a body and hold it no longer: httpx keeps each request in a circle until the garbage collector comes."""
    yield body.pop()


def retry_after_s(header: str | None) -> float | None:
    """Return the seconds of a Retry-After header, bounded; None where there is none or it is no number of seconds."""
    # The other form, a date, is left to the caller's own pace: it would need two clocks that agree.
    if header is None or not header.strip().isdecimal():
        return None
    return min(float(header), MAX_WAIT_S)


def shown(status: int, body: str) -> str:
    """Return an answer on one line, cut to what a person reads."""
    return f"HTTP {status}: {' '.join(body.split())[:MAX_SHOWN_CHARS]}"


def _busy(found: str, wait_s: float, *, where: str) -> StoreError:
    error = StoreError("the time-series store is busy", where=where, found=found)
    error.retry_after_s = wait_s
    error.may_have_lost = False
    return error
