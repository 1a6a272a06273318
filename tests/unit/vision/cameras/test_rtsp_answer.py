"""Answers of RTSP servers, and logins."""

from __future__ import annotations

import pytest

from skerry_edge.foundation.errors import DataError
from skerry_edge.vision.cameras.rtsp_address import parse_rtsp_url
from skerry_edge.vision.cameras.rtsp_answer import authorization, has_video, parse_answer, video_codecs

SDP = "v=0\r\nm=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n"


def test_an_answer_is_read_with_every_login_that_it_asks_for() -> None:
    answer = parse_answer(
        b'RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Basic realm="x"\r\nwww-authenticate: Digest a=b'
    )
    assert (answer.code, answer.reason, answer.headers["cseq"]) == (401, "Unauthorized", "1")
    assert answer.challenges == ('Basic realm="x"', "Digest a=b")


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK", b"RTSP/1.0", b"RTSP/1.0 20x OK", b"\xff\xfe\x00"])
def test_what_is_no_answer_is_refused(head: bytes) -> None:
    with pytest.raises(DataError, match="does not speak RTSP"):
        parse_answer(head)


def test_the_codecs_of_the_video_are_told_and_no_others() -> None:
    assert has_video(SDP)
    assert video_codecs(SDP) == "H265"
    assert not has_video(SDP.replace("m=video", "m=application"))


def test_a_digest_is_that_of_the_standard() -> None:
    # RFC 2617, section 3.2.2, worked out with `md5sum`.
    address = parse_rtsp_url("rtsp://Mufasa:Circle%20Of%20Life@cam/x")
    answer = authorization(('Digest realm="r", nonce="n"',), address, "DESCRIBE")
    assert answer is not None
    assert answer.startswith('Digest username="Mufasa", realm="r", nonce="n", uri="rtsp://cam:554/x", response="')
    assert answer.endswith('response="7c64c4fc85986e13cf85200fb4c6d8f2"')


def test_digest_goes_before_basic_and_an_unknown_scheme_has_no_answer() -> None:
    address = parse_rtsp_url("rtsp://joe:pw@cam/x")
    both = authorization(('Basic realm="r"', 'Digest realm="r", nonce="n", qop="auth"'), address, "DESCRIBE")
    assert both is not None
    assert both.startswith("Digest")
    assert "qop=auth, nc=00000001" in both
    assert authorization(('Basic realm="r"',), address, "DESCRIBE") == "Basic am9lOnB3"
    assert authorization(("Negotiate",), address, "DESCRIBE") is None
