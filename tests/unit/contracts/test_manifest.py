"""The model manifest: its exact bytes, there and back, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import (
    Artifact,
    AudioInput,
    ImageInput,
    Manifest,
    MicroWakeWord,
    Quantization,
    Source,
    Tensor,
    Variant,
    YoloHead,
    YoloRegion,
    YoloScale,
    decode_manifest,
    encode_manifest,
)

GOLDEN = b"""\
{
  "golden": {
    "input": {
      "file": "golden/input.png",
      "sha256": "fe1a4ab1fb6347036bead73597d5d2958b26ac0b96f68ca2f6dcee53a50f297e",
      "size": 20
    },
    "outputs": {
      "onnx-fp32": [
        {
          "file": "golden/out.npy",
          "sha256": "017ae3f20fc37ff1199e0abed83a3036ad96dd5f8495cdc9df10d381cbd9a76f",
          "size": 19
        }
      ]
    }
  },
  "input": {
    "height": 416,
    "kind": "image",
    "width": 416
  },
  "labels": [
    "cat",
    "dog"
  ],
  "license": "Apache-2.0",
  "name": "tiny",
  "output": {
    "anchors": [
      [
        1.0,
        2.0
      ],
      [
        3.5,
        4.0
      ]
    ],
    "classes": 2,
    "kind": "yolo-region"
  },
  "schema": 1,
  "source": {
    "files": {
      "tiny.cfg": "0000000000000000000000000000000000000000000000000000000000000000"
    },
    "kind": "darknet",
    "options": {
      "resize": "stretch"
    }
  },
  "task": "detection",
  "variants": {
    "onnx-fp32": {
      "file": "model.onnx",
      "format": "onnx",
      "inputs": [
        {
          "layout": "NCHW",
          "name": "image",
          "shape": [
            1,
            3,
            416,
            416
          ]
        }
      ],
      "outputs": [
        {
          "layout": "NCHW",
          "name": "out",
          "shape": [
            1,
            14,
            13,
            13
          ]
        }
      ],
      "precision": "fp32",
      "sha256": "49afb71a786fb7c54bb4aeafebfb5bfd551fb2eaa926e9db2d9a168458541584",
      "size": 20,
      "tools": {
        "onnx": "1.17.0"
      }
    }
  },
  "version": "1.2.3"
}
"""


def test_a_manifest_has_these_bytes_and_no_others(manifest: Manifest) -> None:
    assert encode_manifest(manifest) == GOLDEN
    assert decode_manifest(GOLDEN, where="here") == manifest


def refusal(raw: bytes) -> BundleError:
    with pytest.raises(BundleError) as caught:
        decode_manifest(raw, where="tiny.skerry")
    return caught.value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema", 2),
        ("schema", None),
        ("name", "Tiny"),
        ("name", "tiny\n"),
        ("name", ""),
        ("version", "1.2"),
        ("version", "1.2.3\n"),
        ("version", "\u0661.2.3"),
        ("task", "poetry"),
        ("labels", "cat"),
        ("labels/0", 5),
        ("source/files/tiny.cfg", "0" * 63),
        ("source/files/tiny.cfg", "0" * 64 + "\n"),
        ("input/kind", "video"),
        ("input/kind", None),
        ("input/width", 0),
        ("input/width", 416.5),
        ("input/pad", 1.5),
        ("input/resize", "squash"),
        ("output/kind", "ssd"),
        ("output/anchors", []),
        ("output/anchors/0", [1.0]),
        ("output/anchors/0", [0.0, 1.0]),
        ("output/anchors/0", [-1.0, 1.0]),
        ("output/anchors/0", [1.0, 1e308]),
        ("output/score_threshold", -0.1),
        ("variants/onnx-fp32/file", "../model.onnx"),
        ("variants/onnx-fp32/file", "/etc/passwd"),
        ("variants/onnx-fp32/file", "a/../../b"),
        ("variants/onnx-fp32/file", "a//b"),
        ("variants/onnx-fp32/file", "a/./b"),
        ("variants/onnx-fp32/file", ".hidden"),
        ("variants/onnx-fp32/file", "a\\b"),
        ("variants/onnx-fp32/file", "C:model"),
        ("variants/onnx-fp32/file", "model.onnx\n"),
        ("variants/onnx-fp32/file", "mod\u0000el"),
        ("variants/onnx-fp32/file", "x" * 201),
        ("variants/onnx-fp32/size", 0),
        ("variants/onnx-fp32/size", 2**31 + 1),
        ("variants/onnx-fp32/format", "pickle"),
        ("variants/onnx-fp32/inputs/0/shape", [0]),
        ("variants/onnx-fp32/inputs/0/dtype", "object"),
        ("golden/input/sha256", "xyz"),
    ],
)
def test_a_field_that_does_not_fit_is_refused_by_its_place(
    edited: Callable[..., bytes], path: str, value: object
) -> None:
    error = refusal(edited({path: value}))
    assert error.where == "tiny.skerry"
    assert "`$" in (error.found or "") or "`" in (error.found or "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"variants": {}, "golden": None}, "no variant"),
        ({"labels": ["cat"]}, "1 labels for 2 classes"),
        ({"output/classes": 3}, "2 labels for 3 classes"),
        ({"input/scale": [1.0, 2.0]}, "input.scale"),
        ({"input/colour": "grey", "input/offset": [0.0, 0.0, 0.0]}, "input.offset"),
        ({"variants/onnx-fp32/file": "manifest.json"}, "file of the bundle itself"),
        ({"golden/input/file": "gates.json"}, "file of the bundle itself"),
        ({"golden/input/file": "model.onnx"}, "twice with different contents"),
        ({"golden/outputs": {"other": []}}, "golden.outputs.other"),
        ({"golden/outputs/onnx-fp32": []}, "golden.outputs.onnx-fp32"),
        ({"task": "wakeword"}, "do not belong together"),
        ({"input": {"kind": "audio"}}, "do not belong together"),
        (
            {"output": {"kind": "microwakeword", "probability_cutoff": 0.9, "sliding_window_size": 5}},
            "do not belong together",
        ),
    ],
    ids=repr,
)
def test_fields_that_do_not_go_together_are_refused(
    edited: Callable[..., bytes], changes: dict[str, object], words: str
) -> None:
    assert words in str(refusal(edited(changes)))


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 50_000, b'{"schema": NaN}'], ids=lambda raw: repr(raw[:9])
)
def test_bytes_that_are_no_manifest_are_refused(raw: bytes) -> None:
    assert refusal(raw).exit_code == 4


def test_fields_of_a_later_version_are_ignored(manifest: Manifest, edited: Callable[..., bytes]) -> None:
    assert decode_manifest(edited({"input/later": 1, "later": {"a": []}}), where="here") == manifest


def test_of_one_value_a_channel_a_grey_network_has_one_and_a_coloured_one_three(edited: Callable[..., bytes]) -> None:
    for changes in ({"input/scale": [1.0, 2.0, 3.0]}, {"input/colour": "grey", "input/scale": [1.0]}):
        decode_manifest(edited(changes), where="here")


finite = st.floats(allow_nan=False, allow_infinity=False)
shares = st.floats(0, 1)
extents = st.floats(0, 1e6, exclude_min=True)
positive = st.integers(1, 2**31)
text = st.text(max_size=20)
sha256 = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
quantization = st.builds(Quantization, scale=finite, zero_point=st.integers(-(2**31), 2**31))
tensors = st.builds(
    Tensor,
    name=text,
    shape=st.lists(positive, max_size=4).map(tuple),
    layout=st.sampled_from(["NCHW", "NHWC", "NTC"]),
    dtype=st.sampled_from(["float32", "int8", "uint8"]),
    quantization=st.none() | quantization,
)
recipe_values = st.none() | st.booleans() | st.integers(-9, 9) | finite | text | st.lists(text, max_size=2).map(tuple)
sources = st.builds(
    Source,
    kind=text,
    files=st.dictionaries(text, sha256, max_size=2),
    options=st.dictionaries(text, text, max_size=2),
    roles=st.dictionaries(text, text, max_size=2),
    input_shapes=st.dictionaries(text, st.lists(positive, max_size=4).map(tuple), max_size=2),
)
pairs = st.lists(st.tuples(extents, extents), min_size=1, max_size=3).map(tuple)


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    """Any manifest that fits: files are numbered, so that no name stands for two contents."""
    numbers = iter(range(1000))

    def an_artifact() -> Artifact:
        return Artifact(file=f"files/{next(numbers)}.bin", size=draw(positive), sha256=draw(sha256))

    def a_variant() -> Variant:
        return Variant(
            file=f"files/{next(numbers)}.bin",
            size=draw(positive),
            sha256=draw(sha256),
            format=draw(st.sampled_from(["onnx", "tflite", "openvino", "edgetpu", "mcu"])),
            precision=draw(text),
            inputs=(draw(tensors),),
            outputs=tuple(draw(st.lists(tensors, max_size=2))),
            extra_files=tuple(an_artifact() for _ in range(draw(st.integers(0, 2)))),
            kept_float=tuple(draw(st.lists(text, max_size=2))),
            calibration_sha256=draw(st.none() | sha256),
            tools=draw(st.dictionaries(text, text, max_size=2)),
            recipe=draw(st.dictionaries(text, recipe_values, max_size=2)),
        )

    labels = tuple(draw(st.lists(text, min_size=1, max_size=4)))
    is_sound = draw(st.booleans())
    picture = st.builds(
        ImageInput,
        width=positive,
        height=positive,
        colour=st.sampled_from(["rgb", "bgr", "grey"]),
        resize=st.sampled_from(["stretch", "letterbox"]),
        sampling=st.sampled_from(["half-pixel", "corners"]),
        scale=st.tuples(finite),
        offset=st.tuples(finite),
        pad=shares,
    )
    boxes = st.builds(
        YoloRegion, classes=st.just(len(labels)), anchors=pairs, softmax=st.booleans(), score_threshold=shares
    ) | st.builds(
        YoloHead,
        classes=st.just(len(labels)),
        scales=st.lists(st.builds(YoloScale, anchors_px=pairs, scale_x_y=extents), min_size=1, max_size=3).map(tuple),
    )
    words = st.builds(MicroWakeWord, probability_cutoff=shares, sliding_window_size=positive)
    return Manifest(
        schema=1,
        name=draw(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,62}", fullmatch=True)),
        version="1.0.0-rc.1+build.5",
        task="wakeword" if is_sound else "detection",
        labels=labels,
        license=draw(text),
        source=draw(sources),
        input=draw(st.builds(AudioInput) if is_sound else picture),
        output=draw(words if is_sound else boxes),
        variants={f"v{place}": a_variant() for place in range(draw(st.integers(1, 3)))},
        tools=draw(st.dictionaries(text, text, max_size=2)),
    )


@given(manifests())
def test_a_manifest_comes_back_as_it_was_written(manifest: Manifest) -> None:
    raw = encode_manifest(manifest)
    assert decode_manifest(raw, where="here") == manifest
    assert encode_manifest(decode_manifest(raw, where="here")) == raw


@given(manifests(), st.randoms())
def test_the_order_in_which_a_manifest_was_made_does_not_show(manifest: Manifest, random: Any) -> None:
    names = list(manifest.variants)
    random.shuffle(names)
    shuffled = replace(manifest, variants={name: manifest.variants[name] for name in names})
    assert encode_manifest(shuffled) == encode_manifest(manifest)


def test_a_default_that_somebody_typed_is_the_default(manifest: Manifest) -> None:
    assert isinstance(manifest.input, ImageInput)
    typed = replace(manifest.input, resize=str(b"stretch", "ascii"), pad=0.25 + 0.25, scale=(1,))
    variant = manifest.variants["onnx-fp32"]
    tensor = replace(variant.inputs[0], dtype=str(b"float32", "ascii"))
    variants = {"onnx-fp32": replace(variant, inputs=(tensor,))}
    assert encode_manifest(replace(manifest, input=typed, variants=variants)) == encode_manifest(manifest)


def test_a_manifest_that_could_not_be_read_back_is_not_written(manifest: Manifest) -> None:
    for bad in (replace(manifest, labels=("cat",)), replace(manifest, name="No Name")):
        with pytest.raises(BundleError):
            encode_manifest(bad)


def test_the_files_are_readable_json_with_sorted_keys(manifest: Manifest) -> None:
    raw = encode_manifest(manifest)
    assert raw.endswith(b"}\n")
    keys = list(msgspec.json.decode(raw))
    assert keys == sorted(keys)
