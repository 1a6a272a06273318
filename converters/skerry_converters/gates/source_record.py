"""What the source computes for the held-out inputs, computed once and kept on disk for every file that is judged."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

from skerry_converters.calibration.items import Progress
from skerry_converters.gates.held_out import HeldOut
from skerry_edge.backends.base import Array
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import DataError

Evaluate = Callable[[Sequence[Array]], tuple[Array, ...]]
"""A network: arrays of the declared shapes and dtypes to its outputs."""


class SourceTensors(Protocol):
    """The tensors that a source declares; `sources.base.SourceFacts` is one."""

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The inputs in the network's order."""
        ...

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The outputs in the network's order."""
        ...


class SourceRecord:
    """The source's outputs for each held-out input, in their order; made by `record_source`."""

    def __init__(self, held_out: HeldOut, tensors: SourceTensors, folder: Path) -> None:
        self.held_out = held_out
        self.inputs = tensors.inputs
        self.outputs = tensors.outputs
        self._folder = folder

    def read(self) -> Iterator[tuple[Array, ...]]:
        """Yield the outputs of one input after the other."""
        for number in range(len(self.held_out)):
            with np.load(self._folder / f"{number}.npz", allow_pickle=False) as stored:
                yield tuple(stored[f"arr_{place}"] for place in range(len(self.outputs)))


@contextmanager
def record_source(
    evaluate: Evaluate,
    tensors: SourceTensors,
    held_out: HeldOut,
    *,
    progress: Progress = lambda _done, _total: None,
) -> Iterator[SourceRecord]:
    """Run the source over all held-out inputs and give its record, which is gone with the context.

    Raises what the source raises, and DataError where there is no input, or where it gives values that are not finite
    or outputs of other shapes than it declares: then nothing could be measured against it.
    """
    if not len(held_out):
        raise DataError("there is no held-out input to judge by", found=held_out.facts.kind)
    with tempfile.TemporaryDirectory(prefix="skerry-gate-") as name:
        folder = Path(name)
        for number, case in enumerate(held_out.cases(tensors.inputs)):
            progress(number, len(held_out))
            outputs = evaluate(case.tensors)
            _check(outputs, tensors.outputs, case.name)
            np.savez(folder / f"{number}.npz", *outputs)
        yield SourceRecord(held_out, tensors, folder)


def _check(outputs: tuple[Array, ...], declared: tuple[Tensor, ...], case: str) -> None:
    shapes, wanted = [one.shape for one in outputs], [one.shape for one in declared]
    if shapes != wanted:
        raise DataError(
            "the source gives other outputs than it declares",
            where=f"input '{case}'",
            found=f"{shapes}, expected {wanted}",
            todo="where their sizes hang on what the network sees, end it before the operator that does so, such as "
            "NonZero or NonMaxSuppression: a device needs outputs of fixed size",
        )
    for one, tensor in zip(outputs, declared, strict=True):
        if one.dtype.kind == "f" and not np.isfinite(one).all():
            raise DataError(
                "the source network itself gives values that are not finite",
                where=f"output '{tensor.name}', input '{case}'",
                todo="are these the weights of this network?",
            )
