"""What a rollout asks for and no device has."""

from __future__ import annotations

import pytest

from skerry_server.rollouts.eligibility import Candidate, fits_nobody

FLEET = [
    Candidate(
        device="cam-1",
        site="garden",
        board="raspberry-pi-4",
        agent_version=None,
        models=("signs 1.0.0",),
        is_present=True,
        groups=frozenset({"lab"}),
        tags={"owner": "ann"},
    )
]


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ({"boards": ["raspberry-pi-44"]}, ["board raspberry-pi-44 (did you mean 'raspberry-pi-4'?)"]),
        ({"boards": ["raspberry-pi-4"], "sites": ["zzz"]}, ["site zzz"]),
        ({"devices": ["cam-1", "cam-9"]}, ["device cam-9 (did you mean 'cam-1'?)"]),
        ({"tags": {"owner": "bob", "floor": ""}}, ["tag owner=bob", "tag floor"]),
        ({"groups": ["lab"], "tags": {"owner": ""}, "versions": ["1.0.0"]}, []),
        ({}, []),
    ],
)
def test_a_filter_that_fits_nobody_is_named(spec, target, told):
    assert fits_nobody(spec(target=target), FLEET) == told
