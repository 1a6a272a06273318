"""What crosses for updates over the air: orders down, reports up."""

from __future__ import annotations

import json

import pytest

from skerry_edge.contracts.codec import decode, encode
from skerry_edge.contracts.errors import WireError
from skerry_edge.contracts.fingerprint import desired_sha256
from skerry_edge.contracts.messages import Desired, UpdateOrder
from skerry_edge.contracts.updates import UpdateReport

ORDER = UpdateOrder(id="r1", version="2.0.0", counter=7, probation_s=60, deadline_s=3600)


def desired(**updates: UpdateOrder) -> Desired:
    return Desired(v=1, version=3, ts=5, updates={name.replace("_", "/"): one for name, one in updates.items()})


def test_an_order_survives_the_wire() -> None:
    assert decode("desired", encode(desired(model_signs=ORDER))) == desired(model_signs=ORDER)


@pytest.mark.parametrize("subject", ["signs", "model/", "model/../x", "model/a/b", "firmware/x", "model/a\n"])
def test_an_order_about_nothing_that_is_updated_is_refused(subject: str) -> None:
    order = {"id": "r1", "version": "2", "counter": 1, "probation_s": 1, "deadline_s": 1}
    with pytest.raises(WireError):
        decode("desired", json.dumps({"v": 1, "version": 1, "ts": 1, "updates": {subject: order}}).encode())


@pytest.mark.parametrize("changes", [{"probation_s": 0}, {"deadline_s": 0}, {"counter": -1}, {"id": "a/b"}])
def test_an_order_that_could_not_end_is_refused(changes: dict[str, object]) -> None:
    order = {"id": "r1", "version": "2", "counter": 1, "probation_s": 1, "deadline_s": 1} | changes
    with pytest.raises(WireError):
        decode("desired", json.dumps({"v": 1, "version": 1, "ts": 1, "updates": {"model/a": order}}).encode())


def test_versions_that_order_something_else_are_told_apart() -> None:
    other = UpdateOrder(id="r2", version="2.0.0", counter=7, probation_s=60, deadline_s=3600)
    assert desired_sha256(desired(model_signs=ORDER)) != desired_sha256(desired(model_signs=other))
    assert desired_sha256(desired(model_signs=ORDER)) != desired_sha256(desired())


def test_a_report_survives_the_wire() -> None:
    report = UpdateReport(
        v=1,
        id="m1",
        session="00000001-abcdef01",
        seq=1,
        ts=1,
        clock="synced",
        order="r1",
        kind="model",
        name="signs",
        to_version="2.0.0",
        state="report-fail",
        outcome="rolled-back",
        reason="crashed",
    )
    assert decode("update", encode(report)) == report
