"""What a server's answer means for a download that may have begun earlier."""

from __future__ import annotations

import pytest

from skerry_edge.foundation.errors import ConfigError, DataError, ReachError, SkerryError
from skerry_edge.transfer.patience import Patience
from skerry_edge.transfer.resumption import (
    Body,
    TransientError,
    read_answer,
    redirected,
    request_headers,
    require_web_address,
)

URL = "https://site.example/net.weights"


def answer(status: int, offset: int = 0, **headers: str) -> Body:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_answer(status, named, url=URL, offset=offset, sizes=(1000, 1004))


def test_a_first_request_asks_for_all_of_it_as_it_is() -> None:
    assert request_headers(0, '"v1"') == {"Accept-Encoding": "identity"}


def test_a_later_request_asks_for_the_rest_of_the_same_version() -> None:
    asked = request_headers(400, '"v1"')
    assert (asked["Range"], asked["If-Range"]) == ("bytes=400-", '"v1"')


def test_what_has_no_version_is_asked_for_anew() -> None:
    assert "Range" not in request_headers(400, None)


def test_the_rest_is_taken_from_where_it_stopped() -> None:
    body = answer(206, 400, Content_Range="bytes 400-1003/1004", ETag='"v1"')
    assert body == Body(offset=400, total=1004, validator='"v1"')


def test_a_server_that_sends_all_of_it_is_taken_at_its_word() -> None:
    assert answer(200, 400, Content_Length="1000") == Body(offset=0, total=1000, validator=None)


def test_a_weak_tag_names_no_version_and_the_date_does() -> None:
    body = answer(200, ETag='W/"v1"', Last_Modified="Sun, 22 Nov 2026 10:00:00 GMT")
    assert body.validator == "Sun, 22 Nov 2026 10:00:00 GMT"
    assert body.total is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Range": "bytes 300-1003/1004"},
        {"Content_Range": "bytes 400-2003/2004"},
        {"Content_Range": "lines 400-1003/1004"},
        {},
    ],
)
def test_a_part_that_does_not_follow_makes_the_download_begin_anew(headers: dict[str, str]) -> None:
    with pytest.raises(TransientError) as caught:
        answer(206, 400, **headers)
    assert caught.value.part_is_useless


def test_a_range_that_the_server_does_not_have_makes_it_begin_anew() -> None:
    with pytest.raises(TransientError) as caught:
        answer(416, 1004)
    assert caught.value.part_is_useless


def test_a_file_of_another_size_is_refused_before_it_is_read() -> None:
    with pytest.raises(DataError, match="63000000 bytes instead of 1000 or 1004"):
        answer(200, Content_Length="63000000")


def test_a_length_beyond_all_reason_counts_as_none() -> None:
    assert answer(200, Content_Length="9" * 5000).total is None


def test_a_packed_answer_is_refused() -> None:
    with pytest.raises(DataError, match="gzip"):
        answer(200, Content_Encoding="gzip")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_worth_another_attempt(status: int) -> None:
    with pytest.raises(TransientError) as caught:
        answer(status, 400)
    assert not caught.value.part_is_useless


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 301, 204, 501])
def test_what_will_not_pass_is_told_at_once(status: int) -> None:
    with pytest.raises(ReachError, match=f"status {status}") as caught:
        answer(status)
    assert not isinstance(caught.value, TransientError)


@pytest.mark.parametrize(("text", "seconds"), [("7", 7.0), ("Sun, 22 Nov 2026 10:00:00 GMT", None), ("9" * 5000, None)])
def test_how_long_the_server_asks_to_be_left_alone(text: str, seconds: float | None) -> None:
    with pytest.raises(TransientError) as caught:
        answer(429, Retry_After=text)
    assert caught.value.retry_after_s == seconds


def test_waits_double_and_heed_the_server_within_bounds() -> None:
    patience = Patience(first_wait_s=1, longest_wait_s=60)
    assert [patience.wait_s(failures, None) for failures in (1, 2, 3)] == [1, 2, 4]
    assert patience.wait_s(1, 20) == 20
    assert patience.wait_s(1, 86_400) == 60


@pytest.mark.parametrize(
    ("url", "location", "target"),
    [
        (URL, "/other", "https://site.example/other"),
        (URL, "https://cdn.example/x", "https://cdn.example/x"),
        ("http://mirror.example/x", "http://mirror.example/y", "http://mirror.example/y"),
        ("http://mirror.example/x", "https://mirror.example/x", "https://mirror.example/x"),
    ],
)
def test_a_redirection_that_is_as_safe_is_followed(url: str, location: str, target: str) -> None:
    assert redirected(url, location) == target


@pytest.mark.parametrize(
    "location", ["http://site.example/x", "ftp://site.example/x", "file:///etc/passwd", "https://["]
)
def test_a_redirection_that_is_less_safe_is_not_followed(location: str) -> None:
    with pytest.raises(ReachError, match="redirects"):
        redirected(URL, location)


@pytest.mark.parametrize(
    "text", ["ftp://site.example", "https://", "https://host:port/x", "https://[", "http://host:0/"]
)
def test_a_mirror_that_is_no_web_address_is_wrong_usage(text: str) -> None:
    with pytest.raises(SkerryError) as caught:
        require_web_address(text)
    assert isinstance(caught.value, ConfigError)
    assert "secret" not in str(caught.value)
