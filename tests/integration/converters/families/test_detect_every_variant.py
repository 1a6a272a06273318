"""One bundle with every variant of a real network, each run as a device runs it: all see the same person."""

import cv2
import numpy as np
import pytest

from skerry_converters.darknet.source import load_darknet
from skerry_converters.families.apart import make_apart
from skerry_converters.families.registry import ALL, choose_targets
from skerry_converters.model import Thresholds
from skerry_converters.sources.darknet import DarknetSource
from skerry_edge.contracts.bundle import write_bundle
from skerry_edge.contracts.manifest import Manifest, Source
from skerry_edge.vision.detector import Detector
from skerry_edge.vision.preprocess import Preprocessor

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def photograph(shared_data):
    return cv2.imread(str(shared_data / "voc" / "images" / "2007_000027.jpg"))


@pytest.fixture(scope="module")
def bundle(shared_data, tmp_path_factory):
    files = [shared_data / "darknet" / f"yolo-fastest-voc.{suffix}" for suffix in ("cfg", "weights")]
    names = shared_data / "darknet" / "voc.names"
    source = DarknetSource(model=load_darknet(*files, names, resize="stretch", thresholds=Thresholds()))
    pictures = sorted((shared_data / "voc" / "images").glob("*.jpg"))[:5]
    preprocessor = Preprocessor(source.model.image, source.facts.inputs[0])
    samples = [preprocessor.run(cv2.imread(str(path)))[0].copy() for path in pictures]
    made = [
        make_apart(target.name, source, samples, tmp_path_factory.mktemp(target.name))
        for target in choose_targets((ALL,), source.facts, calibrated=True).targets
    ]
    described = source.facts.description
    manifest = Manifest(
        schema=1,
        name="fastest",
        version="1.0.0",
        task=described.task,
        labels=described.labels,
        license="unknown",
        source=Source(kind=source.facts.kind, files=dict(source.facts.files)),
        input=described.input,
        output=described.output,
        variants={one.target: one.variant("0" * 64) for one in made},
    )
    path = tmp_path_factory.mktemp("bundle") / "fastest.skerry"
    write_bundle(path, manifest, {file.name: file.read_bytes() for one in made for file in one.files})
    return path, manifest


def test_every_variant_that_runs_here_sees_the_same(bundle, photograph):
    path, manifest = bundle
    runnable = [name for name, one in manifest.variants.items() if one.format not in ("mcu", "edgetpu")]
    assert len(runnable) >= 3
    expected = Detector.open(path, variant="onnx-fp32", score_threshold=0.5).detect(photograph).detections
    assert [manifest.labels[one] for one in expected.class_ids] == ["person"]
    for name in runnable:
        detector = Detector.open(path, variant=name, score_threshold=0.5)
        found = detector.detect(photograph).detections
        detector.close()
        assert found.class_ids.tolist() == expected.class_ids.tolist(), name
        assert found.scores == pytest.approx(expected.scores, abs=0.03), name
        assert np.abs(found.boxes_px - expected.boxes_px).max() < 20, name
