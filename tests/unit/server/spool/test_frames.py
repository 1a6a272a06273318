"""Frames of the spool: whatever befalls a file, the whole frames in it are read and the damage is counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_server.ingest.validate import Delivery
from skerry_server.spool.frames import encode_frames, read_frames

MARK = b"\x01SK\xff"

deliveries = st.builds(
    Delivery,
    topic=st.text(max_size=80),
    payload=st.binary(max_size=300),
    is_retained=st.booleans(),
    received_ms=st.integers(-(2**62), 2**62),
)


def some():
    # The second payload looks like frames of its own.
    payloads = (b"{}", MARK + b"\x05\x00\x00\x00" + MARK * 3, b"", bytes(range(40)))
    return [
        Delivery(topic=f"skerry/v1/home/cam-{number}/event", payload=payload, is_retained=False, received_ms=number)
        for number, payload in enumerate(payloads)
    ]


def ends_of(written):
    return [len(encode_frames(written[: count + 1], MARK)) for count in range(len(written))]


@given(st.lists(deliveries, max_size=5))
def test_what_is_written_is_read(written):
    contents = read_frames(encode_frames(written, MARK), MARK)
    assert contents.deliveries == written
    assert (contents.damaged_bytes, contents.torn_bytes) == (0, 0)


def test_cut_at_any_byte_all_frames_before_are_read_and_the_rest_is_counted():
    written, data = some(), encode_frames(some(), MARK)
    for cut in range(len(data)):
        whole = sum(end <= cut for end in ends_of(written))
        contents = read_frames(data[:cut], MARK)
        assert contents.deliveries == written[:whole], cut
        assert contents.torn_bytes == cut - (ends_of(written)[whole - 1] if whole else 0), cut
        assert contents.damaged_bytes == 0, cut


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_with_any_byte_wrong_all_other_frames_are_read_and_the_damage_is_counted(flip):
    written, data = some(), encode_frames(some(), MARK)
    for at in range(len(data)):
        hit = next(number for number, end in enumerate(ends_of(written)) if at < end)
        contents = read_frames(data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :], MARK)
        assert contents.deliveries == [*written[:hit], *written[hit + 1 :]], at
        size = ends_of(written)[hit] - (ends_of(written)[hit - 1] if hit else 0)
        assert contents.damaged_bytes + contents.torn_bytes == size, at


@given(st.lists(deliveries, max_size=3), st.binary(max_size=200), st.lists(deliveries, max_size=3))
def test_rubbish_between_frames_costs_none_of_them(before, rubbish, after):
    data = encode_frames(before, MARK) + rubbish + encode_frames(after, MARK)
    contents = read_frames(data, MARK)
    assert contents.deliveries == [*before, *after]
    assert contents.damaged_bytes + contents.torn_bytes == len(rubbish)


def test_a_file_of_zeros_holds_nothing_and_says_so():
    contents = read_frames(bytes(5000), MARK)
    assert (contents.deliveries, contents.torn_bytes) == ([], 5000)
