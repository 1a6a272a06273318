"""What disturbed a run, from readings and processor times written down by hand."""

from __future__ import annotations

import msgspec
import pytest

from skerry_edge.bench.speed.conditions import Moment, disturbances, summarise
from skerry_edge.bench.speed.power import EnergyCounter
from skerry_edge.bench.speed.processor_time import ProcessorTime, parse_processor_time
from skerry_edge.bench.speed.result import Conditions
from skerry_edge.bench.speed.sensors import Reading, Throttling

STAT = """\
cpu  100 20 30 800 40 5 5 10 3 0
cpu0 50 10 15 400 20 3 2 5 1 0
"""


def moments(*, busy_s: float = 0.0, own_s: float = 0.0, stolen_s: float = 0.0, total_s: float = 20.0) -> list[Moment]:
    first = ProcessorTime(busy_s=100.0, stolen_s=1.0, total_s=1000.0)
    last = ProcessorTime(busy_s=100.0 + busy_s, stolen_s=1.0 + stolen_s, total_s=1000.0 + total_s)
    return [
        Moment(reading=Reading(time_s=0.0), processor=first, own_cpu_s=2.0),
        Moment(reading=Reading(time_s=10.0), processor=last, own_cpu_s=2.0 + own_s),
    ]


def with_readings(*readings: Reading) -> list[Moment]:
    return [Moment(reading=one, processor=None, own_cpu_s=0.0) for one in readings]


def conditions(of: list[Moment]) -> Conditions:
    return summarise(of, load_1min=0.5, calls=100)


def test_times_of_all_cores_are_read_without_counting_guests_twice() -> None:
    assert parse_processor_time(STAT, ticks_per_s=100) == ProcessorTime(busy_s=1.6, stolen_s=0.1, total_s=10.1)


@pytest.mark.parametrize("text", ["", "cpu 1 2 3", "intr 1 2 3 4 5 6 7 8 9", "cpu a b c d e f g h i"])
def test_a_system_that_tells_no_times_tells_none(text: str) -> None:
    assert parse_processor_time(text, ticks_per_s=100) is None


def test_our_own_work_is_no_disturbance() -> None:
    found = conditions(moments(busy_s=18.0, own_s=17.8))
    assert found.others_share == pytest.approx(0.01)
    assert disturbances(found, settled=True) == ()


def test_other_processes_are_one_and_are_told_with_their_share() -> None:
    found = conditions(moments(busy_s=18.0, own_s=10.0))
    assert disturbances(found, settled=True) == ("other processes used 40% of the processor time",)


def test_a_host_that_takes_time_is_one() -> None:
    found = conditions(moments(stolen_s=1.0))
    assert disturbances(found, settled=True) == ("the host took 5% of the processor time",)


def test_ticks_that_round_below_our_own_work_are_nobody_s() -> None:
    assert conditions(moments(busy_s=10.0, own_s=10.004)).others_share == 0.0


def test_throttling_at_any_moment_is_one() -> None:
    quiet, hot = Throttling(active=False, events=0), Throttling(active=True, events=0)
    readings = [Reading(time_s=at, throttling=one) for at, one in enumerate((quiet, hot, quiet))]
    assert disturbances(conditions(with_readings(*readings)), settled=True) == ("the processor was throttled",)


def test_throttling_between_moments_is_one() -> None:
    readings = [Reading(time_s=at, throttling=Throttling(active=False, events=at)) for at in range(2)]
    assert conditions(with_readings(*readings)).throttled is True


def test_what_the_machine_does_not_tell_is_none_and_disturbs_nothing() -> None:
    found = conditions(with_readings(Reading(time_s=0.0), Reading(time_s=1.0)))
    told = msgspec.structs.asdict(found)
    assert [value for name, value in told.items() if name != "load_1min"] == [None] * 6
    assert disturbances(found, settled=True) == ()


def test_calls_that_never_became_alike_are_told() -> None:
    found = conditions(moments())
    assert disturbances(found, settled=False) == ("calls were still changing when the warm-up ended",)


def test_the_hottest_moment_and_the_mean_clock_are_kept() -> None:
    readings = [Reading(time_s=at, temperature_c=50.0 + at, clock_mhz=1000.0 + 100 * at) for at in range(3)]
    found = conditions(with_readings(*readings))
    assert (found.temperature_c, found.clock_mhz) == (52.0, 1100.0)


def test_energy_is_that_of_one_call() -> None:
    readings = [Reading(time_s=at, energy={"a": EnergyCounter(value_uj=at * 500_000, range_uj=1e9)}) for at in range(3)]
    assert conditions(with_readings(*readings)).energy_mj == pytest.approx(10.0)


def test_sampled_power_gives_energy_where_nothing_counts_it() -> None:
    readings = [Reading(time_s=float(at), power_w=5.0) for at in range(3)]
    assert conditions(with_readings(*readings)).energy_mj == pytest.approx(100.0)
