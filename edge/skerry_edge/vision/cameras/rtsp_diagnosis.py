"""Why a stream does not open: the server is asked, since OpenCV tells nobody what FFmpeg found."""

from __future__ import annotations

import socket
import time

from skerry_edge.foundation.errors import DataError
from skerry_edge.foundation.source_error import Reason, SourceError
from skerry_edge.vision.cameras.rtsp_address import RtspAddress
from skerry_edge.vision.cameras.rtsp_answer import Answer, authorization, has_video, parse_answer, video_codecs

_MAX_HEAD_BYTES = 1 << 16
_MAX_BODY_BYTES = 1 << 18
_METHOD = "DESCRIBE"


def diagnose(address: RtspAddress, timeout_s: float) -> SourceError:
    """Return why ``address`` gives no video, within about ``timeout_s`` (looking a name up may take longer)."""
    end_s = time.monotonic() + timeout_s
    try:
        with socket.create_connection((address.host, address.port), timeout_s) as line:
            return _judged(*_describe(line, address, end_s), address)
    except ConnectionRefusedError:
        todo = "check the port, and that the camera is on and has RTSP switched on"
        return _error("refused", "nothing listens there", address, todo=todo)
    except TimeoutError:
        todo = "check that the camera is on and in this network"
        return _error(
            "timed-out", "the camera does not answer", address, found=f"nothing within {timeout_s:g} s", todo=todo
        )
    except OSError as error:
        what = "the camera cannot be reached"
        return _error("unreachable", what, address, found=error.strerror or str(error), todo="check host and network")
    except DataError as error:
        return _error("unsupported", error.what, address, found=error.found, todo="check the port")


def _describe(line: socket.socket, address: RtspAddress, end_s: float) -> tuple[Answer, str]:
    """Ask for the stream's description, with a login where one is asked for."""
    answer, body = _ask(line, address, 1, None, end_s)
    if answer.code == 401 and address.username:
        login = authorization(answer.challenges, address, _METHOD)
        if login is not None:
            answer, body = _ask(line, address, 2, login, end_s)
    return answer, body


def _ask(line: socket.socket, address: RtspAddress, number: int, login: str | None, end_s: float) -> tuple[Answer, str]:
    lines = [f"{_METHOD} {address.url} RTSP/1.0", f"CSeq: {number}", "Accept: application/sdp", "User-Agent: skerry"]
    if login is not None:
        lines.append(f"Authorization: {login}")
    line.sendall("\r\n".join((*lines, "", "")).encode())
    received = b""
    while b"\r\n\r\n" not in received:
        received += _receive(line, end_s)
        if len(received) > _MAX_HEAD_BYTES:
            raise DataError("the server does not speak RTSP", found="a head without an end")
    head, _, body = received.partition(b"\r\n\r\n")
    answer = parse_answer(head)
    text = answer.headers.get("content-length", "0")
    length = min(_MAX_BODY_BYTES, int(text)) if text.isascii() and text.isdigit() else 0
    while len(body) < length:
        body += _receive(line, end_s)
    return answer, body[:length].decode("utf-8", errors="replace")


def _receive(line: socket.socket, end_s: float) -> bytes:
    left_s = end_s - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    line.settimeout(left_s)
    data = line.recv(1 << 16)
    if not data:
        raise ConnectionResetError("the server hung up")
    return data


def _judged(answer: Answer, description: str, address: RtspAddress) -> SourceError:
    found = f"{answer.code} {answer.reason}".strip()
    if answer.code in (401, 403):
        todo = "check user name and password" if address.username else "give it a user name and a password"
        return _error("unauthorized", "the camera wants another login", address, found=found, todo=todo)
    if answer.code in (404, 454, 459, 460):
        todo = "look its path up in the camera's manual"
        return _error("not-found", "the camera has no stream of this name", address, found=found, todo=todo)
    if answer.code == 503:
        todo = "end other viewers: cameras serve few at once"
        return _error("busy", "the camera is busy", address, found=found, todo=todo)
    if answer.code != 200:
        return _error("failed", "the camera refuses the stream", address, found=found)
    if not has_video(description):
        return _error("no-video", "the stream has no video", address, todo="take another of the camera's streams")
    found = f"{video_codecs(description)}, and no picture of it in time"
    todo = "try the other 'transport', or another of the camera's streams"
    return _error("no-video", "the stream is there, but no video comes that decodes", address, found=found, todo=todo)


def _error(
    reason: Reason, what: str, address: RtspAddress, *, found: str | None = None, todo: str | None = None
) -> SourceError:
    return SourceError(reason, what, where=str(address), found=found, todo=todo)
