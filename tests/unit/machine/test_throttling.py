"""Raspberry Pi's bits, as the kernel and as vcgencmd write them."""

from __future__ import annotations

import pytest

from skerry_edge.machine.throttling import Throttling, from_bits, parse_bits


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("0", 0),
        ("50005", 0x50005),
        ("throttled=0x50000\n", 0x50000),
        ("0xE0008", 0xE0008),
        ("", None),
        ("throttled=", None),
        ("error=1 error_msg=\"Command not registered\"", None),
        ("0x123456789", None),
        ("-1", None),
        (None, None),
    ],
)  # fmt: skip
def test_both_forms_are_read_and_nothing_else(text: str | None, bits: int | None) -> None:
    assert parse_bits(text) == bits


@pytest.mark.parametrize(
    ("bits", "told"),
    [
        (0x0, (False, False, False, False)),
        (0x1, (False, False, True, False)),
        (0x10000, (False, False, False, True)),
        (0x2, (True, False, False, False)),
        (0x4, (True, False, False, False)),
        (0x8, (True, False, False, False)),
        (0x80000, (False, True, False, False)),
        (0x50005, (True, True, True, True)),
    ],
)
def test_a_weak_supply_and_a_slow_processor_are_told_apart_and_now_from_before(
    bits: int, told: tuple[bool, bool, bool, bool]
) -> None:
    throttled, before, undervoltage, undervoltage_before = told
    assert from_bits(bits) == Throttling(
        throttled=throttled,
        throttled_since_boot=before,
        undervoltage=undervoltage,
        undervoltage_since_boot=undervoltage_before,
    )
