"""What a pipeline's children report, and what of it is passed on."""

from __future__ import annotations

import time

from skerry_edge.agent.children.account import Account
from skerry_edge.agent.config.pipelines import SyntheticPipeline
from skerry_edge.agent.line.protocol import Finding


def test_a_word_that_was_decided_before_the_child_knew_of_the_mute_goes_no_further() -> None:
    muted = True
    passed_on: list[Finding] = []
    account = Account(SyntheticPipeline(name="ear"), is_muted=lambda: muted, on_finding=passed_on.append)
    word = Finding(kind="wakeword", label="Alexa", ts=1, decided_ns=time.monotonic_ns())
    trouble = Finding(kind="system", label="stalled-audio", ts=2, decided_ns=time.monotonic_ns())
    account.take(word)
    account.take(trouble)
    muted = False
    account.take(word)
    assert [one.label for one in passed_on] == ["stalled-audio", "Alexa"]
