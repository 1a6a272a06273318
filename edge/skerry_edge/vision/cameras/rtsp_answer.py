"""What an RTSP server says to a question, and the login that it asks for; pure (RFC 2326, RFC 2617, RFC 4566)."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from skerry_edge.foundation.errors import DataError
from skerry_edge.vision.cameras.rtsp_address import RtspAddress

_STATUS = re.compile(r"RTSP/1\.\d (?P<code>\d{3})(?: (?P<reason>.*))?")
_PARAMETER = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The status of an answer, its headers by their names in lower case, and those that ask for a login."""

    code: int
    reason: str
    headers: Mapping[str, str]
    challenges: tuple[str, ...]


def parse_answer(head: bytes) -> Answer:
    """Return the answer whose lines up to the empty one are ``head``. Raises DataError where it is no RTSP."""
    first, *lines = head.decode("utf-8", errors="replace").split("\r\n")
    status = _STATUS.fullmatch(first.strip())
    if status is None:
        raise DataError("the server does not speak RTSP", found=f"'{first[:80]}'")
    pairs = [
        (name.strip().lower(), value.strip()) for name, colon, value in (one.partition(":") for one in lines) if colon
    ]
    challenges = tuple(value for name, value in pairs if name == "www-authenticate")
    return Answer(code=int(status["code"]), reason=status["reason"] or "", headers=dict(pairs), challenges=challenges)


def has_video(description: str) -> bool:
    """Tell whether a session description (SDP) offers video."""
    return any(line.startswith("m=video") for line in description.splitlines())


def video_codecs(description: str) -> str:
    """Return the names of the video codecs in a session description, for people."""
    is_video, names = False, []
    for line in description.splitlines():
        if line.startswith("m="):
            is_video = line.startswith("m=video")
        elif is_video and line.startswith("a=rtpmap:"):
            names.append(line.partition(" ")[2].partition("/")[0])
    return ", ".join(names) or "a codec without a name"


def authorization(challenges: tuple[str, ...], address: RtspAddress, method: str) -> str | None:
    """Return the header's value that answers a challenge: Digest (MD5) before Basic; None where it is neither."""
    for challenge in sorted(challenges, key=lambda one: not one.lower().startswith("digest")):
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "digest":
            wanted = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
            return _digest(wanted, address, method)
        if scheme.lower() == "basic":
            return "Basic " + b64encode(f"{address.username}:{address.password}".encode()).decode("ascii")
    return None


def _digest(wanted: Mapping[str, str], address: RtspAddress, method: str) -> str:
    realm, nonce = wanted.get("realm", ""), wanted.get("nonce", "")
    login = _md5(f"{address.username}:{realm}:{address.password}")
    request = _md5(f"{method}:{address.url}")
    fields = {"username": address.username, "realm": realm, "nonce": nonce, "uri": address.url}
    if "auth" in wanted.get("qop", "").split(","):
        count, client_nonce = "00000001", _md5(nonce)[:16]
        fields["response"] = _md5(f"{login}:{nonce}:{count}:{client_nonce}:auth:{request}")
        tail = f', qop=auth, nc={count}, cnonce="{client_nonce}"'
    else:
        fields["response"] = _md5(f"{login}:{nonce}:{request}")
        tail = ""
    return "Digest " + ", ".join(f'{name}="{value}"' for name, value in fields.items()) + tail


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
