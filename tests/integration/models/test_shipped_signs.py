"""The model that ships: it is the one that its recipe made, and what its card says of it holds on fewer scenes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from skerry_converters.rendering.classes import SIGN_LABELS
from skerry_converters.rendering.job import Order, render_all
from skerry_converters.rendering.scene import SceneOptions
from skerry_converters.training.cli import EXAMPLES, RECIPES
from skerry_converters.training.config_checks import fingerprint, load_config
from skerry_edge.bench.evaluation.detection.figures import DetectionReport
from skerry_edge.bench.evaluation.detection.job import EvaluationOrder, evaluate_detector
from skerry_edge.bench.sizes import parse_sizes
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import SURE_SCORE, ImageInput
from skerry_edge.models.catalogue import resolve_model
from skerry_edge.vision.detector import Detector
from skerry_edge.vision.geometry import Size
from skerry_edge.vision.images import decode_image
from skerry_edge.vision.progress import progress_bar

VARIANTS = {"onnx-fp32", "onnx-int8", "tflite-int8", "openvino-int8"}
SCENES = 120
"""The first of the thousand that the card's figures come from."""
LEAST_AP50 = 0.9
MOST_LOST = 0.02
MOST_FALSE = 0.25


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.open(resolve_model("skerry-signs"))


@pytest.fixture(scope="module")
def card(project_root: Path) -> str:
    return (project_root / "docs" / "models" / "skerry-signs.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> DetectionReport:
    return evaluated(tmp_path_factory.mktemp("held-out") / "scenes", SceneOptions())


@pytest.fixture(scope="module")
def signless(tmp_path_factory: pytest.TempPathFactory) -> DetectionReport:
    return evaluated(tmp_path_factory.mktemp("signless") / "scenes", SceneOptions(signless_share=1.0))


def evaluated(folder: Path, options: SceneOptions) -> DetectionReport:
    order = Order(
        count=SCENES,
        seed=3,
        split="test",
        size=Size(416, 416),
        layout="voc",
        out=folder,
        video=None,
        options=options,
    )
    render_all(order, lambda: None)
    with progress_bar(lines_on_stdout=False) as bar:
        signs = EvaluationOrder(model=resolve_model("skerry-signs"), data=folder, sizes=parse_sizes("28"))
        return evaluate_detector(signs, bar).report


def test_every_variant_finds_the_signs_and_int8_loses_little(held_out: DetectionReport) -> None:
    assert set(held_out.evaluated) == VARIANTS
    for name, one in held_out.evaluated.items():
        assert one.ap50 is not None, name
        assert one.ap50 > LEAST_AP50, name
        assert one.against_baseline is None or one.against_baseline.difference > -MOST_LOST, name


def test_few_look_alikes_are_taken_for_signs(signless: DetectionReport) -> None:
    assert signless.data.images_without_objects == SCENES
    for name, one in signless.evaluated.items():
        assert one.false_alarms is not None, name
        assert one.false_alarms.per_image < MOST_FALSE, name


def test_it_takes_little_of_the_wheel(bundle: Bundle) -> None:
    assert bundle.path.stat().st_size <= 8_000_000


def test_every_variant_is_sure_of_the_signs_in_its_golden_picture(bundle: Bundle) -> None:
    golden = bundle.manifest.golden
    assert golden is not None
    assert len(golden.shows) >= 3
    picture = decode_image(bundle.read(golden.input), where="golden")
    for name in VARIANTS:
        with closing(Detector.open(bundle.path, variant=name)) as detector:
            found = detector.detect(picture).detections
        seen = [bundle.manifest.labels[one] for one in found.class_ids[found.scores >= SURE_SCORE].tolist()]
        assert sorted(seen) == sorted(golden.shows), name


def test_its_pictures_keep_their_proportions(bundle: Bundle) -> None:
    assert isinstance(bundle.manifest.input, ImageInput)
    assert bundle.manifest.input.resize == "letterbox"


def test_it_was_trained_by_the_recipe_that_is_here(bundle: Bundle, card: str) -> None:
    for half in ("signs", "signs-finish"):
        recipe = fingerprint(load_config(RECIPES / EXAMPLES[half]), SIGN_LABELS)
        assert f"`{recipe}`" in card
    source = bundle.manifest.source
    (weights,) = (digest for file, digest in source.files.items() if source.roles[file] == "weights")
    assert f"`{weights}`" in card
