"""The bounded version of `make chaos SUITE=ingest`: each fault once, nothing lost, nothing twice."""

from __future__ import annotations

import pytest
from chaos.load import Sent
from chaos.suite_ingest import FAULTS, judge, run


@pytest.mark.parametrize(("store", "program"), [("influxdb", "influxd"), ("victoriametrics", "victoria-metrics")])
def test_nothing_is_lost_or_shows_twice_through_one_fault_of_each_kind(tmp_path, need_program, store, program):
    need_program("mosquitto")
    need_program(program)
    verdict = run(tmp_path, store=store, faults=FAULTS, messages=3_000, seed=1, say=print, rate_hz=500.0)
    assert (verdict.lost, verdict.repeated, verdict.messages) == ((), (), 3_000)


def test_the_judge_sees_what_is_missing_and_what_shows_twice():
    sent = Sent(heartbeats={("a", 1), ("a", 2)}, events={("a", 3)})
    verdict = judge(sent, [("a", 1), ("a", 1)], [("a", 3)])
    assert (verdict.lost, verdict.repeated, verdict.is_good) == ((("a", 2),), (("a", 1),), False)
    assert judge(sent, [("a", 1), ("a", 2)], [("a", 3)]).is_good
