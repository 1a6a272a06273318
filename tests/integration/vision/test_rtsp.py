"""A network camera, really spoken to: what it shows, and the reason of everything that goes wrong."""

from __future__ import annotations

import itertools
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest

from skerry_edge.foundation.source_error import SourceError
from skerry_edge.vision.cameras.rtsp import RtspCamera, RtspOptions
from skerry_edge.vision.cameras.rtsp_address import parse_rtsp_url
from skerry_edge.vision.frames import Frame

PASSWORD = "s3cr@t/x"
LOGIN = ("joe", PASSWORD)


def frames(url: str, *, stall_s: float = 20.0, open_timeout_s: float = 30.0) -> Iterator[Frame]:
    camera = RtspCamera(parse_rtsp_url(url), RtspOptions(open_timeout_s=open_timeout_s), stall_s=stall_s)
    return camera.frames()  # type: ignore[return-value]  # a stream has no damaged pictures: FFmpeg mends them


def failure_of(url: str, **options: float) -> SourceError:
    with pytest.raises(SourceError) as caught:
        list(frames(url, **options))
    return caught.value


@pytest.mark.parametrize("path", ["/camera", "/jpeg"])
def test_pictures_come_as_they_are_captured(rtsp_server: Callable, path: str) -> None:
    server = rtsp_server()
    with closing(frames(server.url(path))) as stream:
        shown = [next(stream) for _ in range(5)]
    assert [one.pixels.shape for one in shown] == [(480, 640, 3)] * 5
    assert [one.index for one in shown] == [0, 1, 2, 3, 4]
    assert shown[0].at_s < shown[-1].at_s  # type: ignore[operator]
    # A white ball on black.
    assert 0 < np.count_nonzero(shown[-1].pixels > 200) < shown[-1].pixels.size // 4


def test_a_camera_that_changes_its_size_is_still_seen(rtsp_server: Callable) -> None:
    server = rtsp_server()
    with closing(frames(server.url("/camera"))) as stream:
        next(stream)
        server.set_size(320, 240)
        shown = [next(stream) for _ in range(60)]
    # FFmpeg scales to the size that it began with.
    assert {one.pixels.shape for one in shown} == {(480, 640, 3)}


def test_a_login_is_taken_from_the_url_and_shown_to_nobody(rtsp_server: Callable, capfd) -> None:
    server = rtsp_server(*LOGIN)
    with closing(frames(server.url("/camera", "joe:s3cr%40t%2Fx@"))) as stream:
        shown = next(stream)
    assert shown.source == server.url("/camera")
    wrong = failure_of(server.url("/camera", f"joe:{PASSWORD[:-1].replace('@', '%40').replace('/', '%2F')}@"))
    assert (wrong.reason, wrong.found) == ("unauthorized", "401 Unauthorized")
    assert "check user name" in (wrong.todo or "")
    said = "".join(capfd.readouterr()) + str(wrong) + repr(parse_rtsp_url(server.url("/", "joe:s3cr%40t%2Fx@")))
    assert "s3cr" not in said
    assert "joe" not in said


def test_without_a_login_the_error_asks_for_one(rtsp_server: Callable) -> None:
    error = failure_of(rtsp_server(*LOGIN).url("/camera"))
    assert (error.reason, error.todo) == ("unauthorized", "give it a user name and a password")


@pytest.mark.parametrize(("path", "reason"), [("/nowhere", "not-found"), ("/sound", "no-video")])
def test_a_stream_that_is_not_there_or_has_no_pictures_is_told_apart(
    rtsp_server: Callable, path: str, reason: str
) -> None:
    assert failure_of(rtsp_server().url(path)).reason == reason


def test_a_stream_that_ends_is_told_from_one_that_stalls(rtsp_server: Callable) -> None:
    assert failure_of(rtsp_server().url("/short")).reason == "ended"


def test_a_server_that_is_killed_ends_the_stream_and_is_refused_until_it_is_back(rtsp_server: Callable) -> None:
    server = rtsp_server()
    with closing(frames(server.url("/camera"))) as stream:
        next(stream)
        server.kill()
        with pytest.raises(SourceError) as caught:
            list(stream)
    assert caught.value.reason == "ended"
    assert failure_of(server.url("/camera")).reason == "refused"
    server.start()
    with closing(frames(server.url("/camera"))) as stream:
        assert next(stream).index == 0


def test_a_server_that_stands_still_is_given_up_in_time(rtsp_server: Callable) -> None:
    server = rtsp_server()
    with closing(frames(server.url("/camera"), stall_s=1.0)) as stream:
        shown = [next(stream)]
        server.process.send_signal(signal.SIGSTOP)
        with pytest.raises(SourceError) as caught:
            shown.extend(stream)
    assert (caught.value.reason, caught.value.found) == ("stalled", "nothing for 1 s")
    # FFmpeg keeps pictures back and gives them, one after each time-out: they are no sign of life.
    assert all(later.at_s - one.at_s < 0.9 for one, later in itertools.pairwise(shown))  # type: ignore[operator]
    assert failure_of(server.url("/camera"), open_timeout_s=0.5).reason == "timed-out"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "unsupported"),
        (b"RTSP/1.0 503 Service Unavailable\r\n\r\n", "busy"),
        (b"RTSP/1.0 500 Oh no\r\n\r\n", "failed"),
        (b"", "unreachable"),
        (b"x" * 100_000, "unsupported"),
    ],
)
def test_whoever_else_listens_there_is_told_what_is_wrong(answer: bytes, reason: str) -> None:
    import threading

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(2):  # FFmpeg asks, and then who wants to know why
                connection, _ = server.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(4096):
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        error = failure_of(f"rtsp://127.0.0.1:{server.getsockname()[1]}/x", open_timeout_s=5.0)
        thread.join(10)
    assert error.reason == reason


def test_a_host_without_a_name_is_unreachable() -> None:
    assert failure_of("rtsp://no-such-host.invalid/x", open_timeout_s=5.0).reason == "unreachable"
