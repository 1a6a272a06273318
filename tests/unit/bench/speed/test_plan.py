"""Which rows a benchmark has, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.bench.speed.plan import Choice, plan_rows
from skerry_edge.contracts.bundle import Bundle, artifact, write_bundle
from skerry_edge.contracts.manifest import ImageInput, Manifest, Raw, Source, Tensor, Variant
from skerry_edge.foundation.errors import ConfigError

FORMATS = {"onnx-fp32": "onnx", "onnx-int8": "onnx", "tflite-int8": "tflite", "mcu-int8": "mcu"}


@pytest.fixture
def bundle(tmp_path: Path) -> Callable[..., Bundle]:
    """Return a function that makes a bundle of variants with files of nothing."""

    def make(*names: str, name: str = "net", version: str = "1.0.0") -> Bundle:
        tensor = Tensor(name="x", shape=(1, 3, 8, 8), layout="NCHW")
        files = {each: f"{each}.{FORMATS[each]}" for each in names}
        variants = {
            each: Variant(
                file=file,
                size=artifact(file, each.encode()).size,
                sha256=artifact(file, each.encode()).sha256,
                format=FORMATS[each],
                precision=each.split("-")[1],
                inputs=(tensor,),
                outputs=(tensor,),
            )
            for each, file in files.items()
        }
        manifest = Manifest(
            schema=1,
            name=name,
            version=version,
            task="other",
            labels=(),
            license="Apache-2.0",
            source=Source(kind="test", files={}),
            input=ImageInput(width=8, height=8),
            output=Raw(),
            variants=variants,
        )
        path = tmp_path / f"{name}-{version}.skerry"
        write_bundle(path, manifest, {file: each.encode() for each, file in files.items()})
        return Bundle.open(path)

    return make


def test_rows_are_models_by_variants_by_threads(bundle) -> None:
    bundles = bundle("onnx-int8", "onnx-fp32"), bundle("tflite-int8", name="other")
    rows = plan_rows(bundles, Choice(threads=(1, 4)))
    assert [(row.model, row.variant, row.backend, row.threads) for row in rows] == [
        ("net", "onnx-fp32", "onnx", 1),
        ("net", "onnx-fp32", "onnx", 4),
        ("net", "onnx-int8", "onnx", 1),
        ("net", "onnx-int8", "onnx", 4),
        ("other", "tflite-int8", "litert", 1),
        ("other", "tflite-int8", "litert", 4),
    ]


def test_variants_come_in_the_order_in_which_they_were_named(bundle) -> None:
    rows = plan_rows((bundle("onnx-fp32", "onnx-int8"),), Choice(variants=("onnx-int8", "onnx-fp32")))
    assert [row.variant for row in rows] == ["onnx-int8", "onnx-fp32"]


def test_a_variant_that_no_computer_runs_has_a_row_that_says_so(bundle) -> None:
    rows = plan_rows((bundle("onnx-fp32", "mcu-int8"),), Choice())
    assert [(row.variant, row.backend) for row in rows] == [("onnx-fp32", "onnx"), ("mcu-int8", None)]
    assert "no backend loads mcu files" in str(rows[1].reason)


def test_a_variant_of_a_backend_that_was_not_asked_for_has_a_row_that_says_so(bundle) -> None:
    rows = plan_rows((bundle("onnx-fp32", "tflite-int8"),), Choice(backends=("onnx",)))
    assert [row.backend for row in rows] == ["onnx", None]
    assert rows[1].reason == "it runs on litert, which is not among --backends"


def test_a_runtime_that_is_missing_is_told_with_what_to_install(bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (row,) = plan_rows((bundle("onnx-fp32"),), Choice())
    assert row.backend is None
    assert "skerry[onnx]" in str(row.reason)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice(variants=("onnx-fp23",)), "no model has such a variant"),
        (Choice(variants=("onnx-fp32", "onnx-fp32")), "named twice"),
        (Choice(backends=("onxx",)), "there is no such backend"),
        (Choice(backends=("openvino",)), "loads none of the variants"),
        (Choice(threads=(2, 2)), "named twice"),
    ],
)
def test_what_cannot_be_is_refused(bundle, choice: Choice, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        plan_rows((bundle("onnx-fp32"),), choice)


def test_of_several_models_it_is_enough_that_one_has_the_variant(bundle) -> None:
    bundles = bundle("onnx-fp32"), bundle("tflite-int8", name="other")
    assert [row.model for row in plan_rows(bundles, Choice(variants=("tflite-int8",)))] == ["other"]
    with pytest.raises(ConfigError, match="no model has such a variant"):
        plan_rows(bundles, Choice(variants=("onnx-int8",)))


def test_two_models_of_one_name_are_refused_since_rows_go_by_it(bundle) -> None:
    with pytest.raises(ConfigError, match="named twice"):
        plan_rows((bundle("onnx-fp32"), bundle("onnx-fp32", version="2.0.0")), Choice())
