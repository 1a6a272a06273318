"""`skerry convert --verify-rebuild`: bundles come out the same from their files, and what is not the same is told."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from skerry_converters.accuracy.recipe import Aim
from skerry_converters.conversion import making
from skerry_converters.conversion.data import DataChoice
from skerry_converters.conversion.identity import Identity
from skerry_converters.conversion.job import Order, convert_source
from skerry_converters.conversion.opening import SourceOptions, open_any
from skerry_converters.conversion.progress import Silence
from skerry_converters.families.apart import make_apart
from skerry_converters.families.base import Emitted, Target
from skerry_converters.families.registry import choose_targets
from skerry_converters.gates.verdict import Limits
from skerry_edge.contracts.bundle import GATES, Bundle, write_bundle
from skerry_edge.contracts.manifest import Manifest, artifacts
from skerry_edge.foundation.errors import DataError

GOLDEN = Path(__file__).parent.parent / "golden"
QUICK = "onnx-fp32,onnx-int8,tflite-fp32"
Skerry = Callable[..., object]


@dataclass(frozen=True)
class Home:
    """A folder with a bundle, and below it what the bundle was made from."""

    folder: Path
    bundle: Path

    @property
    def verify(self) -> list[object]:
        return ["convert", "--verify-rebuild", self.bundle]

    def changed(self, **fields: object) -> None:
        """Change the bundle's manifest."""
        bundle = Bundle.open(self.bundle)
        files = {one.file: bundle.read(one) for one in artifacts(bundle.manifest)}
        manifest = msgspec.structs.replace(bundle.manifest, **fields)
        write_bundle(self.bundle, manifest, {**files, GATES: bundle.read_unlisted(GATES)})

    @property
    def manifest(self) -> Manifest:
        return Bundle.open(self.bundle).manifest


def make_home(folder: Path, pictures: Path) -> None:
    """Write a small Darknet network and copy pictures below ``folder``."""
    source = folder / "source"
    source.mkdir(parents=True)
    shutil.copy(GOLDEN / "two_scales.cfg", source / "tiny.cfg")
    (source / "tiny.weights").write_bytes(np.load(GOLDEN / "two_scales.npz")["weights"].tobytes())
    (source / "tiny.names").write_text("cat\ndog\n")
    shutil.copytree(pictures, folder / "pictures")


def convert(folder: Path, targets: str, *more: object) -> Home:
    """Convert the network of a home in a process of its own, from within its folder."""
    files = ["source/tiny.cfg", "--weights", "source/tiny.weights", "--labels", "source/tiny.names"]
    data = ["--calibration", "pictures", "--golden", "pictures/0.png", "--seed", "3", "--resize", "letterbox"]
    data += ["--score-threshold", "0.3", *map(str, more)]
    subprocess.run(
        [sys.executable, "-m", "skerry_edge", "convert", *files, *data, "--to", targets, "--out", "m.skerry"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return Home(folder=folder, bundle=folder / "m.skerry")


def contents(bundle: Path) -> dict[str, bytes]:
    """Return all files of a bundle but what the gates measured."""
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != GATES}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Home:
    """A bundle of the quick targets beside what it was made from; not to be changed."""
    folder = tmp_path_factory.mktemp("home")
    make_home(folder, pictures)
    return convert(folder, QUICK)


@pytest.fixture
def home(made: Home, tmp_path: Path) -> Home:
    """A copy of it all."""
    folder = tmp_path / "home"
    shutil.copytree(made.folder, folder)
    return Home(folder=folder, bundle=folder / made.bundle.name)


@pytest.fixture
def float_home(home: Home) -> Home:
    """A home whose bundle holds but one variant: quick to make again."""
    manifest = home.manifest
    bundle = Bundle.open(home.bundle)
    golden = msgspec.structs.replace(manifest.golden, outputs={"onnx-fp32": manifest.golden.outputs["onnx-fp32"]})
    alone = msgspec.structs.replace(
        manifest,
        variants={"onnx-fp32": manifest.variants["onnx-fp32"]},
        golden=golden,
        calibration=None,
        tools={name: manifest.tools[name] for name in ("numpy", "onnxruntime", "opencv")},
    )
    files = {one.file: bundle.read(one) for one in artifacts(alone)}
    write_bundle(home.bundle, alone, {**files, GATES: bundle.read_unlisted(GATES)})
    return home


def test_conversions_in_other_processes_and_folders_give_the_same_bytes(made: Home, tmp_path: Path, pictures) -> None:
    folder = tmp_path / "far/away"
    make_home(folder, pictures)
    assert contents(convert(folder, QUICK).bundle) == contents(made.bundle)


def test_a_bundle_comes_out_the_same_from_the_files_beside_it(skerry: Skerry, made: Home) -> None:
    run = skerry(*made.verify, "--json")
    assert (run.code, run.err) == (0, "")
    told = json.loads(run.out)
    assert told["identical"] is True
    assert (told["tools"], told["not_made"]) == ([], {})
    assert {one["file"]: one["expected"] for one in told["files"]}.keys() == contents(made.bundle).keys()
    assert all(one["same"] and one["got"] == one["expected"] for one in told["files"])


def test_files_are_found_wherever_they_went_and_whatever_their_names(
    skerry: Skerry, home: Home, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    for number, path in enumerate(sorted((home.folder / "source").iterdir())):
        path.rename(elsewhere / f"deep/{number}.bin")
    for number, path in enumerate(sorted((home.folder / "pictures").iterdir())):
        path.rename(elsewhere / f"{number}.jpg")
    run = skerry(*home.verify, "--from", elsewhere)
    assert run.code == 0, run.err
    assert run.out.endswith("identical: made again, every file has the same bytes\n")


def test_data_may_lie_apart_and_more_of_it_than_was_used(skerry: Skerry, home: Home, tmp_path: Path) -> None:
    data = (home.folder / "pictures").rename(tmp_path / "data")
    shutil.copy(data / "0.png", data / "another.png")
    run = skerry(*home.verify, "--calibration", data)
    assert run.code == 0, run.err


def test_a_changed_weight_is_told_with_both_hashes(skerry: Skerry, home: Home) -> None:
    weights = home.folder / "source/tiny.weights"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    run = skerry(*home.verify)
    assert run.code == 4
    assert "1 of the 11 files that the bundle was made from cannot be found" in run.err
    expected = home.manifest.source.files["tiny.weights"]
    assert f"weights 'tiny.weights' was changed: sha256 {expected} expected, {weights} has " in run.err
    assert "give the folder that holds them as they were with --from" in run.err


def test_missing_labels_and_pictures_are_told_together(skerry: Skerry, home: Home) -> None:
    (home.folder / "source/tiny.names").unlink()
    used = json.loads(contents(home.bundle)["calibration.json"])["items"][0]["name"]
    (home.folder / "pictures" / used).unlink()
    run = skerry(*home.verify)
    assert run.code == 4
    assert "2 of the 11 files" in run.err
    assert "labels 'tiny.names': no file with sha256" in run.err
    assert f"calibration data '{used}': no file with sha256" in run.err
    assert "with --from and --calibration" in run.err


def test_another_version_of_a_tool_is_told_first_and_is_a_difference(skerry: Skerry, float_home: Home) -> None:
    variants = {
        name: msgspec.structs.replace(one, tools={**one.tools, "onnx": "1.0.0"})
        for name, one in float_home.manifest.variants.items()
    }
    float_home.changed(variants=variants)
    run = skerry(*float_home.verify)
    assert run.code == 1
    assert run.out.startswith(f"other version: onnx {onnx.__version__} here, 1.0.0 when the bundle was made\n")
    assert "every file has the same bytes; only what the manifest says differs" in run.out
    assert "1 of 5 files came out differently" in run.err
    assert "found: manifest.json" in run.err


def test_a_file_that_is_another_one_is_told(skerry: Skerry, float_home: Home) -> None:
    bundle = Bundle.open(float_home.bundle)
    files = {one.file: bundle.read(one) for one in artifacts(bundle.manifest)}
    other = b"another file"
    variant = msgspec.structs.replace(
        bundle.manifest.variants["onnx-fp32"], size=len(other), sha256=hashlib.sha256(other).hexdigest()
    )
    manifest = msgspec.structs.replace(bundle.manifest, variants={"onnx-fp32": variant})
    write_bundle(float_home.bundle, manifest, {**files, variant.file: other})
    run = skerry(*float_home.verify, "--json")
    assert run.code == 1
    different = [one["file"] for one in json.loads(run.out)["files"] if not one["same"]]
    assert different == ["manifest.json", "model-fp32.onnx"]


def test_what_the_manifest_says_is_taken_for_what_was_asked_for(skerry: Skerry, float_home: Home) -> None:
    float_home.changed(name="other", license="MIT", version="9.9.9")
    assert skerry(*float_home.verify).code == 0


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"roles": {}}, 2, "does not record enough to be made again"),
        ({"roles": {"tiny.cfg": "cfg", "tiny.weights": "weights", "tiny.names": "picture"}}, 4, "role 'labels'"),
        ({"roles": {"tiny.cfg": "cfg", "tiny.weights": "cfg", "tiny.names": "labels"}}, 4, "several files of the role"),
        ({"kind": "onnx"}, 4, "role 'network'"),
    ],
)
def test_a_bundle_that_records_too_little_or_nonsense_is_refused(
    skerry: Skerry, float_home: Home, fields: dict[str, object], code: int, words: str
) -> None:
    float_home.changed(source=msgspec.structs.replace(float_home.manifest.source, **fields))
    run = skerry(*float_home.verify)
    assert run.code == code
    assert words in run.err
    assert "Traceback" not in run.err


def test_a_variant_that_is_no_target_is_refused(skerry: Skerry, float_home: Home) -> None:
    manifest = float_home.manifest
    float_home.changed(
        variants={"onnx-int3": manifest.variants["onnx-fp32"]},
        golden=msgspec.structs.replace(manifest.golden, outputs={"onnx-int3": manifest.golden.outputs["onnx-fp32"]}),
    )
    run = skerry(*float_home.verify)
    assert run.code == 2
    assert "onnx-int3" in run.err


def test_where_nothing_can_be_made_again_the_tools_own_error_is_told(
    skerry: Skerry, float_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(*_arguments: object, **_options: object) -> None:
        raise DataError("the tool does not like it")

    monkeypatch.setattr(making, "make_apart", make)
    run = skerry(*float_home.verify)
    assert run.code == 4
    assert run.err.startswith("error: the tool does not like it")


def test_a_variant_that_cannot_be_made_again_is_a_difference(
    skerry: Skerry, made: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(target: str, *rest: object, **options: object) -> Emitted:
        if target == "onnx-int8":
            raise DataError("the tool does not like it")
        return make_apart(target, *rest, **options)

    monkeypatch.setattr(making, "make_apart", make)
    run = skerry(*made.verify, "--json")
    assert run.code == 1
    told = json.loads(run.out)
    assert told["not_made"] == {"onnx-int8": "the tool does not like it"}
    gone = {one["file"] for one in told["files"] if one["got"] is None}
    assert {"model-int8.onnx", "calibration.json", "golden/onnx-int8_0.npy"} <= gone


def test_a_variant_whose_tools_are_not_installed_is_a_missing_dependency(
    skerry: Skerry, float_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Target, "unavailable_reason", lambda _self, _facts: "onnx not installed")
    run = skerry(*float_home.verify)
    assert run.code == 3
    assert "onnx-fp32: onnx not installed" in run.err


@pytest.mark.parametrize("recipe", [{"equalised": "by hand"}, {"ranges": "tool", "of_a_later_version": True}])
def test_a_recipe_that_this_version_does_not_know_is_refused(
    skerry: Skerry, float_home: Home, recipe: dict[str, object]
) -> None:
    variant = msgspec.structs.replace(float_home.manifest.variants["onnx-fp32"], recipe=recipe)
    float_home.changed(variants={"onnx-fp32": variant})
    run = skerry(*float_home.verify)
    assert run.code == 2
    assert "a recipe that this version cannot carry out" in run.err
    assert "variant 'onnx-fp32'" in run.err


def test_a_damaged_bundle_is_refused(skerry: Skerry, float_home: Home) -> None:
    data = float_home.bundle.read_bytes()
    weights = Bundle.open(float_home.bundle).read(float_home.manifest.variants["onnx-fp32"])
    place = data.index(weights) + len(weights) // 2
    float_home.bundle.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    run = skerry(*float_home.verify)
    assert run.code == 4
    assert "model-fp32.onnx" in run.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--verify-rebuild", "m.skerry", "--to", "onnx-fp32"], "'--to' does not go with --verify-rebuild."),
        (["tiny.cfg", "--verify-rebuild", "m.skerry"], "'SOURCE' does not go with --verify-rebuild."),
        (["tiny.cfg", "--to", "onnx-fp32", "--out", "m.skerry", "--from", "."], "'--from' goes with --verify-rebuild."),
        (["--verify-rebuild", "no-such-model"], "no-such-model"),
    ],
)
def test_wrong_usage_is_refused(skerry: Skerry, arguments: list[str], words: str) -> None:
    run = skerry("convert", *arguments)
    assert run.code == 2
    assert words in run.err


@pytest.fixture
def onnx_home(tmp_path: Path, skerry: Skerry, pictures: Path) -> Home:
    """A home with an ONNX network of open size, its weights in a file of their own, and labels in another folder."""
    random = np.random.default_rng(5)
    constants = {"kernel": random.normal(0, 0.4, (8, 3, 3, 3)), "matrix": random.normal(0, 1.0, (8, 3))}
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["images", "kernel"], ["summed"], name="first", pads=[1, 1, 1, 1]),
            helper.make_node("GlobalAveragePool", ["summed"], ["pooled"], name="pool"),
            helper.make_node("Flatten", ["pooled"], ["flat"], name="flat"),
            helper.make_node("MatMul", ["flat", "matrix"], ["scores"], name="last"),
        ],
        "classifier",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, "height", "width"])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    folder = tmp_path / "home"
    (folder / "names").mkdir(parents=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, folder / "net.onnx", save_as_external_data=True, location="net.data", size_threshold=0)
    (folder / "names/three.names").write_text("a\nb\nc\n")
    (folder / "net.toml").write_text(
        'labels = "names/three.names"\n[input]\ncolour = "bgr"\n[output]\nkind = "classification"\nclasses = 3\n'
    )
    arguments = ["--manifest", folder / "net.toml", "--input-shape", "images:1,3,24,32", "--calibration", pictures]
    targets = ["--to", "onnx-int8,openvino-fp16", "--out", folder / "net.skerry"]
    assert skerry("convert", folder / "net.onnx", *arguments, *targets).code == 0
    return Home(folder=folder, bundle=folder / "net.skerry")


def test_an_onnx_bundle_comes_out_the_same_with_its_manifest_labels_and_shapes(
    skerry: Skerry, onnx_home: Home, pictures: Path
) -> None:
    assert onnx_home.manifest.source.roles == {
        "net.onnx": "network", "net.data": "weights", "net.toml": "manifest", "three.names": "labels",
    }  # fmt: skip
    assert onnx_home.manifest.source.input_shapes == {"images": (1, 3, 24, 32)}
    run = skerry(*onnx_home.verify, "--calibration", pictures)
    assert run.code == 0, run.err
    (onnx_home.folder / "net.toml").unlink()
    missing = skerry(*onnx_home.verify, "--calibration", pictures)
    assert missing.code == 4
    assert "manifest 'net.toml': no file with sha256" in missing.err


@pytest.mark.slow
def test_a_saved_model_comes_out_the_same(skerry: Skerry, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="the extra 'convert' is not installed")
    folder, out = tmp_path / "net", tmp_path / "net.skerry"
    code = (
        "import sys, tensorflow as tf\n"
        "module = tf.Module()\n"
        "module.v = tf.Variable(tf.reshape(tf.range(12, dtype=tf.float32), (4, 3)))\n"
        "call = tf.function(lambda x: {'y': x @ module.v}, input_signature=[tf.TensorSpec((1, 4), name='x')])\n"
        "tf.saved_model.save(module, sys.argv[1], signatures=call)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, capture_output=True)
    run = skerry("convert", folder, "--to", "tflite-fp32", "--out", out)
    assert run.code == 0, run.err
    assert "net/saved_model.pb" in Bundle.open(out).manifest.source.files
    folder.rename(tmp_path / "renamed")
    again = skerry("convert", "--verify-rebuild", out)
    assert again.code == 0, again.err


@pytest.mark.slow
def test_every_target_comes_out_the_same_in_another_process_and_folder(
    skerry: Skerry, tmp_path: Path, pictures: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "far/away"
    for folder in (first, second):
        make_home(folder, pictures)
    one, other = (convert(folder, "all") for folder in (first, second))
    assert len(one.manifest.variants) >= 10
    assert contents(one.bundle) == contents(other.bundle)
    run = skerry(*one.verify)
    assert run.code == 0, run.err


@pytest.mark.slow
def test_a_real_network_comes_out_the_same(skerry: Skerry, fastest, shared_data: Path) -> None:
    run = skerry(
        "convert", "--verify-rebuild", fastest.bundle, "--from", shared_data / "darknet",
        "--calibration", shared_data / "voc", "--json",
    )  # fmt: skip
    told = json.loads(run.out)
    assert [one["file"] for one in told["files"] if not one["same"]] == []
    assert run.code == 0, run.err


@pytest.mark.slow
def test_what_was_searched_for_comes_out_the_same_by_its_recipe(
    skerry: Skerry, fastest, shared_data: Path, tmp_path: Path
) -> None:
    folder, out = shared_data / "darknet", tmp_path / "found.skerry"
    calibration = fastest.photographs.parents[1] / "calibration"
    options = SourceOptions(weights=folder / "yolo-fastest-voc.weights", labels=folder / "voc.names")
    source = open_any(folder / "yolo-fastest-voc.cfg", options)
    order = Order(
        source=source,
        choice=choose_targets(("onnx-int8",), source.facts, calibrated=True),
        identity=Identity(name="found", version="1.0.0", license="MIT"),
        out=out,
        data=DataChoice(calibration=calibration, gate_data=fastest.photographs.parent),
        limits=Limits(max_drop=100.0),
        aim=Aim(max_drop=0.0, budget_s=60.0),
    )
    convert_source(order, Silence()).require_success()
    recipe = Bundle.open(out).manifest.variants["onnx-int8"].recipe
    assert recipe["equalised"] or recipe["bias_corrected"] or recipe["ranges"] != "tool"
    run = skerry("convert", "--verify-rebuild", out, "--from", folder, "--calibration", calibration)
    assert run.code == 0, run.err
