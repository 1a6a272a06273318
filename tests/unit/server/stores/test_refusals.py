"""Finding refused lines: everything else is stored, in as few requests as the store's answers allow."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_server.errors import StoreError
from skerry_server.stores.canary import Canary
from skerry_server.stores.http import MAX_WAIT_S, RejectedRequestError, retry_after_s
from skerry_server.stores.refusals import RejectedLinesError, find_refused
from skerry_server.stores.writing import rejection


class Taker:
    """A store that refuses the lines `bad` and says of it what ``says`` makes of what it got."""

    def __init__(self, says, *, stores_others):
        self.stored, self.requests = set(), 0
        self._says, self._stores_others = says, stores_others

    def __call__(self, lines):
        self.requests += 1
        bad = [index for index, line in enumerate(lines) if line.startswith(b"bad")]
        if not bad or self._stores_others:
            self.stored |= {line for line in lines if not line.startswith(b"bad")}
        if bad:
            raise self._says(bad)


SAYS = {
    "nothing": (lambda bad: RejectedLinesError("no"), False),
    "how many": (lambda bad: RejectedLinesError("no", dropped=len(bad)), True),
    "about what": (lambda bad: RejectedLinesError("no", dropped=len(bad), suspects=bad), True),
    "which": (lambda bad: RejectedLinesError("no", which=dict.fromkeys(bad, "no")), True),
}


@pytest.mark.parametrize("kind", SAYS)
@given(pattern=st.lists(st.booleans(), max_size=40))
def test_whatever_a_store_says_the_refused_are_found_and_the_others_stored(kind, pattern):
    says, stores_others = SAYS[kind]
    taker = Taker(says, stores_others=stores_others)
    lines = [b"%s %d" % (b"bad" if bad else b"good", index) for index, bad in enumerate(pattern)]
    assert find_refused(lines, taker, lambda _: None).keys() == {index for index, bad in enumerate(pattern) if bad}
    assert taker.stored == {line for line in lines if line.startswith(b"good")}
    assert taker.requests <= {"nothing": 2 * len(lines), "how many": 2 * len(lines)}.get(kind, 3)


def test_a_store_that_goes_away_meanwhile_is_an_error_of_the_whole_write():
    def send(lines):
        if len(lines) < 4:
            raise StoreError("away")
        raise RejectedLinesError("no")

    with pytest.raises(StoreError, match="away"):
        find_refused([b"a"] * 4, send, lambda _: None)


def test_a_store_is_asked_whether_it_is_well_once_and_only_when_it_took_and_named_nothing():
    def asked(lines, kind):
        says, stores_others = SAYS[kind]
        reasons = []
        find_refused(lines, Taker(says, stores_others=stores_others), reasons.append)
        return reasons

    mixed = [b"good", b"bad", b"bad"]
    assert asked(mixed, "nothing") == ["no"]
    assert asked([b"bad"], "how many") == ["no"]
    for kind in ("how many", "about what", "which"):
        assert asked(mixed, kind) == []
    assert asked([b"good"], "nothing") == []


class Gateway:
    """What stands before a store, and refuses some of the lines, or all."""

    def __init__(self):
        self.refuses, self.sent = lambda _: True, []

    def __call__(self, lines):
        self.sent.append(lines)
        if any(self.refuses(one) for one in lines):
            raise RejectedLinesError("over quota")


def test_a_store_that_takes_nothing_is_away_and_one_that_takes_another_line_is_not():
    now, store = [0.0], Gateway()
    canary = Canary(where="w", now_s=lambda: now[0])
    with pytest.raises(StoreError, match=r"refuses whatever it is sent.*over quota"):
        canary.ask([b"a"] * 100, store, "over quota")
    assert all(len(lines) == 1 for lines in store.sent)
    assert len(store.sent) <= 5
    store.refuses = lambda line: line == b"bad"
    canary.took(b"a")
    canary.ask([b"bad"], store, "over quota")
    now[0] = 61.0
    with pytest.raises(StoreError):
        canary.ask([b"bad"], store, "over quota")
    canary.ask([b"b"], store, "over quota")
    canary.ask([b"bad"], store, "over quota")


def answered(body, status=400):
    return RejectedRequestError("rejected", status, body, where="w")


CONFLICT = (
    'partial write: field type conflict: input field "x" on measurement "heartbeat" is type float, '
    "already exists as type string dropped=1"
)


@pytest.mark.parametrize(
    "answer",
    [
        {"error": CONFLICT},
        {"code": "unprocessable entity", "message": f"failure writing points to database: {CONFLICT}"},
        {"error": f"{CONFLICT} for database: skerry for retention policy: autogen"},
    ],
)
def test_the_words_of_influxdb_1_and_2_name_the_suspects(answer):
    lines = [b"heartbeat,device=a x=1 1\n", b"heartbeat,device=b y=1 1\n", b"inference,device=a x=1 1\n"]
    error = rejection(answered(json.dumps(answer)), lines)
    assert (error.dropped, error.suspects) == (1, {0})


def test_numbers_of_lines_that_were_never_sent_are_not_believed():
    body = '{"error":"partial write","data":[{"line_number":7,"error_message":"no","original_line":"?"}]}'
    assert rejection(answered(body), [b"a", b"b"]).which is None


@pytest.mark.parametrize("body", ["", "<html>", "{}", "[]", '{"error":""}', '{"error":7}'])
def test_what_is_no_answer_of_influxdb_refuses_no_line(body):
    with pytest.raises(RejectedRequestError):
        rejection(answered(body), [b"a"])


@pytest.mark.parametrize(
    ("header", "waited"),
    [("7", 7.0), (" 7 ", 7.0), ("999999999", MAX_WAIT_S), ("-1", None), ("soon", None), (None, None), ("²", None)],
)
def test_a_wait_is_bounded_and_what_is_no_number_is_none(header, waited):
    assert retry_after_s(header) == waited
