"""`skerry convert` writes checked, reproducible bundles, and refuses the rest with a clear word and the right code."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_converters.conversion import making, setting_aside
from skerry_converters.conversion.identity import Identity
from skerry_converters.conversion.job import Order, convert_source, step_count
from skerry_converters.conversion.opening import SourceOptions, open_any
from skerry_converters.families.apart import make_apart
from skerry_converters.families.base import Emitted
from skerry_converters.families.registry import choose_targets
from skerry_converters.layers import ConvolutionWeights
from skerry_converters.sources.darknet import DarknetSource
from skerry_edge.backends.base import BackendOptions
from skerry_edge.backends.registry import backend_for
from skerry_edge.backends.variants import open_variant
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import ImageInput, YoloHead
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError
from skerry_edge.vision.detector import Detector
from skerry_edge.vision.preprocess import Preprocessor

GOLDEN = Path(__file__).parent / "golden"
Skerry = Callable[..., object]


@dataclasses.dataclass(frozen=True)
class Sources:
    """The three files of a network, and where its bundle goes."""

    cfg: Path
    weights: Path
    labels: Path
    out: Path

    def arguments(self, *more: object, to: str = "onnx-fp32") -> list[object]:
        files = [self.cfg, "--weights", self.weights, "--labels", self.labels, "--out", self.out]
        return ["convert", *files, "--to", to, *more]


@pytest.fixture
def tiny(tmp_path: Path) -> Sources:
    sources = Sources(
        cfg=tmp_path / "Two Scales.cfg",
        weights=tmp_path / "tiny.weights",
        labels=tmp_path / "tiny.names",
        out=tmp_path / "tiny.skerry",
    )
    shutil.copy(GOLDEN / "two_scales.cfg", sources.cfg)
    sources.weights.write_bytes(np.load(GOLDEN / "two_scales.npz")["weights"].tobytes())
    sources.labels.write_text("cat\ndog\n")
    return sources


def spoiled(change: Callable[[np.ndarray], np.ndarray]) -> Callable[..., Emitted]:
    """Return a maker of targets whose ONNX files hold the network with its kernels changed."""

    def make(target: str, source: DarknetSource, *rest: object, **options: object) -> Emitted:
        if not target.startswith("onnx"):
            return make_apart(target, source, *rest, **options)
        weights = {
            index: ConvolutionWeights(kernel=change(one.kernel).astype(np.float32), bias=change(one.bias))
            for index, one in source.model.weights.items()
        }
        return make_apart(
            target, DarknetSource(model=dataclasses.replace(source.model, weights=weights)), *rest, **options
        )

    return make


def test_both_variants_are_written_checked_and_described(skerry: Skerry, tiny: Sources) -> None:
    run = skerry(*tiny.arguments("--json", "--license", "MIT", "--model-version", "2.1.0", to="tflite-fp32,onnx-fp32"))
    assert (run.code, run.err) == (0, "")
    told = json.loads(run.out)
    assert (told["bundle"], told["failed"]) == (str(tiny.out), None)
    assert [row["variant"] for row in told["variants"]] == ["tflite-fp32", "onnx-fp32"]
    assert all(row["passed"] and row["largest_error"] <= 1e-3 for row in told["variants"])

    bundle = Bundle.open(tiny.out)
    manifest = bundle.manifest
    assert (manifest.name, manifest.version, manifest.license) == ("two-scales", "2.1.0", "MIT")
    assert manifest.labels == ("cat", "dog")
    assert manifest.input == ImageInput(width=32, height=24, colour="rgb", resize="stretch", sampling="corners")
    assert isinstance(manifest.output, YoloHead)
    assert [scale.anchors_px for scale in manifest.output.scales] == [((10, 9), (16, 20)), ((3, 4), (6, 5))]
    assert manifest.source.files == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tiny.cfg, tiny.weights, tiny.labels)
    }
    assert set(manifest.variants["tflite-fp32"].tools) == {"tensorflow", "keras", "skerry"}
    for name, variant in manifest.variants.items():
        assert (
            len(bundle.read(variant))
            == variant.size
            == next(row["size"] for row in told["variants"] if row["variant"] == name)
        )


def test_the_golden_outputs_are_what_the_files_give_for_the_golden_picture(skerry: Skerry, tiny: Sources) -> None:
    assert skerry(*tiny.arguments(to="onnx-fp32,tflite-fp32")).code == 0
    bundle = Bundle.open(tiny.out)
    manifest = bundle.manifest
    picture = cv2.imdecode(np.frombuffer(bundle.read(manifest.golden.input), np.uint8), cv2.IMREAD_COLOR)
    for name, variant in manifest.variants.items():
        tensor, _ = Preprocessor(manifest.input, variant.inputs[0]).run(picture)
        backend = open_variant(bundle, name, backend_for(variant.format), BackendOptions())
        outputs = backend.infer((tensor,))
        for value, stored in zip(outputs, manifest.golden.outputs[name], strict=True):
            assert np.allclose(value, np.load(io.BytesIO(bundle.read(stored))), atol=1e-5)


def test_both_variants_find_the_same_boxes(skerry: Skerry, tiny: Sources) -> None:
    assert skerry(*tiny.arguments(to="onnx-fp32,tflite-fp32")).code == 0
    frame = np.load(GOLDEN / "two_scales.npz")["picture"].repeat(4, 0).repeat(5, 1)
    found = [
        Detector.open(tiny.out, variant=name, score_threshold=0.3).detect(frame).detections
        for name in ("onnx-fp32", "tflite-fp32")
    ]
    assert len(found[0]) >= 3
    assert np.array_equal(found[0].class_ids, found[1].class_ids)
    assert np.allclose(found[0].boxes_px, found[1].boxes_px, atol=1e-2)


def test_the_same_inputs_give_the_same_bytes(skerry: Skerry, tiny: Sources, tmp_path: Path) -> None:
    again = dataclasses.replace(tiny, out=tmp_path / "again.skerry")
    for sources in (tiny, again):
        assert skerry(*sources.arguments(to="onnx-fp32,tflite-fp32")).code == 0
    assert tiny.out.read_bytes() == again.out.read_bytes()


def test_the_table_names_each_variant_and_the_bundle(skerry: Skerry, tiny: Sources) -> None:
    run = skerry(*tiny.arguments())
    assert run.code == 0
    row = next(line.split() for line in run.out.splitlines() if line.startswith("onnx-fp32"))
    assert (int(row[1]), row[-1]) == (Bundle.open(tiny.out).manifest.variants["onnx-fp32"].size, "passed")
    assert float(row[2]) <= 1e-3
    assert f"wrote {tiny.out}" in run.out


@pytest.mark.parametrize(
    ("line", "option", "resize"),
    [("", [], "stretch"), ("letter_box=1", [], "letterbox"), ("letter_box=1", ["--resize", "stretch"], "stretch"),
     ("", ["--resize", "letterbox"], "letterbox")],
)  # fmt: skip
def test_resize_is_what_the_option_says_else_the_cfg_else_stretch(
    skerry: Skerry, tiny: Sources, line: str, option: list[str], resize: str
) -> None:
    tiny.cfg.write_text(tiny.cfg.read_text().replace("channels=3", f"channels=3\n{line}"))
    assert skerry(*tiny.arguments(*option)).code == 0
    assert Bundle.open(tiny.out).manifest.input.resize == resize


def test_thresholds_and_name_reach_the_manifest(skerry: Skerry, tiny: Sources) -> None:
    assert skerry(*tiny.arguments("--score-threshold", "0.4", "--nms-iou", "0.3", "--name", "pets")).code == 0
    manifest = Bundle.open(tiny.out).manifest
    assert (manifest.name, manifest.output.score_threshold, manifest.output.nms_iou) == ("pets", 0.4, 0.3)


def test_an_existing_bundle_is_replaced(skerry: Skerry, tiny: Sources) -> None:
    tiny.out.write_bytes(b"old")
    assert skerry(*tiny.arguments()).code == 0
    assert Bundle.open(tiny.out).manifest.name == "two-scales"
    assert sorted(path.name for path in tiny.out.parent.iterdir()) == sorted(
        path.name for path in (tiny.cfg, tiny.weights, tiny.labels, tiny.out)
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda numbers: numbers * np.float32(1.01), "differs from the source by"),
        (lambda numbers: numbers * np.float32(np.nan), "values that are not finite"),
        (lambda numbers: numbers[::-1], "differs from the source by"),
    ],
)
def test_a_file_that_computes_something_else_is_kept_aside_and_not_in_the_bundle(
    skerry: Skerry,
    tiny: Sources,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[np.ndarray], np.ndarray],
    reason: str,
) -> None:
    monkeypatch.setattr(making, "make_apart", spoiled(change))
    run = skerry(*tiny.arguments("--json", to="onnx-fp32,tflite-fp32"))
    assert run.code == 1
    assert "1 of 2 files failed the gate; the bundle holds the others" in run.err
    assert reason in run.err
    assert [row["passed"] for row in json.loads(run.out)["variants"]] == [False, True]
    assert list(Bundle.open(tiny.out).manifest.variants) == ["tflite-fp32"]
    failed = tiny.out.with_name("tiny.skerry.failed")
    assert sorted(path.name for path in failed.iterdir()) == ["gates.json", "onnx-fp32", "report.html"]
    assert [path.name for path in (failed / "onnx-fp32").iterdir()] == ["model-fp32.onnx"]
    (told,) = json.loads((failed / "gates.json").read_text())["reports"]
    assert (told["variant"], told["verdict"]["outcome"]) == ("onnx-fp32", "failed")
    assert reason in told["verdict"]["reasons"][0]
    assert reason in (failed / "report.html").read_text()


def test_failing_files_that_cannot_all_be_kept_leave_nothing(
    skerry: Skerry, tiny: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        if path.name == "gates.json":
            raise ReachError("cannot write a file", where=str(path), found="No space left on device")
        write_atomic(path, data)

    monkeypatch.setattr(making, "make_apart", spoiled(lambda numbers: numbers[::-1]))
    monkeypatch.setattr(setting_aside, "write_atomic", full)
    run = skerry(*tiny.arguments())
    assert run.code == 4
    assert "No space left on device" in run.err
    assert not tiny.out.with_name("tiny.skerry.failed").exists()


def test_when_nothing_passes_the_old_bundle_stays_as_it_was(
    skerry: Skerry, tiny: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.out.write_bytes(b"old")

    def make(*arguments: object, **options: object) -> Emitted:
        emitted = make_apart(*arguments, **options)
        emitted.runnable.write_bytes(b"no model at all")
        return emitted

    monkeypatch.setattr(making, "make_apart", make)
    run = skerry(*tiny.arguments())
    assert run.code == 1
    assert "no bundle was written" in run.err
    assert "ONNX Runtime cannot load the model" in run.err
    assert tiny.out.read_bytes() == b"old"


def test_a_success_clears_away_what_an_earlier_failure_left(
    skerry: Skerry, tiny: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(making, "make_apart", spoiled(lambda numbers: numbers * np.float32(2)))
        assert skerry(*tiny.arguments()).code == 1
    failed = tiny.out.with_name("tiny.skerry.failed")
    assert failed.is_dir()
    assert skerry(*tiny.arguments()).code == 0
    assert not failed.exists()


def test_a_network_whose_output_is_the_same_everywhere_proves_nothing(skerry: Skerry, tiny: Sources) -> None:
    weights = tiny.weights.read_bytes()
    tiny.weights.write_bytes(weights[:20] + bytes(len(weights) - 20))
    run = skerry(*tiny.arguments())
    assert run.code == 1
    assert "has the same value everywhere, as the source's has: that proves nothing" in run.err


def test_a_network_that_overflows_by_itself_is_refused(skerry: Skerry, tiny: Sources) -> None:
    weights = bytearray(tiny.weights.read_bytes())
    numbers = np.frombuffer(weights, "<f4", offset=20)
    numbers[:] = 1e15
    tiny.weights.write_bytes(weights)
    run = skerry(*tiny.arguments())
    assert run.code == 4
    assert run.err.startswith("error: the source network itself gives values that are not finite")


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (lambda s: s.cfg.unlink(), 4, ["cannot read the network's cfg", "Two Scales.cfg", "No such file"]),
        (lambda s: s.cfg.write_text(""), 2, ["the cfg has no sections"]),
        (lambda s: s.cfg.write_bytes(s.weights.read_bytes()), 2, ["the cfg is not text", "swapped"]),
        (lambda s: s.cfg.write_text("[net]\n" + "#" * 1_000_000), 2, ["too large"]),
        (lambda s: s.weights.unlink(), 4, ["cannot read the weights", "No such file"]),
        (lambda s: s.weights.write_bytes(s.weights.read_bytes()[:-8]), 4, ["is truncated", "1692 floats", "1690"]),
        (lambda s: s.weights.write_bytes(s.weights.read_bytes() + b"1234"), 4, ["is longer", "1693 floats"]),
        (lambda s: s.weights.write_bytes(b""), 4, ["no Darknet weights file"]),
        (lambda s: s.labels.unlink(), 4, ["cannot read the labels", "No such file"]),
        (lambda s: s.labels.write_text("cat\n"), 2, ["the network has 2 classes", "1 labels"]),
        (lambda s: s.out.mkdir(), 4, ["the output is a folder"]),
    ],
)
def test_bad_files_give_one_clear_error_the_documented_code_and_no_bundle(
    skerry: Skerry, tiny: Sources, spoil: Callable[[Sources], object], code: int, words: list[str]
) -> None:
    spoil(tiny)
    run = skerry(*tiny.arguments())
    assert run.code == code
    assert run.err.startswith("error: ")
    assert "Traceback" not in run.err
    for word in words:
        assert word in run.err
    assert not tiny.out.is_file()


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--to", "onnx-fp23"], 2, ["unknown target", "'onnx-fp23'", "did you mean 'onnx-fp32'?"]),
        (["--name", "Über"], 2, ["--name", "'Über'"]),
        (["--model-version", "1.0"], 2, ["SemVer", "'1.0'"]),
        (["--license", "MIT\x1b[2J"], 2, ["--license", "one line of text"]),
        (["--license", ""], 2, ["--license", "one line of text"]),
        (["--score-threshold", "2"], 2, ["--score-threshold"]),
        (["--resize", "crop"], 2, ["'crop'", "stretch", "letterbox"]),
        (["--out", "/nowhere/at/all/m.skerry"], 4, ["folder does not exist", "/nowhere/at/all"]),
    ],
)
def test_bad_options_are_refused_before_any_work(
    skerry: Skerry, tiny: Sources, more: list[str], code: int, words: list[str]
) -> None:
    run = skerry(*tiny.arguments(*more))
    assert run.code == code
    for word in words:
        assert word in run.err
    assert not tiny.out.exists()


@pytest.mark.parametrize("option", ["--out", "--report"])
def test_a_source_is_never_written_over(skerry: Skerry, tiny: Sources, option: str) -> None:
    for path in (tiny.cfg, tiny.weights, tiny.labels):
        before = path.read_bytes()
        run = skerry(*tiny.arguments(option, path))
        assert run.code == 2
        assert f"error: the output would be written over what it is made from\n  where: {option}" in run.err
        assert path.read_bytes() == before
    assert not tiny.out.exists()


def test_two_sources_of_one_name_are_refused(skerry: Skerry, tiny: Sources, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    run = skerry(*dataclasses.replace(tiny, labels=shutil.copy(tiny.labels, folder / tiny.cfg.name)).arguments())
    assert run.code == 2
    assert "have one name" in run.err


def test_a_persons_own_keras_settings_do_not_matter(tiny: Sources, tmp_path: Path) -> None:
    settings = {"floatx": "float16", "epsilon": 1e-7, "backend": "jax", "image_data_format": "channels_first"}
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    command = [sys.executable, "-c", "from skerry_edge.cli import main; main()"]
    done = subprocess.run(
        [*command, *map(str, tiny.arguments(to="tflite-fp32"))],
        env={**os.environ, "KERAS_HOME": str(tmp_path), "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(Bundle.open(tiny.out).manifest.variants) == ["tflite-fp32"]


def test_progress_is_told_once_a_step(tiny: Sources) -> None:
    class Told:
        def __init__(self) -> None:
            self.steps: list[str] = []
            self.parts: set[str] = set()
            self.expected = 0

        def expect(self, steps: int) -> None:
            self.expected = steps

        def step(self, what: str) -> None:
            self.steps.append(what)

        def part(self, done: int, total: int) -> None:
            assert 0 <= done <= total
            self.parts.add(self.steps[-1])

        def note(self, what: str) -> None:
            raise AssertionError(f"no tool of this target needs an environment of its own: {what}")

    source = open_any(tiny.cfg, SourceOptions(weights=tiny.weights, labels=tiny.labels))
    choice = choose_targets(("onnx-fp32",), source.facts, calibrated=False)
    told = Told()
    identity = Identity(name="a", version="1.0.0", license="MIT")
    convert_source(Order(source=source, choice=choice, identity=identity, out=tiny.out), told)
    assert len(told.steps) == told.expected == step_count(choice)
    assert "checking onnx-fp32" in told.parts


def test_help_imports_no_framework() -> None:
    code = (
        "import sys; from skerry_converters.cli import convert\n"
        "try: convert.main(['--help'])\n"
        "except SystemExit: pass\n"
        "loaded = {'tensorflow', 'keras', 'onnx', 'numpy', 'cv2'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Examples:" in done.stdout
