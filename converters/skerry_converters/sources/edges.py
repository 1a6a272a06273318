"""What the inputs and outputs of a network must be for a device to run it, and for anything to be compared."""

from __future__ import annotations

from collections.abc import Sequence

from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import ConfigError


def check_inputs(inputs: Sequence[Tensor], where: str) -> None:
    """Refuse a network that takes nothing, or something else than one sample at a time. Raises ConfigError."""
    if not inputs:
        raise ConfigError(
            "the network has no inputs: it computes the same whatever a device sees",
            where=where,
            todo="export it again with its inputs left open, not as constants",
        )
    for one in inputs:
        if one.shape[:1] != (1,):
            raise ConfigError(
                f"input '{one.name}' does not take one sample at a time, with a first size of 1",
                where=where,
                found=_told(one),
                todo="export it again with a batch of 1, or with an open one",
            )


def check_outputs(outputs: Sequence[Tensor], where: str) -> None:
    """Refuse a network that gives nothing. Raises ConfigError."""
    if not outputs:
        raise ConfigError(
            "the network has no outputs", where=where, todo="export it again, and name what it is to give"
        )
    for one in outputs:
        if 0 in one.shape:
            raise ConfigError(
                f"output '{one.name}' holds no values where the inputs are zeros",
                where=where,
                found=_told(one),
                todo="if its size hangs on what the network sees, end the network before the operator that does so: "
                "a device needs outputs of fixed size",
            )


def _told(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "a single value"
