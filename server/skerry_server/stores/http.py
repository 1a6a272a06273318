"""HTTP to a time-series store: one bounded request, and what its failure means."""

from __future__ import annotations

import httpx

from skerry_server.errors import RefusedPointsError, StoreError

MAX_SHOWN_CHARS = 500
POINTS_ARE_WRONG = (400, 413, 422)
"""Statuses that say that the body itself cannot be taken; all others may pass."""


class StoreHttp:
    """A connection to a store's HTTP interface."""

    def __init__(
        self, url: str, *, timeout_s: float, basic: tuple[str, str] | None = None, token: str | None = None
    ) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Token {token}"} if token else {}
        # trust_env: a proxy from the environment has no place between the server and its own database.
        self._client = httpx.Client(base_url=self.url, timeout=timeout_s, auth=basic, headers=headers, trust_env=False)

    def request(
        self, method: str, path: str, *, params: dict[str, str] | None = None, content: bytes | None = None
    ) -> httpx.Response:
        """Send one request and return an answer below status 400. Raises StoreError and RefusedPointsError."""
        try:
            response = self._client.request(method, path, params=params, content=content)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise StoreError(
                "the time-series store does not answer", where=self.url, found=f"{type(error).__name__}: {error}"
            ) from error
        if response.status_code >= 400:
            raise failure(response.status_code, response.text, where=f"{self.url}{path}")
        return response

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def failure(status: int, body: str, *, where: str) -> StoreError | RefusedPointsError:
    """Return the error that an HTTP ``status`` of a store stands for."""
    found = f"HTTP {status}: {' '.join(body.split())[:MAX_SHOWN_CHARS]}"
    if status in POINTS_ARE_WRONG:
        return RefusedPointsError("the time-series store refuses the points", where=where, found=found)
    todo = "check the user name, password or token" if status in (401, 403) else None
    return StoreError("the time-series store failed", where=where, found=found, todo=todo)
