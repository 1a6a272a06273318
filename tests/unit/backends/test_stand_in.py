"""The backend that fails on demand; what it computes when it does not fail is the contract suite's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skerry_edge.backends.base import BackendError, BackendOptions, ModelFileError
from skerry_edge.backends.choice import choose_variant
from skerry_edge.backends.stand_in import VARIABLE, Orders, StandIn, load, orders_from
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.foundation.errors import ConfigError, MissingError

ONES = (np.ones((1, 3), np.float32),)


class Echo:
    """A real backend as far as the stand-in can see."""

    inputs = outputs = ()

    def infer(self, tensors: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
        return tensors

    def close(self) -> None:
        return


def test_without_orders_it_works() -> None:
    assert orders_from("") == Orders()
    assert StandIn(Echo(), Orders()).infer(ONES) == ONES


def test_orders_are_read_from_one_line() -> None:
    assert orders_from("fault=hang after=20 latency_ms=2.5 marker=/run/x") == Orders(
        fault="hang", after=20, latency_ms=2.5, marker="/run/x"
    )


@pytest.mark.parametrize("text", ["fault=explode", "colour=red", "after=many", "after=-1", "latency_ms=nan", "hang"])
def test_orders_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        orders_from(text)
    assert caught.value.where == VARIABLE


def test_it_fails_after_as_many_inferences_as_it_was_told() -> None:
    backend = StandIn(Echo(), Orders(fault="error", after=2))
    backend.infer(ONES)
    backend.infer(ONES)
    for _ in range(2):
        with pytest.raises(BackendError, match="as it was told"):
            backend.infer(ONES)


def test_with_a_marker_it_fails_once(tmp_path: Path) -> None:
    backend = StandIn(Echo(), Orders(fault="error", marker=str(tmp_path / "failed")))
    with pytest.raises(BackendError):
        backend.infer(ONES)
    assert backend.infer(ONES) == ONES


@pytest.mark.parametrize(("fault", "error"), [("refuse", ModelFileError), ("missing", MissingError)])
def test_it_need_not_even_load(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: str, error: type) -> None:
    monkeypatch.setenv(VARIABLE, f"fault={fault}")
    with pytest.raises(error):
        load(tmp_path / "any.onnx", BackendOptions())


def test_only_who_names_it_gets_it(monkeypatch: pytest.MonkeyPatch, discs: Path) -> None:
    monkeypatch.setattr("skerry_edge.backends.choice.missing_reason", lambda name: None if name == "stand-in" else "x")
    bundle = Bundle.open(discs)
    with pytest.raises(MissingError):
        choose_variant(bundle, variant=None, backend=None)
    assert choose_variant(bundle, variant=None, backend="stand-in")[1] == "stand-in"
