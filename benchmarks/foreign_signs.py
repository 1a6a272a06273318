"""Photographs with signs that others have drawn: Mapillary's artwork, pasted in with perspective, blur and light.

Neither is part of this project: the artwork comes from npm (mapillary_sprite_source, MIT), the photographs from the
folder of test data. What a detector that has only seen rendered scenes makes of them is as near as one gets to its use
without photographs of signs that may be shared.
"""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_converters.rendering.canvas import Pixels
from skerry_converters.rendering.classes import SIGN_LABELS
from skerry_converters.rendering.datasets import open_writer
from skerry_converters.rendering.draws import Draws
from skerry_converters.rendering.photographs import part_of
from skerry_converters.rendering.scene import Scene, SceneObject

PACKAGE = "mapillary_sprite_source@1.8.0"
ARTWORK: Mapping[str, str] = {
    "stop": "regulatory--stop--g1",
    "give-way": "regulatory--yield--g1",
    "priority-road": "regulatory--priority-road--g1",
    "no-entry": "regulatory--no-entry--g1",
    "no-parking": "regulatory--no-parking--g1",
    "no-overtaking": "regulatory--no-overtaking--g1",
    "speed-limit-30": "regulatory--maximum-speed-limit-30--g1",
    "speed-limit-50": "regulatory--maximum-speed-limit-50--g1",
    "speed-limit-80": "regulatory--maximum-speed-limit-80--g1",
    "speed-limit-100": "regulatory--maximum-speed-limit-100--g1",
    "speed-limit-120": "regulatory--maximum-speed-limit-120--g1",
    "end-of-limits": "regulatory--end-of-prohibition--g1",
    "roundabout": "regulatory--roundabout--g1",
    "ahead-only": "regulatory--go-straight--g1",
    "turn-right": "regulatory--turn-right--g1",
    "turn-left": "regulatory--turn-left--g1",
    "pedestrian-crossing": "information--pedestrians-crossing--g1",
    "children": "warning--children--g1",
    "road-works": "warning--roadworks--g3",
    "general-danger": "warning--other-danger--g1",
}
_FACE_PX = 256
_SIZES_PX = (20.0, 150.0)
_MOST_SIGNS = 3
_TRIES = 20
_OPAQUE = 128
_BROWSER = ("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
_PAGE = '<body style="margin:0"><img src="{}" style="width:{px}px;height:{px}px;object-fit:contain"></body>'

Face = NDArray[np.uint8]
"""Blue, green, red and opacity; (256, 256, 4)."""


def faces(folder: Path) -> list[Face]:
    """Return the artwork of each class, fetched into ``folder``. Raises OSError and CalledProcessError."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    packed = subprocess.run(["npm", "pack", PACKAGE], cwd=folder, check=True, capture_output=True, text=True)
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        wanted = [f"package/package_signs/{name}.svg" for name in ARTWORK.values()]
        archive.extractall(folder, members=[archive.getmember(name) for name in wanted], filter="data")
    return [_drawn(folder / "package" / "package_signs" / f"{ARTWORK[label]}.svg") for label in SIGN_LABELS]


def _drawn(svg: Path) -> Face:
    """Return an SVG file as pixels, by a browser: it alone draws every file as its makers saw it."""
    page, picture = svg.with_suffix(".html"), svg.with_suffix(".png")
    page.write_text(_PAGE.format(svg.name, px=_FACE_PX), encoding="utf-8")
    size = f"--window-size={_FACE_PX},{_FACE_PX}"
    command = [*_BROWSER, size, "--default-background-color=00000000", f"--screenshot={picture}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True)
    return np.asarray(cv2.imread(str(picture), cv2.IMREAD_UNCHANGED), np.uint8)


def write_pictures(
    folder: Path, photographs: Sequence[Pixels], artwork: Sequence[Face], *, count: int, seed: int
) -> None:
    """Fill ``folder`` with parts of photographs at 416x416 pixels, each with up to three signs, labelled as VOC."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    writer = open_writer(folder, "voc", SIGN_LABELS)
    for number in range(count):
        draws = Draws("foreign", seed, number)
        writer.add(f"{number:06d}", _picture(draws, draws.one_of(photographs), artwork))
    writer.close()


def _picture(draws: Draws, photograph: Pixels, artwork: Sequence[Face]) -> Scene:
    pixels = part_of(photograph, (416, 416), draws)
    objects: list[SceneObject] = []
    for _ in range(draws.below(_MOST_SIGNS + 1) if artwork else 0):
        class_id = draws.below(len(artwork))
        corners = _corners(draws, objects)
        if corners is not None:
            pixels, box = _pasted(draws, pixels, artwork[class_id], corners)
            objects.append(SceneObject(class_id=class_id, box_px=box))
    return Scene(pixels=pixels, objects=tuple(objects))


def _corners(draws: Draws, taken: Sequence[SceneObject]) -> NDArray[np.float32] | None:
    """Return where the artwork's corners go: turned a little to the side and to the camera, apart from other signs."""
    for _ in range(_TRIES):
        side = draws.ratio(*_SIZES_PX)
        x, y = draws.between(side, 416 - side), draws.between(side, 416 - side)
        square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * side / 2
        square[:, 0] *= draws.between(0.75, 1.0)
        square[1:3, 1] *= draws.between(0.92, 1.08)
        turn = draws.near(0.0, 0.05)
        turned = square @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]], np.float32)
        corners: NDArray[np.float32] = (turned + np.array([x, y], np.float32)).astype(np.float32)
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        if all(right < a or c < left or bottom < b or d < top for a, b, c, d in (one.box_px for one in taken)):
            return corners
    return None


def _pasted(
    draws: Draws, pixels: Pixels, face: Face, corners: NDArray[np.float32]
) -> tuple[Pixels, tuple[float, float, float, float]]:
    """Return the picture with a sign in it, in the picture's own light and sharpness, and the sign's box."""
    whole = np.array([[0, 0], [_FACE_PX, 0], [_FACE_PX, _FACE_PX], [0, _FACE_PX]], np.float32)
    # Four times as large first, and then averaged: a sign far off is not a sharp one with steps.
    way = cv2.getPerspectiveTransform(whole, corners * 4)
    large = cv2.warpPerspective(face, way, (4 * 416, 4 * 416), flags=cv2.INTER_LINEAR)
    sharp = cv2.resize(large, (416, 416), interpolation=cv2.INTER_AREA)
    layer = np.asarray(cv2.GaussianBlur(sharp, (0, 0), draws.between(0.4, 1.2)), np.float32)
    opacity = layer[..., 3:] / 255
    light = draws.between(0.55, 1.0) * float(np.clip(pixels.mean() / 110, 0.5, 1.0))
    mixed = pixels * (1 - opacity) + layer[..., :3] * light * opacity
    noisy = mixed + np.random.default_rng(draws.below(1 << 31)).normal(0, draws.between(0, 5), mixed.shape)
    ys, xs = np.nonzero(layer[..., 3] >= _OPAQUE)
    box = (float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
    made: Pixels = np.clip(noisy, 0, 255).astype(np.uint8)
    return made, box
