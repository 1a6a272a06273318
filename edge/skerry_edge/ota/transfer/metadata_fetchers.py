"""Metadata for TUF's client: small files, each bounded in length and time, from the web or from a folder."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

from tuf.api.exceptions import DownloadHTTPError, DownloadLengthMismatchError
from tuf.ngclient import FetcherInterface

from skerry_edge.foundation.small_file import read_small
from skerry_edge.ota.transfer.mirrors import METADATA, FolderMirror, Mirror
from skerry_edge.ota.transfer.told import failures_told
from skerry_edge.transfer import web
from skerry_edge.transfer.download import BLOCK_BYTES
from skerry_edge.transfer.folder import FolderError
from skerry_edge.transfer.patience import Patience
from skerry_edge.transfer.resumption import TransientError, refuse_status

_NOT_THERE = frozenset({403, 404})
"""What TUF's client takes for "there is no newer root": some stores of static files say 403."""
_MOST_BYTES = 16 << 20
"""More than any role's metadata may have; TUF's client bounds each of them closer."""


class WebFetcher(FetcherInterface):
    """Fetches from web servers; one that cannot answer now is asked again, as ``patience`` says."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """Return a file of at most ``max_length`` bytes.

        Raises TransferError, DownloadHTTPError for 403 and 404, DownloadLengthMismatchError.
        """
        with failures_told():
            for failures in range(1, self._patience.attempts):
                found = self._tried(url, max_length)
                if isinstance(found, bytes):
                    return found
                self._patience.sleep(self._patience.wait_s(failures, found.retry_after_s))
            return super().download_bytes(url, max_length)

    def _tried(self, url: str, max_length: int) -> bytes | TransientError:
        try:
            return super().download_bytes(url, max_length)
        except TransientError as error:
            return error

    def _fetch(self, url: str) -> Iterator[bytes]:
        headers = {"Accept-Encoding": "identity"}
        with web.failures_told(url), closing(web.answer(url, headers, self._patience)) as response:
            if response.status in _NOT_THERE:
                web.let_go(response)
                raise DownloadHTTPError("the server does not have it", response.status)
            refuse_status(response.status, response.headers, url)
            began, done = time.monotonic(), 0
            while block := response.read1(BLOCK_BYTES, decode_content=False):
                done += len(block)
                yield block
                if time.monotonic() - began > self._patience.longest_s(done):
                    raise TransientError("the server is too slow", where=url, found=f"{done} bytes", stalled=True)


class FolderFetcher(FetcherInterface):
    """Fetches from the `metadata/` of a folder."""

    def __init__(self, mirror: FolderMirror) -> None:
        self._folder = mirror.folder / METADATA

    def download_bytes(self, url: str, max_length: int) -> bytes:
        """Return a file of at most ``max_length`` bytes.

        Raises TransferError, DownloadHTTPError for a missing file, DownloadLengthMismatchError.
        """
        with failures_told():
            return super().download_bytes(url, max_length)

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = self._file(url)
        try:
            yield read_small(path, _MOST_BYTES)
        except FileNotFoundError as error:
            raise DownloadHTTPError("the folder does not have it", 404) from error
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise DownloadLengthMismatchError(error.strerror) from error
            raise FolderError("the folder does not give the file", where=str(path), found=error.strerror) from error

    def _file(self, url: str) -> Path:
        name = unquote(url.rpartition("/")[2])
        if "/" in name or "\0" in name or name in ("", ".", ".."):
            raise DownloadHTTPError("a role's name leads out of the folder", 404)
        return self._folder / name


def fetcher_for(mirror: Mirror, patience: Patience) -> FetcherInterface:
    """Return what fetches metadata from ``mirror``."""
    return FolderFetcher(mirror) if isinstance(mirror, FolderMirror) else WebFetcher(patience)
