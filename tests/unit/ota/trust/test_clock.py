"""Which time expiry is judged by."""

from __future__ import annotations

import pytest

from skerry_edge.ota.trust.clock import time_for_sure_s

SIGNED_S = 1_790_000_000.0
YEAR_S = 365.25 * 86400


@pytest.mark.parametrize(
    ("wall_s", "signed_s", "sure_s"),
    [
        (None, None, None),
        (SIGNED_S, None, SIGNED_S),
        (None, SIGNED_S, SIGNED_S),
        (31_536_000.0, SIGNED_S, SIGNED_S),
        (SIGNED_S + 86_400, SIGNED_S, SIGNED_S + 86_400),
        (SIGNED_S + 9 * YEAR_S, SIGNED_S, SIGNED_S + 9 * YEAR_S),
        (4_102_444_800.0, SIGNED_S, SIGNED_S),
    ],
)
def test_the_wall_clock_counts_only_where_it_can_be_right(wall_s, signed_s, sure_s) -> None:
    assert time_for_sure_s(wall_s=wall_s, signed_s=signed_s) == sure_s
