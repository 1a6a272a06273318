"""What the page of one device says, and in which tone."""

from __future__ import annotations

import pytest

from skerry_edge.contracts.messages import PipelineVitals, Quantiles
from skerry_edge.contracts.vitals import Temperature
from skerry_server.ui.device_views import read_heartbeat
from skerry_server.ui.templating import render
from skerry_server.ui.vitals import device_groups, span


@pytest.fixture
def facts(make_device):
    """Return a function that gives name -> (text, tone) over all groups."""

    def tell(beat, **changes):
        groups = device_groups(make_device(**changes), beat, now_ms=20_000)
        return {one.name: (one.text, one.tone) for group in groups for one in group.facts}

    return tell


def test_a_device_that_sent_no_heartbeat_tells_its_state_alone(make_device):
    (group,) = device_groups(make_device(presence="offline", reason="connection lost"), None, now_ms=20_000)
    assert group.title == "Presence"
    assert ("Reason", "connection lost") in [(one.name, one.text) for one in group.facts]


def test_what_a_machine_cannot_say_has_no_line(make_heartbeat, facts):
    told = facts(make_heartbeat())
    silent = {"Temperature", "Throttled", "Under-voltage", "Network", "Power", "Without a crash for", "Swap"}
    assert silent & set(told) == set()
    assert told["Outbox"] == ("empty", "plain")


@pytest.mark.parametrize(
    ("value", "trip", "text", "tone"),
    [
        (51.5, 80.0, "51.5 °C (limit 80 °C)", "plain"),
        (76.0, 80.0, "76.0 °C (limit 80 °C)", "warn"),
        (80.0, 80.0, "80.0 °C (limit 80 °C)", "bad"),
        (95.0, None, "95.0 °C", "plain"),
        (-12.0, 80.0, "-12.0 °C (limit 80 °C)", "plain"),
    ],
)
def test_a_temperature_is_held_against_its_own_limit(make_heartbeat, facts, value, trip, text, tone):
    assert facts(make_heartbeat(temperature_c=value, temperature_trip_c=trip))["Temperature"] == (text, tone)


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (True, True, ("now", "bad")),
        (False, True, ("not now, but since the machine's start", "warn")),
        (False, False, ("no", "plain")),
        (False, None, ("no", "plain")),
    ],
)
def test_throttling_and_under_voltage_tell_now_from_before(make_heartbeat, facts, now, before, told):
    beat = make_heartbeat(throttled=now, throttled_since_boot=before, undervoltage=now, undervoltage_since_boot=before)
    assert facts(beat)["Throttled"] == told
    assert facts(beat)["Under-voltage"] == told


def test_crashes_reboots_and_the_time_without_are_told(make_heartbeat, facts):
    told = facts(make_heartbeat(crash_free_s=100_000.0, agent_crashes=2, reboots_unexpected=0))
    assert told["Without a crash for"] == ("1 d 3 h", "plain")
    assert told["Crashes of the agent"] == ("2", "warn")
    assert told["Unexpected reboots"] == ("0", "plain")


def test_the_outbox_tells_depth_size_and_age(make_heartbeat, facts):
    told = facts(make_heartbeat(outbox_depth=12, outbox_bytes=4_100, outbox_oldest_s=185.0))
    assert told["Outbox"] == ("12 messages, 4.1 kB, the oldest 3 min 5 s old", "plain")


@pytest.mark.parametrize(
    ("changes", "tone"),
    [
        ({"disk_total_mb": 30_000.0, "disk_inodes_free_percent": 50.0}, "plain"),
        ({"disk_total_mb": 300_000.0, "disk_inodes_free_percent": 50.0}, "warn"),
        ({"disk_total_mb": 30_000.0, "disk_inodes_free_percent": 1.0}, "warn"),
        ({"disk_read_only": True}, "bad"),
    ],
)
def test_a_disk_that_is_full_out_of_file_numbers_or_read_only_stands_out(make_heartbeat, facts, changes, tone):
    assert facts(make_heartbeat(**changes))["Disk"][1] == tone


def test_a_lowered_clock_is_told_with_what_it_could_be(make_heartbeat, facts):
    beat = make_heartbeat(cpu_mhz=800.0, cpu_limit_mhz=1000.0, cpu_max_mhz=1500.0)
    assert facts(beat)["Clock speed"][0] == "800 MHz, limited to 1,000 of 1,500 MHz"
    assert facts(make_heartbeat(cpu_mhz=800.0, cpu_limit_mhz=1500.0, cpu_max_mhz=1500.0))["Clock speed"][0] == "800 MHz"


def test_sensors_rails_versions_and_what_hangs_are_listed(make_heartbeat, facts):
    beat = make_heartbeat(
        sensors={"greenhouse_c": 21.5},
        rails_w={"VDD_IN": 4.72},
        versions={"kernel": "6.6"},
        stuck_sensors=["soil_percent"],
        temperatures=[Temperature(name="cpu", value_c=50.0), Temperature(name="apex_0", value_c=90.0, trip_c=84.8)],
    )
    told = facts(beat)
    assert told["greenhouse_c"][0] == "21.5"
    assert told["VDD_IN"][0] == "4.72 W"
    assert told["kernel"][0] == "6.6"
    assert told["Do not answer"] == ("soil_percent", "warn")
    assert told["apex_0"][1] == "bad"


def test_a_pipeline_tells_what_it_does_and_costs(make_heartbeat, facts):
    vitals = PipelineVitals(
        name="eye",
        model="m",
        model_version="1.0.0",
        backend="onnx",
        state="failing",
        frames=1200,
        cpu_percent=41.6,
        memory_mb=150.0,
        stages_ms={"inference": Quantiles(p50=12.0, p95=15.5, p99=20.0)},
    )
    told = facts(make_heartbeat(pipelines=[vitals]))
    assert told["State"] == ("failing", "warn")
    assert told["Costs"][0] == "42 % of a core, 150 MB"
    assert told["Inference"][0] == "12.0 ms, 95 of 100 within 15.5 ms"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (0.4, "0 s"), (59, "59 s"), (3600, "1 h 0 min"), (90_061, "1 d 1 h"), (1e9, "11574 d 1 h")],
)
def test_a_length_of_time_has_two_units_at_most(seconds, text):
    assert span(seconds) == text


def test_whatever_a_device_says_is_text_and_never_markup(make_device, make_heartbeat):
    beat = make_heartbeat(versions={"<b>": "<script>alert(1)</script>"}, power_mode='"><img>')
    groups = device_groups(make_device(reason="<i>&"), beat, now_ms=0)
    page = render("device_now.html", groups=groups, pipelines=[], picture=None)
    assert "<script>" not in page
    assert "<img>" not in page
    assert "&lt;i&gt;&amp;" in page


def test_the_newest_heartbeat_of_a_device_is_kept_and_read(store, database, delivery, commit):
    commit(
        [delivery("heartbeat", seq=1, power_mode="5W"), delivery("heartbeat", seq=2, power_mode="15W")], store, database
    )
    commit([delivery("heartbeat", seq=1, power_mode="late")], store, database)
    with database.reading() as session:
        assert read_heartbeat(session, "cam-1").power_mode == "15W"
        assert read_heartbeat(session, "cam-2") is None


def test_a_device_without_heartbeat_and_one_of_another_version_have_none(store, database, delivery, commit):
    commit([delivery("event", device="cam-2")], store, database)
    with database.reading() as session:
        assert read_heartbeat(session, "cam-2") is None
    commit([delivery("heartbeat")], store, database)
    with database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE devices SET heartbeat = x'7b7d'")
    with database.reading() as session:
        assert read_heartbeat(session, "cam-1") is None


def test_a_pipeline_that_may_not_listen_says_so(make_heartbeat, facts):
    ear = PipelineVitals(
        name="ear", model="Alexa", model_version="1", backend="litert", state="running", frames=9, muted=True
    )
    assert facts(make_heartbeat(pipelines=[ear]))["State"] == ("running, muted", "plain")
