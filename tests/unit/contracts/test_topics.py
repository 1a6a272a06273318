"""Topics: what is built parses back, and nothing outside the contract gets in."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.topics import (
    DOWN_KINDS,
    FLEET_FILTER,
    KINDS_WITH_ID,
    MAX_TOPIC_CHARS,
    ROOT,
    UP_KINDS,
    Topic,
    is_name,
    parse_topic,
    topic_of,
)

names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True)
ids = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("skerry/v1/berlin/cam-1/status", Topic(site="berlin", device="cam-1", kind="status")),
        ("skerry/v1/berlin/cam-1/snapshot/E_1", Topic(site="berlin", device="cam-1", kind="snapshot", item="E_1")),
        ("skerry/v1/0/0/command", Topic(site="0", device="0", kind="command")),
    ],
)
def test_a_topic_of_the_contract_is_taken_apart(text: str, expected: Topic) -> None:
    assert parse_topic(text) == expected
    assert str(expected) == text


@given(names, names, st.sampled_from(UP_KINDS + DOWN_KINDS), ids)
def test_what_is_built_parses_back(site: str, device: str, kind: str, item: str) -> None:
    wanted = item if kind in KINDS_WITH_ID else None
    built = topic_of(site, device, kind, wanted)  # type: ignore[arg-type]
    assert parse_topic(built) == Topic(site=site, device=device, kind=kind, item=wanted)
    assert built.startswith(FLEET_FILTER.rstrip("#"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "skerry",
        "skerry/v1/a/b",
        "skerry/v1/a/b/status/x",
        "skerry/v1/a/b/status/",
        "skerry/v1/a/b/result",
        "skerry/v1/a/b/result/",
        "skerry/v1/a/b/result/x/y",
        "skerry/v1/a/b/snapshot/has space",
        "skerry/v1/a/b/result/" + "x" * 65,
        "skerry/v1/a/b/result/x\n",
        "skerry/v1/a/b/nonsense",
        "skerry/v1/a/b/Status",
        "skerry/v2/a/b/status",
        "Skerry/v1/a/b/status",
        "/skerry/v1/a/b/status",
        "skerry//v1/a/b/status",
        "skerry/v1//b/status",
        "skerry/v1/a//status",
        "skerry/v1/+/b/status",
        "skerry/v1/a/#/status",
        "skerry/v1/a/b/#",
        "skerry/#",
        "$SYS/broker/uptime",
        "homeassistant/sensor/a/config",
        "skerry/v1/A/b/status",
        "skerry/v1/-a/b/status",
        "skerry/v1/a/b\n/status",
        "skerry/v1/a\x00/b/status",
        "skerry/v1/ä/b/status",
        "skerry/v1/а/b/status",  # noqa: RUF001  # a Cyrillic letter that looks like ours
        "skerry/v1/٣/b/status",
        "skerry/v1/\ud800/b/status",
        "skerry/v1/../b/status",
        "skerry/v1/" + "a" * 64 + "/b/status",
    ],
    ids=ascii,
)
def test_a_foreign_topic_is_refused(text: str) -> None:
    with pytest.raises(WireError) as caught:
        parse_topic(text)
    assert caught.value.reason == "topic"
    assert caught.value.found == repr(text)


def test_a_topic_is_refused_by_length_before_it_is_looked_at() -> None:
    with pytest.raises(WireError, match="too long") as caught:
        parse_topic(f"{ROOT}/a/b/status" + "x" * MAX_TOPIC_CHARS)
    assert len(str(caught.value)) < MAX_TOPIC_CHARS


@given(st.text(max_size=80))
def test_no_text_whatever_raises_anything_but_a_wire_error(text: str) -> None:
    with suppress(WireError):
        assert str(parse_topic(text)) == text


@pytest.mark.parametrize(
    ("site", "device", "kind", "item"),
    [("a/b", "c", "status", None), ("a", "+", "status", None), ("a", "b", "result", None), ("a", "b", "status", "x")],
)
def test_a_topic_that_would_not_parse_back_is_not_built(site: str, device: str, kind: str, item: str | None) -> None:
    with pytest.raises(WireError):
        topic_of(site, device, kind, item)  # type: ignore[arg-type]


@given(st.text(max_size=70))
def test_a_name_is_what_a_topic_takes_as_a_device(text: str) -> None:
    try:
        parse_topic(f"{ROOT}/site/{text}/status")
    except WireError:
        assert not is_name(text)
    else:
        assert is_name(text)
