"""MQTT packets against the bytes of the standard, however the stream is cut, and against what is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_server.errors import BrokerError
from skerry_server.simulate import packets
from skerry_server.simulate.acts import Outgoing
from skerry_server.simulate.packets import Login, Reader


def test_a_connect_is_as_the_standard_has_it():
    will = Outgoing(topic="a/b", payload=b"gone", retain=True)
    packet = packets.connect("me", keepalive_s=10, will=will, login=Login(username="u", password="p"))
    head = b"\x10\x21" + b"\x00\x04MQTT\x05\xee\x00\x0a\x00"
    assert packet == head + b"\x00\x02me" + b"\x00" + b"\x00\x03a/b" + b"\x00\x04gone" + b"\x00\x01u" + b"\x00\x01p"


def test_a_publish_a_subscribe_and_a_puback_are_as_the_standard_has_them():
    message = Outgoing(topic="a/b", payload=b"x", retain=True)
    assert packets.publish(message, 10) == b"\x33\x09\x00\x03a/b\x00\x0a\x00x"
    assert packets.publish(message, 10, again=True)[0] == 0x3B
    assert packets.subscribe(["a/b", "c"], 10) == b"\x82\x0d\x00\x0a\x00\x00\x03a/b\x01\x00\x01c\x01"
    assert packets.puback(10) == b"\x40\x02\x00\x0a"


@given(payload=st.binary(max_size=400), cut=st.lists(st.integers(1, 500), max_size=8))
def test_packets_come_out_whole_however_the_stream_is_cut(payload, cut):
    stream = packets.publish(Outgoing(topic="t", payload=payload), 7) + packets.puback(9)
    reader, found, at = Reader(), [], 0
    for size in [*cut, len(stream)]:
        found += reader.feed(stream[at : at + size])
        at += size
    published, acknowledged = found
    assert packets.read_publish(published) == ("t", 7, payload)
    assert packets.read_puback(acknowledged.body) == (9, 0)


def test_the_limits_in_a_connack_are_read_past_properties_of_every_form():
    texts = b"\x12\x00\x01x" + b"\x26\x00\x01k\x00\x01v"
    properties = b"\x24\x01" + texts + b"\x21\x00\x14" + b"\x27\x00\x04\xb0\x00"
    welcome = packets.read_connack(b"\x00\x00" + bytes([len(properties)]) + properties)
    assert (welcome.code, welcome.window, welcome.max_packet_bytes) == (0, 20, 307_200)
    assert packets.read_connack(b"\x00\x87\x00").code == 0x87
    assert packets.read_connack(b"\x00\x00\x00").window == packets.MAX_PACKET_IDS


def read_all(data):
    readers = {packets.PUBACK: packets.read_puback, packets.CONNACK: packets.read_connack}
    for packet in Reader().feed(data):
        read = readers.get(packet.kind)
        read(packet.body) if read else packets.read_publish(packet)


@pytest.mark.parametrize(
    "data", [b"\x30\xff\xff\xff\xff\x01", b"\x40\x01\x00", b"\x30\x01\x00", b"\x20\x05\x00\x00\x02\x99\x00"]
)
def test_what_is_no_mqtt_is_told(data):
    with pytest.raises(BrokerError):
        read_all(data)


def test_refused_subscriptions_are_found_in_a_suback():
    assert packets.refusals(b"\x00\x07\x00\x01\x87\x00") == [0x87]
