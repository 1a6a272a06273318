"""Findings on a narrow terminal."""

from __future__ import annotations

import click

from skerry_edge.agent.doctor.display import lines
from skerry_edge.agent.doctor.findings import Finding

FINDINGS = (
    Finding(name="python", status="ok", found="Python 3.11, 64-bit on aarch64", todo="nothing"),
    Finding(name="files", status="failed", found="word " * 40, todo="sudo chown root:skerry /etc/skerry/a-long-name"),
    Finding(name="camera", status="not applicable", found="no pipeline uses one"),
    Finding(name="broker", status="not applicable", found="no configuration"),
)


def shown(columns: int) -> list[str]:
    return [click.unstyle(line) for line in lines(FINDINGS, columns)]


def test_no_line_is_wider_than_the_terminal_and_no_word_is_broken() -> None:
    told = shown(80)
    assert max(map(len, told)) <= 80
    assert any("/etc/skerry/a-long-name" in line for line in told)


def test_what_does_not_apply_takes_one_line_and_the_verdict_comes_last() -> None:
    told = shown(80)
    assert "not applicable here: camera, broker" in told
    assert told[-1] == "1 ok, 0 warning, 1 failed"


def test_what_is_right_needs_no_advice() -> None:
    assert "nothing" not in "\n".join(shown(80))
