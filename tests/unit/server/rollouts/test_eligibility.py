"""Which version of a model a device runs, by what its pipelines say."""

from __future__ import annotations

import pytest

from skerry_server.rollouts.eligibility import Candidate

MODELS = ("skerry-signs 1.2.0+build.7", "alexa+okay_nabu 2.0.0+0-1a2b3c4d5e6f", "odd+name 1.0.0")


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("skerry-signs", "1.2.0+build.7"),
        ("alexa", "2.0.0"),
        ("okay_nabu", "0-1a2b3c4d5e6f"),
        ("odd", None),
        ("else", None),
    ],
)
def test_each_word_of_a_pipeline_is_a_model_of_its_own(name: str, version: str | None) -> None:
    one = Candidate(
        device="cam-1",
        site="garden",
        board=None,
        agent_version=None,
        models=MODELS,
        is_present=True,
        groups=frozenset(),
        tags={},
    )
    assert one.version_of("model", name) == version
