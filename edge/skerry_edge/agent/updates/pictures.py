"""What the device saw last, for a new model to be tried on: asked of the pipelines, and gone once that is over."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from skerry_edge.agent.line.protocol import LeavePictures, Order

_log = logging.getLogger(__name__)


class Pictures:
    """Has pipelines leave their pictures in folders below ``folder``; ``order`` passes an order on to a pipeline."""

    def __init__(self, folder: Path, order: Callable[[str, Order], bool]) -> None:
        self._folder = folder
        self._order = order
        self._is_asked = False

    def places(self, pipelines: Iterable[str]) -> tuple[str, ...]:
        """Return the folders in which pipelines will leave their pictures."""
        return tuple(str((self._folder / name).absolute()) for name in pipelines)

    def ask(self, pipelines: Iterable[str]) -> None:
        """Have these pipelines leave what they saw last, once until `drop`; who cannot now leaves nothing."""
        if self._is_asked:
            return
        self.drop()
        self._is_asked = True
        for name, place in zip(pipelines, self.places(pipelines), strict=True):
            self._order(name, LeavePictures(folder=place))

    def drop(self) -> None:
        """Remove what was left."""
        self._is_asked = False
        try:
            shutil.rmtree(self._folder)
        except FileNotFoundError:
            return
        except OSError as error:
            _log.warning("pictures that a model was tried on cannot be removed: %s", error)
