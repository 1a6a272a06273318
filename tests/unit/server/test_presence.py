"""Presence: what counts as being there, and what an old or repeated message must not change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.contracts.messages import Heartbeat, Status
from skerry_server.presence import NOT_HEARD, Evidence, Presence, Silence, observe, silent

OLD, NOW, NEXT = "00000004-aaaaaaaa", "00000005-bbbbbbbb", "00000006-cccccccc"
VITALS = {
    "board": "b",
    "agent_version": "1",
    "uptime_s": 1.0,
    "cpu_percent": 1.0,
    "memory_used_mb": 1.0,
    "memory_total_mb": 1.0,
    "disk_free_mb": 1.0,
}


def envelope(session, seq, ts, clock="synced", **more):
    return {"v": 1, "id": f"m{seq}", "session": session, "seq": seq, "ts": ts, "clock": clock, **more}


def seen(message, received_ms=1000, is_retained=False):
    return Evidence(message=message, is_retained=is_retained, received_ms=received_ms)


def beat(session=NOW, seq=2, ts=500, **more):
    return Heartbeat(**envelope(session, seq, ts, **more), **VITALS)


def status(state, session=NOW, seq=1, ts=400, reason=None, **more):
    return Status(**envelope(session, seq, ts, **more), state=state, reason=reason)


def will(session=NOW, ts=400):
    return status("offline", session=session, seq=0, ts=ts, reason="connection lost")


def present(state="online", session=NOW, seq=5, ts=500, reason=None, since_ms=100, is_synced=True):
    return Presence(
        state=state, reason=reason, since_ms=since_ms, session=session, seq=seq, ts_ms=ts, is_synced=is_synced
    )


def test_a_birth_brings_an_unknown_device_online():
    after = observe(None, seen(status("online")))
    assert (after.state, after.since_ms, after.session) == ("online", 1000, NOW)


def test_a_heartbeat_alone_brings_an_unknown_device_online():
    assert observe(None, seen(beat())).state == "online"


def test_a_will_takes_its_own_session_offline_dated_by_the_server():
    after = observe(present(), seen(will(ts=1), received_ms=2000))
    assert (after.state, after.reason, after.since_ms) == ("offline", "connection lost", 2000)


def test_an_old_sessions_will_never_masks_a_new_birth():
    assert observe(present(session=NEXT), seen(will(session=NOW, ts=10**12))) is None


def test_an_old_sessions_replay_says_nothing_about_now():
    assert observe(present("offline"), seen(beat(session=OLD, seq=99, ts=10**12, replayed=True))) is None


def test_a_goodbye_keeps_its_reason():
    after = observe(present(), seen(status("offline", seq=6, reason="shut down")))
    assert (after.state, after.reason) == ("offline", "shut down")


def test_a_heartbeat_delivered_again_after_the_will_does_not_revive_the_device():
    gone = observe(present(seq=5), seen(will()))
    assert observe(gone, seen(beat(seq=5))) is None
    assert observe(gone, seen(beat(seq=4))) is None


def test_a_connection_that_came_back_in_the_same_session_brings_the_device_online_again():
    gone = observe(present(seq=5), seen(will()))
    after = observe(gone, seen(beat(seq=6), received_ms=3000))
    assert (after.state, after.reason, after.since_ms) == ("online", None, 3000)


def test_a_degraded_device_stays_degraded_through_its_heartbeats_until_it_says_otherwise():
    degraded = observe(present(), seen(status("degraded", seq=6, reason="no camera")))
    beating = observe(degraded, seen(beat(seq=7), received_ms=9000))
    assert (beating.state, beating.reason, beating.since_ms) == ("degraded", "no camera", 1000)
    assert observe(beating, seen(status("online", seq=8))).state == "online"


def test_a_retained_birth_tells_what_was_and_brings_nothing_online():
    after = observe(None, seen(status("online"), is_retained=True))
    assert (after.state, after.reason) == ("offline", NOT_HEARD)
    assert observe(after, seen(beat(seq=2))).state == "online"


def test_a_retained_will_is_believed():
    assert observe(None, seen(will(), is_retained=True)).reason == "connection lost"


def test_a_card_written_anew_is_believed_when_both_clocks_were_right():
    known = present(session=NEXT, seq=900, ts=5000)
    after = observe(known, seen(status("online", session="00000001-dddddddd", seq=1, ts=6000)))
    assert (after.state, after.session, after.seq) == ("online", "00000001-dddddddd", 1)


@pytest.mark.parametrize(
    ("known", "message"),
    [
        (present(session=NEXT, ts=5000), beat(session=NOW, ts=4000)),
        (present(session=NEXT, ts=5000), beat(session=NOW, ts=6000, clock="unsynced")),
        (present(session=NEXT, ts=5000, is_synced=False), beat(session=NOW, ts=6000)),
        (present(session=NEXT, ts=5000), beat(session=NOW, ts=6000, replayed=True)),
    ],
    ids=["earlier", "device clock not set", "known clock not set", "replayed"],
)
def test_a_fallen_start_counter_is_not_believed_otherwise(known, message):
    assert observe(known, seen(message)) is None


def test_silence_takes_a_device_offline_and_says_for_how_long():
    after = silent(present(), now_ms=7000, limit_s=90)
    assert (after.state, after.reason, after.since_ms) == ("offline", "no heartbeat for 90 s", 7000)


def test_silence_leaves_the_reason_of_a_device_that_is_offline_already():
    gone = present("offline", reason="shut down")
    assert silent(gone, now_ms=7000, limit_s=90) == gone


messages = st.one_of(
    st.builds(beat, session=st.sampled_from([OLD, NOW]), seq=st.integers(1, 6), ts=st.integers(0, 9)),
    st.builds(will, session=st.sampled_from([OLD, NOW])),
    st.builds(
        status,
        st.sampled_from(["online", "degraded", "offline"]),
        session=st.sampled_from([OLD, NOW]),
        seq=st.integers(1, 6),
        clock=st.just("unsynced"),
    ),
)


@given(st.lists(messages, max_size=12))
def test_whatever_arrives_in_whatever_order_the_session_known_never_falls(arrivals):
    known = None
    for message in arrivals:
        if message.clock == "synced" and not isinstance(message, Status):
            continue
        after = observe(known, seen(message))
        if after is not None:
            assert known is None or after.session >= known.session
            known = after


@given(st.lists(messages, max_size=8), messages)
def test_the_same_message_twice_is_the_same_as_once(arrivals, last):
    known = None
    for message in [*arrivals, last]:
        known = observe(known, seen(message)) or known
    again = observe(known, seen(last)) or known
    assert (again.state, again.session, again.seq) == (known.state, known.session, known.seq)


def test_the_silent_are_taken_once_and_the_heard_are_not():
    silence = Silence(10.0)
    silence.hear("a", 0.0)
    silence.hear("b", 0.0)
    silence.hear("a", 8.0)
    assert silence.take_expired(9.0) == []
    assert silence.take_expired(11.0) == ["b"]
    assert silence.take_expired(12.0) == []
    assert silence.take_expired(18.5) == ["a"]


def test_after_the_server_was_deaf_everyone_has_the_full_time_again():
    silence = Silence(10.0)
    silence.hear("a", 0.0)
    silence.restart(100.0)
    assert silence.take_expired(109.0) == []
    assert silence.take_expired(111.0) == ["a"]
