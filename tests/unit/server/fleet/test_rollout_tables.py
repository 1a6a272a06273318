"""Tables of rollouts and releases on a narrow terminal."""

from __future__ import annotations

import io

from rich.console import Console

from skerry_server.fleet.rollout_tables import release_table, rollout_table

BOARDS = ["generic-x86", "raspberry-pi-3", "raspberry-pi-4", "raspberry-pi-5", "raspberry-pi-zero-2-w"]
RELEASES = [
    {
        "kind": "model",
        "name": "skerry-signs",
        "version": f"{counter}.0.0",
        "counter": counter,
        "boards": BOARDS,
        "files": dict.fromkeys(("litert-fp32", "litert-int8", "onnx-fp32", "onnx-int8"), 1_234_567),
    }
    for counter in (41, 42)
]
ROLLOUT = {
    "id": 7,
    "kind": "model",
    "name": "skerry-signs",
    "version": "2.0.0",
    "state": "rolled-back",
    "stage": 1,
    "stages": 3,
    "devices": {"committed": 5, "failed": 1, "left-out": 12, "returned": 3},
    "detail": "3 of 3 devices failed; 95 % are to succeed",
    "reason": "success-share",
}


def on_80_columns(table):
    out = io.StringIO()
    Console(file=out, width=80).print(table)
    return out.getvalue()


def test_a_release_is_told_by_name_version_and_counter_on_80_columns():
    drawn = on_80_columns(release_table(RELEASES))
    for counter in (41, 42):
        line = next(line for line in drawn.splitlines() if f"{counter}.0.0" in line)
        assert line.split()[:3] == ["model/skerry-signs", f"{counter}.0.0", str(counter)]


def test_a_rollout_keeps_its_reason_on_80_columns():
    words = on_80_columns(rollout_table([ROLLOUT])).split()
    assert "rolled-back" in words
    assert {"devices", "failed;", "succeed"} <= set(words)
