"""Calibration data that was chosen and read once: a stream of inputs for any tensor, as often as it is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from skerry_converters.calibration.feeds import ArrayFeed, Feed, ModelInput, PictureFeed
from skerry_converters.calibration.items import Item, Sample, Source, rank
from skerry_converters.calibration.manifest import CalibrationManifest, Choice, describe
from skerry_converters.calibration.similarity import alike_groups
from skerry_edge.backends.base import Array
from skerry_edge.contracts.manifest import ImageInput, Tensor
from skerry_edge.foundation.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CalibrationSet:
    """Items of one source with the network's own input ``tensor``; nothing that grows with their number but names."""

    source: Source
    items: tuple[Item, ...]
    choice: Choice
    model_input: ModelInput
    tensor: Tensor

    def __len__(self) -> int:
        """Return the number of samples."""
        return sum(item.samples for item in self.items)

    def samples(self) -> Iterator[Sample]:
        """Yield the samples one at a time, read from disk again. Raises what reading raises."""
        return self.source.read(self.items)

    def feed(self, tensor: Tensor) -> Feed:
        """Return what makes these samples fit ``tensor``. Raises BundleError or ConfigError where they cannot."""
        if isinstance(self.model_input, ImageInput) and self.source.kind != "arrays":
            return PictureFeed(self.model_input, tensor)
        return ArrayFeed(self.tensor, tensor)

    def tensors(self, tensor: Tensor | None = None) -> TensorStream:
        """Return the samples as inputs for ``tensor``; without one, for the network's own."""
        return TensorStream(calibration=self, feed=self.feed(tensor or self.tensor))

    def manifest(self) -> CalibrationManifest:
        """Describe what was chosen, and how."""
        return describe(self.source.kind, self.choice, self.model_input, self.items)

    def split(self, held_out_share: float, seed: int) -> tuple[CalibrationSet, CalibrationSet]:
        """Set a part aside for the gates: return the rest, and about ``held_out_share`` of the items.

        Pictures that look alike stay on one side, so that the gates see nothing that was calibrated with; where nearly
        all look alike they are divided all the same, and `leakage` will say so. Raises ConfigError for a share that is
        not between 0 and 1, or fewer than two items.
        """
        if not 0 < held_out_share < 1:
            raise ConfigError("the share to set aside is between 0 and 1", found=f"{held_out_share}")
        if len(self.items) < 2:
            raise ConfigError(
                "there is too little calibration data to set some aside for the gates",
                found=f"{len(self.items)} {self.source.kind}",
                todo="give --gate-data, or more calibration data",
            )
        aside = _held_out(self.items, held_out_share, seed)
        said = f"split of {held_out_share:g} by seed {seed}"
        rest = tuple(item for place, item in enumerate(self.items) if place not in aside)
        held = tuple(item for place, item in enumerate(self.items) if place in aside)
        return (
            replace(self, items=rest, choice=replace(self.choice, part=f"calibration, {said}")),
            replace(self, items=held, choice=replace(self.choice, part=f"held out, {said}")),
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TensorStream:
    """Input tensors one at a time, with their batch axis; to be gone over as often as a calibrator likes."""

    calibration: CalibrationSet
    feed: Feed

    def __len__(self) -> int:
        """Return the number of tensors."""
        return len(self.calibration)

    def __iter__(self) -> Iterator[Array]:
        """Yield arrays that belong to the caller."""
        return (self.feed(sample.value).tensor for sample in self.calibration.samples())


def _held_out(items: tuple[Item, ...], share: float, seed: int) -> set[int]:
    """Return the places of the items to set aside: whole groups of what looks alike, in a random order."""
    wanted = min(max(1, round(len(items) * share)), len(items) - 1)
    groups = alike_groups([item.fingerprint for item in items])
    aside = _fill(groups, items, wanted, seed)
    if not aside:
        smallest = min(groups, key=len)
        if len(smallest) <= len(items) // 2:
            return set(smallest)
        aside = _fill([(place,) for place in range(len(items))], items, wanted, seed)
    return aside


def _fill(
    groups: list[tuple[int, ...]] | tuple[tuple[int, ...], ...], items: tuple[Item, ...], wanted: int, seed: int
) -> set[int]:
    aside: set[int] = set()
    for group in sorted(groups, key=lambda group: rank(seed, items[group[0]].label)):
        if len(aside) + len(group) <= wanted:
            aside.update(group)
    return aside
