"""`--input-shape NAME:1,3,416,416`: sizes for inputs whose file leaves them open."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.nearest import suggestion

MAX_ELEMENTS = 1 << 28
"""The most elements that an input may have: 1 GiB as float32, far above any network for a small device."""
Open = tuple[int | None, ...]
"""A shape; None is a size that the file leaves open."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InputShapes:
    """The shapes given, by the input's name; the name "" stands for the only input."""

    given: Mapping[str, tuple[int, ...]]

    def fix(self, shapes: Mapping[str, Open], *, where: str) -> dict[str, tuple[int, ...]]:
        """Return a fixed shape for each input of ``shapes``; an open first size is the batch and becomes 1.

        Raises ConfigError for an input that stays open, a given name that the network does not have, or given sizes
        that contradict the file's.
        """
        given = {self._name(name, shapes, where): shape for name, shape in self.given.items()}
        return {name: _fixed(name, shape, given.get(name), where) for name, shape in shapes.items()}

    def _name(self, name: str, shapes: Mapping[str, Open], where: str) -> str:
        if name == "" and len(shapes) == 1:
            return next(iter(shapes))
        if name not in shapes:
            todo = suggestion(name, shapes, otherwise=f"the network's inputs: {', '.join(shapes)}")
            raise ConfigError("--input-shape names no input of the network", where=where, found=f"'{name}'", todo=todo)
        return name


NOTHING_GIVEN = InputShapes(given={})


def parse_input_shapes(texts: Sequence[str]) -> InputShapes:
    """Parse values of the form `NAME:1,3,416,416`, or without the name for the only input. Raises ConfigError."""
    given: dict[str, tuple[int, ...]] = {}
    for text in texts:
        # A name may hold colons itself (`serving_default_x:0`); sizes hold none.
        name, _, sizes = text.rpartition(":")
        parts = [part.strip() for part in sizes.split(",")]
        if not all(part.isdecimal() and 0 < int(part) <= MAX_ELEMENTS for part in parts):
            raise ConfigError(
                "an input shape is a name and sizes above 0",
                where="--input-shape",
                found=f"'{text}'",
                todo="such as images:1,3,416,416",
            )
        if name in given:
            raise ConfigError("an input's shape is given twice", where="--input-shape", found=f"'{text}'")
        given[name] = tuple(map(int, parts))
    return InputShapes(given=given)


def _fixed(name: str, shape: Open, given: tuple[int, ...] | None, where: str) -> tuple[int, ...]:
    if given is not None:
        fits = len(given) == len(shape) and all(one in (None, size) for one, size in zip(shape, given, strict=True))
        if not fits:
            raise ConfigError(
                f"--input-shape contradicts the file's shape of input '{name}'",
                where=where,
                found=f"{_told(given)} for {_told(shape)}",
            )
        fixed = given
    else:
        batch_one = (1 if shape and shape[0] is None else shape[0], *shape[1:]) if shape else ()
        if None in batch_one:
            example = ",".join("1" if place == 0 else str(size or 416) for place, size in enumerate(shape))
            raise ConfigError(
                f"input '{name}' has no fixed shape",
                where=where,
                found=_told(shape),
                todo=f"say which, such as --input-shape {name}:{example}",
            )
        fixed = tuple(size for size in batch_one if size is not None)
    if math.prod(fixed) > MAX_ELEMENTS:
        raise ConfigError(f"input '{name}' is too large", where=where, found=_told(fixed))
    return fixed


def _told(shape: Open) -> str:
    return "x".join("?" if size is None else str(size) for size in shape) or "a single value"
