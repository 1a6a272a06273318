"""Presence: what counts as being there, and what an old or repeated message must not change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.contracts.messages import Heartbeat, Status
from skerry_server.ingest.sweep import Deafness
from skerry_server.presence import NOT_HEARD, Evidence, Facts, Presence, SilenceRules, is_silent, observe, silent

LIMIT_MS = 90_000
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


def seen(message, received_ms=1000, is_retained=False, heard_ms=None):
    return Evidence(
        message=message, is_retained=is_retained, received_ms=received_ms, limit_ms=LIMIT_MS, heard_ms=heard_ms
    )


def beat(session=NOW, seq=2, ts=500, **more):
    return Heartbeat(**envelope(session, seq, ts, **more), **VITALS)


def status(state, session=NOW, seq=1, ts=400, reason=None, **more):
    return Status(**envelope(session, seq, ts, **more), state=state, reason=reason)


def will(session=NOW, ts=400, **more):
    return status("offline", session=session, seq=0, ts=ts, reason="connection lost", **more)


def present(state="online", session=NOW, seq=5, ts=500, reason=None, since_ms=100, is_synced=True):
    facts = Facts(said=state, said_reason=reason, said_seq=seq)
    return Presence(
        state=state,
        reason=reason,
        since_ms=since_ms,
        session=session,
        seq=seq,
        ts_ms=ts,
        is_synced=is_synced,
        facts=facts,
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
        (present(session=NEXT, ts=5000), beat(session=NOW, ts=2**53 - 1)),
    ],
    ids=["earlier", "device clock not set", "known clock not set", "replayed", "years ahead"],
)
def test_a_fallen_start_counter_is_not_believed_otherwise(known, message):
    after = observe(known, seen(message)) or known
    assert (after.state, after.session) == (known.state, known.session)


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


def observed(known, *evidence):
    for one in evidence:
        known = observe(known, one) or known
    return known


def test_a_re_imaged_device_whose_clock_is_not_set_is_believed_when_it_alone_is_heard_for_long_enough():
    known = present("offline", session=NEXT, seq=900, reason="connection lost")
    reborn = [
        seen(beat(session=OLD, seq=seq, ts=seq, clock="unsynced"), received_ms=seq * 30_000) for seq in range(1, 5)
    ]
    assert observed(known, *reborn[:3]).session == NEXT
    after = observed(known, *reborn)
    assert (after.state, after.session, after.seq) == ("online", OLD, 4)
    # And what the broker still held of the session before does not bring that back.
    assert observed(after, seen(beat(session=NEXT, seq=901), received_ms=130_000)).session == OLD


def test_a_rival_is_not_believed_while_the_session_known_is_heard():
    known = present(session=NEXT, seq=900)
    early = seen(beat(session=OLD, seq=1, ts=1, clock="unsynced"), received_ms=30_000)
    late = seen(beat(session=OLD, seq=9, ts=9, clock="unsynced"), received_ms=300_000, heard_ms=290_000)
    assert observed(known, early, late).session == NEXT
    own = seen(beat(session=NEXT, seq=901), received_ms=60_000)
    assert observed(known, early, own).facts.rival is None


def test_what_a_queue_still_held_of_an_old_session_is_no_rival_that_is_believed():
    known = present("offline", session=NEXT, seq=900)
    burst = [seen(beat(session=OLD, seq=seq, ts=seq, clock="unsynced"), received_ms=5_000) for seq in range(50)]
    assert observed(known, *burst).session == NEXT


def test_a_will_that_comes_behind_the_next_connections_birth_says_nothing_about_that():
    births = [seen(status("online", seq=seq, connection=number)) for number, seq in ((1, 1), (2, 6))]
    after = observed(None, *births, seen(will(connection=1)))
    assert after.state == "online"
    assert observed(after, seen(will(connection=2))).state == "offline"


def test_a_device_that_speaks_on_after_its_will_is_believed_when_silence_would_be_over():
    gone = observed(None, seen(status("online", connection=1)), seen(will(connection=1), received_ms=2_000))
    assert observed(gone, seen(beat(seq=7), received_ms=30_000)).state == "offline"
    assert observed(gone, seen(beat(seq=7), received_ms=100_000)).state == "online"


@st.composite
def lives(draw):
    """Messages of some sessions in the order in which the broker got them, as devices of this version send them."""
    messages = []
    for start in range(1, draw(st.integers(1, 3)) + 1):
        session, seq = f"{start:08d}-aaaaaaaa", 0
        for connection in range(1, draw(st.integers(1, 3)) + 1):
            seq += 1
            messages.append(status("online", session=session, seq=seq, ts=start * 1000 + seq, connection=connection))
            for kind in draw(st.lists(st.sampled_from(["beat", "degraded", "online"]), max_size=4)):
                seq += 1
                at = {"session": session, "seq": seq, "ts": start * 1000 + seq}
                messages.append(
                    beat(**at) if kind == "beat" else status(kind, reason=kind, connection=connection, **at)
                )
            if draw(st.booleans()):
                messages.append(will(session=session, ts=start * 1000, connection=connection))
    return messages


@given(lives(), st.data())
def test_any_interleaving_over_two_workers_with_duplicates_ends_as_the_order_of_one(messages, data):
    one = observed(None, *map(seen, messages))
    sides = data.draw(st.lists(st.booleans(), min_size=len(messages), max_size=len(messages)))
    first = [message for message, is_first in zip(messages, sides, strict=True) if is_first]
    second = [message for message, is_first in zip(messages, sides, strict=True) if not is_first]
    mixed = []
    while first or second:
        takes_first = bool(first) and (not second or data.draw(st.booleans()))
        mixed.append((first if takes_first else second).pop(0))
        if data.draw(st.booleans()):
            mixed.append(data.draw(st.sampled_from(mixed)))
    two = observed(None, *map(seen, mixed))
    assert (two.state, two.reason, two.session, two.seq) == (one.state, one.reason, one.session, one.seq)


def test_a_device_is_silent_by_its_own_interval_or_else_by_the_configured_one():
    rules = SilenceRules(heartbeat_s=30.0, missed=3)
    assert (rules.limit_s(None), rules.limit_s(5.0)) == (90.0, 15.0)


def test_silence_counts_from_when_the_server_hears_and_not_from_a_time_still_to_come():
    assert is_silent(1_000, limit_s=10, floor_ms=0, now_ms=11_001)
    assert not is_silent(1_000, limit_s=10, floor_ms=5_000, now_ms=11_001)
    assert not is_silent(50_000, limit_s=10, floor_ms=5_000, now_ms=11_001)
    assert is_silent(50_000, limit_s=10, floor_ms=1_000, now_ms=11_001)


def test_a_server_that_was_deaf_or_whose_clock_was_set_gives_everyone_the_full_time_again():
    deafness = Deafness()
    assert deafness.turn(hears=False, wall_ms=0, monotonic_s=0.0) is None
    assert deafness.turn(hears=True, wall_ms=1_000, monotonic_s=1.0) == 1_000
    assert deafness.turn(hears=True, wall_ms=2_000, monotonic_s=2.0) == 1_000
    assert deafness.turn(hears=True, wall_ms=3_603_000, monotonic_s=3.0) == 3_603_000
    assert deafness.turn(hears=False, wall_ms=3_604_000, monotonic_s=4.0) is None
    assert deafness.turn(hears=True, wall_ms=3_605_000, monotonic_s=5.0) == 3_605_000
