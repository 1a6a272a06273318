"""The newest pictures that a pipeline's network has seen, kept small for a new model to be tried on."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

from skerry_edge.agent.watching.pictures import View
from skerry_edge.contracts.manifest import SURE_SCORE
from skerry_edge.vision.snapshot import snapshot_jpeg

INTERVAL_S = 5.0
"""Pictures that follow one another more closely show the same."""
_SHOWING = 6
_EMPTY = 2
"""So many pictures are kept with objects that the network was sure of, and so many others."""
_MOST_BYTES = 128 * 1024


class Album:
    """Holds JPEGs in memory, at most 1 MB in all; nothing is written down before somebody asks for it."""

    def __init__(self) -> None:
        self._pages: dict[bool, deque[bytes]] = {True: deque(maxlen=_SHOWING), False: deque(maxlen=_EMPTY)}
        self._next_s = {True: float("-inf"), False: float("-inf")}

    @property
    def pictures(self) -> list[bytes]:
        """The JPEGs that are kept, those with objects first."""
        return [*self._pages[True], *self._pages[False]]

    def show(self, view: View, now_s: float) -> None:
        """Keep a picture that was seen at ``now_s``, where one of its kind is due."""
        is_showing = bool((view.detections.scores >= SURE_SCORE).any())
        if now_s >= self._next_s[is_showing]:
            self._next_s[is_showing] = now_s + INTERVAL_S
            self._pages[is_showing].append(snapshot_jpeg(view.pixels, (), max_bytes=_MOST_BYTES))

    def leave(self, folder: Path) -> None:
        """Write the pictures into ``folder``, for this user alone; once there is one of that name, they all are.

        Raises OSError, also where there is such a folder already.
        """
        part = folder.with_name(f"{folder.name}.part")
        part.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number, picture in enumerate(self.pictures):
            descriptor = os.open(part / f"{number}.jpg", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(picture)
        part.rename(folder)
