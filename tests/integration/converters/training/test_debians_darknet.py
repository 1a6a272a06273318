"""A trained network's files in Debian's own Darknet: it finds what the bundle finds."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2

from skerry_converters.rendering.scene import SceneOptions
from skerry_converters.training.rendered import RenderedScenes
from skerry_edge.vision.detector import Detector

THRESHOLD = 0.02
"""What a network that was hardly trained is sure of."""
_FOUND = re.compile(r"^(?P<label>[^:\n]+): (?P<percent>\d+)%$", re.MULTILINE)


def test_it_finds_what_darknet_finds(
    skerry: Callable[..., object], tiny: Callable[..., Path], need_program: Callable[[str], str], tmp_path: Path
) -> None:
    program, out, bundle = need_program("darknet"), tmp_path / "run", tmp_path / "tiny.skerry"
    assert skerry("train", "--config", tiny(first=10, second=150), "--out", out).code == 0
    cfg, weights, names = (out / f"tiny.{ending}" for ending in ("cfg", "weights", "names"))
    sources = [cfg, "--weights", weights, "--labels", names]
    assert skerry("convert", *sources, "--to", "onnx-fp32", "--out", bundle).code == 0
    data = tmp_path / "darknet.data"
    data.write_text(f"classes=20\nnames={names}\n")
    detector = Detector.open(bundle, score_threshold=THRESHOLD)
    scenes = RenderedScenes(split="test", seed=1, side_px=96, options=SceneOptions())
    found = 0
    for number in range(6):
        picture = tmp_path / f"{number}.png"
        cv2.imwrite(str(picture), scenes.sample(number).pixels)
        files = ["detector", "test", str(data), str(cfg), str(weights), str(picture)]
        done = subprocess.run(
            [program, *files, "-thresh", str(THRESHOLD), "-out", str(tmp_path / "prediction")],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            cwd=tmp_path,
        )
        theirs = sorted((one["label"], int(one["percent"])) for one in _FOUND.finditer(done.stdout))
        result = detector.detect(cv2.imread(str(picture))).detections
        ours = sorted(
            (detector.manifest.labels[class_id], int(f"{score * 100:.0f}"))
            for class_id, score in zip(result.class_ids, result.scores, strict=True)
        )
        assert theirs == ours
        found += len(ours)
    assert found >= 3
