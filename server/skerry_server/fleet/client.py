"""The API as the commands call it: pages put together, errors of the server told in its own words."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from skerry_edge.foundation.errors import ConfigError, DataError, ReachError, SkerryError
from skerry_server.config.http import is_loopback
from skerry_server.fleet.account import Account

TIMEOUT_S = 30.0
PAGE = 500
MAX_WAIT_S = 60
_SIGN_IN = "sign in with 'skerry fleet login', or give --token-file"


class Client:
    """A signed-in client, until it is closed. Raises ConfigError where its token would go in the clear."""

    def __init__(self, account: Account) -> None:
        self._account = account
        parts = urlsplit(account.url)
        if account.token is not None and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ConfigError("a token must not go in the clear", where=account.url, todo="use https://")
        headers = {"accept": "application/json"}
        if account.token is not None:
            headers["authorization"] = f"Bearer {account.token}"
        self._http = httpx.Client(
            base_url=f"{account.url}/api/v1/",
            headers=headers,
            timeout=TIMEOUT_S,
            verify=_verification(account),
            trust_env=False,
        )

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()

    def get(self, path: str, query: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401  # JSON
        """Return the answer to a question. Raises SkerryError."""
        return self.ask("GET", path, query=query)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401  # JSON
        """Return the answer to a request, None where it has no body. Raises SkerryError."""
        params = {key: value for key, value in (query or {}).items() if value is not None}
        try:
            answer = self._http.request(method, path, params=params, json=body, headers=headers)  # type: ignore[arg-type]  # httpx takes lists too
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ReachError(
                "the server cannot be reached", where=self._account.url, found=str(error) or repr(error)
            ) from error
        if not answer.is_success:
            raise _refusal(answer)
        return _json(answer) if answer.content else None

    def pages(self, path: str, key: str, query: Mapping[str, object], *, limit: int) -> Iterator[dict[str, Any]]:
        """Yield at most ``limit`` rows of a list, page by page. Raises SkerryError."""
        cursor: str | None = None
        while limit > 0:
            page = self.get(path, {**query, "limit": min(limit, PAGE), "cursor": cursor})
            rows, cursor = self._rows_of(page, key, cursor)
            yield from rows[:limit]
            limit -= len(rows)
            if cursor is None:
                return

    def _rows_of(self, page: Any, key: str, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:  # noqa: ANN401  # JSON
        """Return the rows of the page at ``cursor``, and where the next one begins. Raises DataError."""
        is_page = isinstance(page, dict) and isinstance(page.get(key), list) and "next" in page
        # One whose next is itself would be asked for ever.
        if not is_page or (cursor is not None and page["next"] == cursor):
            raise DataError("this does not answer as a Skerry server does", where=self._account.url)
        return page[key], page["next"]


@contextmanager
def connected(account: Account) -> Iterator[Client]:
    """Give a client that is closed when the block ends. Raises ConfigError."""
    client = Client(account)
    try:
        yield client
    finally:
        client.close()


def part(name: str) -> str:
    """Return a name as one part of a path, whatever it holds. Raises ConfigError for what would be another path."""
    if name in ("", ".", ".."):
        raise ConfigError("this is no name", found=repr(name))
    return quote(name, safe="")


def _verification(account: Account) -> ssl.SSLContext | bool:
    if account.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=account.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            "the certificate authority cannot be loaded", where=str(account.ca_file), found=str(error)
        ) from error


def _refusal(answer: httpx.Response) -> SkerryError:
    """Return the server's error: what is wrong with the request is exit code 2, what is wrong with the server is 4."""
    told = _told(answer)
    where = told.get("where") or answer.request.url.path
    todo = _SIGN_IN if answer.status_code == httpx.codes.UNAUTHORIZED else told.get("todo")
    is_ours = answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR and answer.status_code != 429
    kind = ConfigError if is_ours else ReachError
    return kind(told["error"], where=where, found=told.get("found"), todo=todo)


def _told(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        told = None
    if isinstance(told, dict) and isinstance(told.get("error"), str):
        return told
    return {"error": "the server does not answer as wanted", "found": f"status {answer.status_code}"}


def _json(answer: httpx.Response) -> Any:  # noqa: ANN401  # JSON
    try:
        return answer.json()
    except ValueError as error:
        raise DataError("this does not answer as a Skerry server does", where=str(answer.request.url)) from error
