"""Signed releases over HTTP: the repository's folders as static files, with ETag and Range, to whoever asks."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from skerry_server.config.server import Settings
from skerry_server.rollouts.catalogue import Catalogue

METADATA, TARGETS = "/ota/metadata", "/ota/targets"
CHANGING = "timestamp.json"
"""The only file of a repository that is ever replaced."""
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, no-cache"
NOT_KEPT = "no-store"


class ReleaseFiles(StaticFiles):
    """A folder whose files never change once they are there, but for the timestamp; so caches are told.

    Files that are being written, and whatever else begins with a dot, are not there.
    """

    async def check_config(self) -> None:
        """Do without the folder: the repository may be founded, or its disk mounted, after the server was started."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file at ``path``, or that there is none yet, which no cache may remember."""
        hidden = any(part.startswith(".") for part in PurePosixPath(path).parts)
        try:
            response = await super().get_response("/" if hidden else path, scope)
        except HTTPException as error:
            # Each device asks for the root after its own: a remembered absence would hide a rotation from it.
            return PlainTextResponse(error.detail, error.status_code, headers={"cache-control": NOT_KEPT})
        response.headers["cache-control"] = ASK_AGAIN if path == CHANGING else FOR_GOOD
        return response


def add_release_files(api: FastAPI, repository: Path | None) -> None:
    """Serve the repository in ``repository``; what is published in it later is there at once."""
    if repository is None:
        return
    for prefix, folder in ((METADATA, "metadata"), (TARGETS, "targets")):
        api.mount(prefix, ReleaseFiles(directory=repository / folder, check_dir=False))


def open_catalogue(settings: Settings) -> Catalogue | None:
    """Return the releases that this server can roll out; None where it has no repository."""
    return None if settings.ota_repository is None else Catalogue(settings.ota_repository)
