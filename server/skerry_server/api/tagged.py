"""Entity tags: an answer that has not changed is not sent again (RFC 9110, 8.8.3 and 13.1.2)."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import Header, Response
from pydantic import BaseModel

from skerry_server.api.context import Responses

IfNoneMatch = Annotated[str | None, Header(description="`ETag` of an earlier answer.", max_length=4096)]
UNCHANGED: Responses = {304: {"description": "It is as it was at the `ETag` that was sent."}}


def tagged(answer: BaseModel, if_none_match: str | None) -> Response:
    """Return ``answer`` with its tag, or 304 without a body where the caller has it already."""
    body = answer.model_dump_json().encode()
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if if_none_match is not None and _is_among(tag, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _is_among(tag: str, listed: str) -> bool:
    opaque = tag.removeprefix("W/")
    return any(one.strip().removeprefix("W/") in (opaque, "*") for one in listed.split(","))
