"""Rendered scenes as training samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skerry_converters.rendering.scene import SceneOptions, Split, render_scene
from skerry_converters.training.samples import Sample


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderedScenes:
    """The endless series of scenes that a split and a seed name, drawn at the size of the network's input."""

    split: Split
    seed: int
    side_px: int
    options: SceneOptions

    @property
    def length(self) -> int | None:
        """There is no end of them."""
        return None

    def sample(self, number: int) -> Sample:
        """Draw scene ``number``."""
        size = (self.side_px, self.side_px)
        scene = render_scene(self.seed, number, split=self.split, size=size, options=self.options)
        return Sample(
            pixels=scene.pixels,
            boxes_px=np.array([one.box_px for one in scene.objects], np.float32).reshape(-1, 4),
            class_ids=np.array([one.class_id for one in scene.objects], np.int32),
            counts=np.array([not one.difficult for one in scene.objects], np.bool_),
        )
