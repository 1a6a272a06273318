"""How far outputs are apart, in figures that can be worked out by hand."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from skerry_converters.gates.metrics import OutputFigures, OutputMeter, compare

SOURCE = np.array([3.0, -4.0, 0.0, 12.0], np.float32)


def test_sqnr_is_ten_times_the_logarithm_of_signal_over_noise() -> None:
    figures = compare("head", SOURCE, SOURCE + np.float32(1.3))
    assert figures.sqnr_db == pytest.approx(10 * np.log10(169 / (4 * 1.69)), abs=1e-4)
    assert figures.max_abs_error == pytest.approx(1.3, abs=1e-5)
    assert figures.mean_error == pytest.approx(1.3, abs=1e-5)


def test_cosine_sees_the_direction_alone() -> None:
    assert compare("head", SOURCE, SOURCE * 7).cosine == pytest.approx(1.0)
    assert compare("head", SOURCE, -SOURCE).cosine == pytest.approx(-1.0)
    assert compare("head", SOURCE, np.array([0, 0, 5, 0], np.float32)).cosine == pytest.approx(0.0)


def test_equal_outputs_are_exact_and_have_no_sqnr() -> None:
    figures = compare("head", SOURCE, SOURCE.copy())
    assert figures.exact
    assert figures.sqnr_db is None


def test_a_source_of_zeros_gives_no_ratio_and_is_not_exact() -> None:
    figures = compare("head", np.zeros(4), SOURCE)
    assert (figures.sqnr_db, figures.cosine, figures.exact) == (None, None, False)
    assert figures.max_abs_error == 12


def test_input_after_input_gives_what_all_at_once_gives() -> None:
    random = np.random.default_rng(0)
    source, variant = random.normal(size=(5, 3, 4)), random.normal(size=(5, 3, 4))
    meter = OutputMeter("head")
    for want, got in zip(source, variant, strict=True):
        meter.add(want, got)
    one_by_one, at_once = meter.figures(), compare("head", source, variant)
    for key in ("sqnr_db", "cosine", "max_abs_error", "mean_error"):
        assert getattr(one_by_one, key) == pytest.approx(getattr(at_once, key))
    assert one_by_one.values == 60


def test_values_that_are_not_finite_are_counted_and_leave_the_rest_measured() -> None:
    broken = SOURCE.copy()
    broken[1], broken[2] = np.nan, np.inf
    figures = compare("head", SOURCE, broken)
    assert figures.not_finite == 2
    assert figures.max_abs_error == 0
    assert not figures.exact
    assert compare("head", SOURCE, np.full(4, np.nan)) == OutputFigures(name="head", values=4, not_finite=4)


def test_steps_of_quantization_are_counted_for_integer_outputs_alone() -> None:
    stored = np.array([0, 1, 3, 127], np.int8)
    meter = OutputMeter("head", lsb=0.5)
    meter.add(np.array([0.0, 0.0, 0.5, 63.5]), stored * 0.5, stored)
    figures = meter.figures()
    assert figures.share_within_lsb == {"0": 0.5, "1": 0.75, "2": 1.0}
    assert figures.saturated_share == 0.25
    assert compare("head", SOURCE, SOURCE).share_within_lsb is None


def test_a_constant_output_is_told_whether_or_not_the_source_is() -> None:
    flat = np.full(4, 2.0)
    figures = compare("head", SOURCE, flat)
    assert (figures.constant, figures.source_constant) == (True, False)
    figures = compare("head", flat, flat)
    assert (figures.constant, figures.source_constant) == (True, True)


def test_one_flat_input_among_others_makes_no_constant_output() -> None:
    meter = OutputMeter("head")
    meter.add(np.zeros(4), np.zeros(4))
    meter.add(SOURCE, SOURCE)
    assert not meter.figures().constant


def test_an_output_that_ignores_its_input_is_stuck_unless_the_source_does_so_too() -> None:
    def stuck(sources: list[np.ndarray], variants: list[np.ndarray]) -> bool:
        meter = OutputMeter("head")
        for want, got in zip(sources, variants, strict=True):
            meter.add(want, got)
        return meter.figures().stuck

    assert stuck([SOURCE, SOURCE + 1], [SOURCE, SOURCE])
    assert not stuck([SOURCE, SOURCE], [SOURCE, SOURCE])
    assert not stuck([SOURCE, SOURCE + 1], [SOURCE, SOURCE + 2])
    assert not stuck([SOURCE], [SOURCE])


def test_arrays_of_different_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shapes \(4,\) and \(1, 4\)"):
        compare("head", SOURCE, SOURCE[np.newaxis])


def test_memory_does_not_grow_with_the_number_of_inputs() -> None:
    meter = OutputMeter("head", lsb=0.1)
    values = np.random.default_rng(0).normal(size=50_000)
    meter.add(values, values)
    tracemalloc.start()
    for _ in range(3):
        meter.add(values, values + 0.1)
    few = tracemalloc.get_traced_memory()[0]
    for _ in range(30):
        meter.add(values, values + 0.1)
    assert tracemalloc.get_traced_memory()[0] - few < values.nbytes // 10
    tracemalloc.stop()
