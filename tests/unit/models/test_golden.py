"""A bundle is held against its own golden input: intact and right, damaged, or computing something else."""

from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import pytest

from skerry_edge.contracts.bundle import Bundle, artifact, write_bundle
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import Quantization, Tensor, TensorInput, artifacts
from skerry_edge.foundation.errors import VerdictError
from skerry_edge.models.golden import common_axes, golden_tensor
from skerry_edge.models.inspection import inspect_bundle, verify_variants


def npy(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def rewritten(path: Path, out: Path, file: str, data: bytes) -> Path:
    """Write a bundle again with other content of one file, its hash in the manifest put right."""
    bundle = Bundle.open(path)
    files = {one.file: bundle.read(one) for one in artifacts(bundle.manifest)} | {file: data}
    golden = bundle.manifest.golden
    outputs = {
        name: tuple(artifact(one.file, files[one.file]) for one in arrays) for name, arrays in golden.outputs.items()
    }
    changed = msgspec.structs.replace(golden, outputs=outputs)
    write_bundle(out, msgspec.structs.replace(bundle.manifest, golden=changed), files)
    return out


def test_a_bundle_is_intact_and_computes_what_it_did(discs: Path) -> None:
    inspection = inspect_bundle(discs)
    inspection.require_success()
    assert {one.file for one in inspection.files} == {one.file for one in artifacts(inspection.manifest)}
    checks = verify_variants(discs)
    assert [one.variant for one in checks] == ["onnx-fp32", "tflite-fp32"]
    assert all(one.passed for one in checks)


def test_a_variant_that_computes_something_else_is_told(discs: Path, tmp_path: Path) -> None:
    bundle = Bundle.open(discs)
    (stored,) = bundle.manifest.golden.outputs["onnx-fp32"]
    values = np.load(io.BytesIO(bundle.read(stored)))
    other = rewritten(discs, tmp_path / "other.skerry", stored.file, npy(values * np.float32(1.01)))
    checks = {one.variant: one for one in verify_variants(other)}
    assert checks["tflite-fp32"].passed
    golden = checks["onnx-fp32"].golden
    assert golden is not None
    assert golden.sqnr_db == pytest.approx(40, abs=1)
    inspection = inspect_bundle(other)
    with pytest.raises(VerdictError, match="1 of 2 variants"):
        dataclasses.replace(inspection, variants=tuple(checks.values())).require_success()


def test_a_damaged_file_is_named_and_the_others_are_still_checked(discs: Path, tmp_path: Path) -> None:
    bundle = Bundle.open(discs)
    folder = tmp_path / "bundle"
    with zipfile.ZipFile(discs) as archive:
        archive.extractall(folder)
    variant = bundle.manifest.variants["onnx-fp32"]
    (folder / variant.file).write_bytes(b"x" * variant.size)
    inspection = inspect_bundle(folder)
    assert [one.file for one in inspection.files if one.problem] == [variant.file]
    with pytest.raises(BundleError, match="1 of") as caught:
        inspection.require_success()
    assert caught.value.found == variant.file


def test_one_golden_array_serves_variants_of_any_axis_order() -> None:
    values = np.random.default_rng(1).normal(size=(1, 3, 4, 5)).astype(np.float32)
    stored = npy(common_axes(values, "NCHW"))
    planar = golden_tensor(TensorInput(), stored, Tensor(name="x", shape=(1, 3, 4, 5), layout="NCHW"))
    last = golden_tensor(TensorInput(), stored, Tensor(name="x", shape=(1, 4, 5, 3), layout="NHWC"))
    assert np.array_equal(planar, values)
    assert np.array_equal(last, values.transpose(0, 2, 3, 1))


def test_a_golden_array_is_quantized_as_the_tensor_says() -> None:
    stored = npy(common_axes(np.array([[0.5, -0.5, 9.0]], np.float32), "NC"))
    quantization = Quantization(scale=0.25, zero_point=1)
    tensor = Tensor(name="x", shape=(1, 3), layout="NC", dtype="int8", quantization=quantization)
    assert golden_tensor(TensorInput(), stored, tensor).tolist() == [[3, -1, 37]]


@pytest.mark.parametrize("data", [npy(np.zeros((1, 4), np.float32)), b"no array", b""])
def test_a_golden_array_that_does_not_fit_is_refused(data: bytes) -> None:
    with pytest.raises(BundleError):
        golden_tensor(TensorInput(), data, Tensor(name="x", shape=(1, 3), layout="NC"))
