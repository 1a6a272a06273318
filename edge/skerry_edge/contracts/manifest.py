"""The model manifest: everything the runtime must know about a network that its file does not say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.patterns import whole

SEMVER_PATTERN = r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$"
NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,62}$"
FILE_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$"
SHA256_PATTERN = r"^[0-9a-f]{64}$"
MANIFEST: Literal["manifest.json"] = "manifest.json"
GATES: Literal["gates.json"] = "gates.json"
"""The files of a bundle that the manifest does not list."""

Sha256 = Annotated[str, Meta(pattern=whole(SHA256_PATTERN))]
FileName = Annotated[str, Meta(pattern=whole(FILE_PATTERN), max_length=200)]
Positive = Annotated[int, Meta(ge=1, le=2**31)]
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Extent = Annotated[float, Meta(gt=0.0, le=1e6)]
"""A width, height or stretch; one that is not above 0, or overflows float32, turns boxes inside out."""
SURE_SCORE = 0.5
"""From this score on, a detector is sure of an object."""
DType = Literal["float32", "float16", "int8", "uint8", "int16", "int32", "int64"]


class _Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the manifest's parts: immutable, named arguments, defaults left out of the file."""


class ImageInput(_Part, frozen=True, kw_only=True, tag="image", tag_field="kind"):
    """How a picture becomes the network's input: value = (pixel / 255) * scale + offset, per channel.

    ``sampling`` says where a resized picture is sampled: ``half-pixel`` (OpenCV, most frameworks) or
    ``corners`` (corner pixels stay on corners, as Darknet resizes). ``pad`` is the grey of a letterbox as a
    share of full scale.
    """

    width: Positive
    height: Positive
    colour: Literal["rgb", "bgr", "grey"] = "rgb"
    resize: Literal["stretch", "letterbox"] = "stretch"
    sampling: Literal["half-pixel", "corners"] = "half-pixel"
    scale: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,)
    pad: Share = 0.5


class AudioInput(_Part, frozen=True, kw_only=True, tag="audio", tag_field="kind"):
    """How sound becomes the network's input: `micro` is the TFLite Micro front end, 40 channels a step."""

    sample_rate_hz: Positive = 16000
    front_end: Literal["micro"] = "micro"
    feature_step_ms: Positive = 10


class TensorInput(_Part, frozen=True, kw_only=True, tag="tensor", tag_field="kind"):
    """The network takes arrays whose meaning its file does not tell; whoever runs it prepares them."""


class YoloRegion(_Part, frozen=True, kw_only=True, tag="yolo-region", tag_field="kind"):
    """Darknet's region layer (YOLOv2) over one raw output of num*(5+classes) channels; anchors in grid cells."""

    classes: Positive
    anchors: Annotated[tuple[tuple[Extent, Extent], ...], Meta(min_length=1)]
    softmax: bool = True
    score_threshold: Share = 0.24
    nms_iou: Share = 0.45


class YoloScale(_Part, frozen=True, kw_only=True):
    """One output of a multi-scale head: its own anchors in input pixels and Darknet's ``scale_x_y``."""

    anchors_px: Annotated[tuple[tuple[Extent, Extent], ...], Meta(min_length=1)]
    scale_x_y: Extent = 1.0


class YoloHead(_Part, frozen=True, kw_only=True, tag="yolo-head", tag_field="kind"):
    """Darknet's yolo layers (YOLOv3 and later): one scale an output, in the order of the variant's outputs."""

    classes: Positive
    scales: Annotated[tuple[YoloScale, ...], Meta(min_length=1)]
    score_threshold: Share = 0.25
    nms_iou: Share = 0.45


class MicroWakeWord(_Part, frozen=True, kw_only=True, tag="microwakeword", tag_field="kind"):
    """microWakeWord's streaming score: detected when the mean of the window is above the cut-off."""

    probability_cutoff: Share
    sliding_window_size: Positive


class Ultralytics(_Part, frozen=True, kw_only=True, tag="ultralytics", tag_field="kind"):
    """Heads of Ultralytics' YOLOv8 and YOLO11 as exported without NMS: box x, y, w, h and class scores after sigmoid.

    One output (1, 4+classes, boxes), or boxes (1, 4, boxes) and scores (1, classes, boxes) apart, either with its last
    two axes swapped. ``unit`` says what boxes are measured in: ``px``, pixels of the network's input (ONNX, OpenVINO),
    or ``share`` of it (Ultralytics' own TFLite exports). The thresholds are those of `yolo predict`.
    """

    classes: Positive
    unit: Literal["px", "share"] = "px"
    score_threshold: Share = 0.25
    nms_iou: Share = 0.7


SsdTensor = Literal["boxes", "classes", "scores", "count"]


class SsdPostprocess(_Part, frozen=True, kw_only=True, tag="ssd-postprocess", tag_field="kind"):
    """The four outputs of `TFLite_Detection_PostProcess`, which has decoded and suppressed boxes already.

    ``order`` says which output is which: files from TensorFlow 1 have the default's, those from TensorFlow 2 often
    scores, boxes, count, classes. ``first_class`` is the number that the file gives to the first label.
    """

    classes: Positive
    order: tuple[SsdTensor, SsdTensor, SsdTensor, SsdTensor] = ("boxes", "classes", "scores", "count")
    first_class: Annotated[int, Meta(ge=0, le=1)] = 0
    score_threshold: Share = 0.5


class Classification(_Part, frozen=True, kw_only=True, tag="classification", tag_field="kind"):
    """One value a class for the whole picture, reported as objects that fill it: the best ``top_k`` above a threshold.

    ``activation`` is what still has to be applied: ``none`` where the network ends in a softmax or sigmoid itself.
    """

    classes: Positive
    activation: Literal["none", "softmax", "sigmoid"] = "none"
    top_k: Positive = 5
    score_threshold: Share = 0.1


class Raw(_Part, frozen=True, kw_only=True, tag="raw", tag_field="kind"):
    """Outputs that are handed on as they are: the network can be converted, checked and timed, no more."""


Decoder = YoloRegion | YoloHead | Ultralytics | SsdPostprocess | Classification | MicroWakeWord | Raw


class Quantization(_Part, frozen=True, kw_only=True):
    """Affine quantization of a whole tensor: real = scale * (stored - zero_point)."""

    scale: float
    zero_point: int


class Tensor(_Part, frozen=True, kw_only=True):
    """One input or output of a variant's file; ``layout`` names the axes.

    N batch, C channel, H, W, T time, B boxes; digits for axes that nobody has named.
    """

    name: str
    shape: tuple[Positive, ...]
    layout: str
    dtype: DType = "float32"
    quantization: Quantization | None = None


class Artifact(_Part, frozen=True, kw_only=True):
    """A file of the bundle with its size in bytes and SHA-256."""

    file: FileName
    size: Annotated[int, Meta(ge=0)]
    sha256: Sha256


RecipeValue = None | bool | int | float | str | tuple[str, ...]


class Variant(_Part, frozen=True, kw_only=True):
    """One file that computes the network in one format and precision.

    ``recipe`` is how the converter quantized it where it searched for an accurate way; no runtime reads it.
    """

    file: FileName
    size: Positive
    sha256: Sha256
    format: Literal["onnx", "tflite", "openvino", "edgetpu", "mcu"]
    precision: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    extra_files: tuple[Artifact, ...] = ()
    kept_float: tuple[str, ...] = ()
    calibration_sha256: Sha256 | None = None
    tools: dict[str, str] = field(default_factory=dict)
    recipe: dict[str, RecipeValue] = field(default_factory=dict)


class Golden(_Part, frozen=True, kw_only=True):
    """One input, and for each variant the raw outputs that it gave when it was made.

    ``input`` is a picture of at most network size (PNG), a recording for a network that listens (WAV, 16 kHz, one
    channel, 16 bits) or a feature array (NPY); ``outputs`` maps a variant's name to one NPY file for each of its
    outputs. For a recording that holds what a network gives at each step that heard nothing before it, shape (steps,).
    ``shows`` are the labels of the objects that a detector is sure of in the picture, with a score of `SURE_SCORE`, or
    the word that is heard in the recording; none where there is nothing, and in bundles from before that was noted.
    """

    input: Artifact
    outputs: dict[str, tuple[Artifact, ...]]
    shows: tuple[str, ...] = ()


class Source(_Part, frozen=True, kw_only=True):
    """What a bundle was made from: the kind of source and the hash of each file by its name, and how it was read.

    A name is a file's base name, or its path from that of the folder that the network consists of. ``roles`` tells by
    the same names what each file is to the converter; ``input_shapes`` are those that were given for open inputs.
    Bundles from before there were roles have none, and cannot be made again.
    """

    kind: str
    files: dict[str, Sha256]
    options: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    input_shapes: dict[str, tuple[Positive, ...]] = field(default_factory=dict)


class Manifest(_Part, frozen=True, kw_only=True):
    """The bundle's `manifest.json`; the runtime obeys it and nothing else.

    ``calibration`` is the calibration manifest (JSON) that variants name by its hash; no runtime needs it. ``tools``
    are those that had a part in several files: they read the calibration data, and gave the golden outputs.
    """

    schema: Literal[1]
    name: Annotated[str, Meta(pattern=whole(NAME_PATTERN))]
    version: Annotated[str, Meta(pattern=whole(SEMVER_PATTERN))]
    task: Literal["detection", "classification", "wakeword", "other"]
    labels: tuple[str, ...]
    license: str
    source: Source
    input: ImageInput | AudioInput | TensorInput
    output: Decoder
    variants: dict[str, Variant]
    golden: Golden | None = None
    calibration: Artifact | None = None
    tools: dict[str, str] = field(default_factory=dict)


def encode_manifest(manifest: Manifest) -> bytes:
    """Return canonical JSON: keys sorted, no value that is its default, two-space indent, newline at the end.

    Equal manifests give equal bytes. Raises BundleError where the manifest could not be read back.
    """
    # Read back first: a struct made in Python has not been checked yet, and may hold 1 where JSON has 1.0.
    read_back = decode_manifest(msgspec.json.encode(manifest), where="the manifest to be written")
    return msgspec.json.format(msgspec.json.encode(_lean(read_back), order="sorted"), indent=2) + b"\n"


def _lean(value: Any) -> Any:  # noqa: ANN401  # any part of a manifest
    """Put each default's own object where there is one equal to it.

    msgspec leaves out what *is* the default; a string that was read or typed by somebody is only equal to it.
    """
    if isinstance(value, tuple):
        return tuple(_lean(one) for one in value)
    if isinstance(value, dict):
        return {key: _lean(one) for key, one in value.items()}
    if not isinstance(value, Struct):
        return value
    parts = {one.name: (getattr(value, one.name), one.default) for one in msgspec.structs.fields(value)}
    return type(value)(**{name: default if held == default else _lean(held) for name, (held, default) in parts.items()})


def decode_manifest(raw: bytes, *, where: str) -> Manifest:
    """Read `manifest.json`. Raises BundleError naming the field that does not fit."""
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BundleError("the model manifest does not fit its schema", where=where, found=str(error)) from error
    _check(manifest, where)
    return manifest


def artifacts(manifest: Manifest) -> list[Artifact | Variant]:
    """Return every file that the manifest lists: variants, their companions, golden input and outputs, calibration."""
    listed: list[Artifact | Variant] = []
    for variant in manifest.variants.values():
        listed += [variant, *variant.extra_files]
    if manifest.golden:
        listed.append(manifest.golden.input)
        listed += [one for outputs in manifest.golden.outputs.values() for one in outputs]
    if manifest.calibration:
        listed.append(manifest.calibration)
    return listed


def _check(manifest: Manifest, where: str) -> None:
    """Refuse what each field alone allows and all together do not. Raises BundleError."""
    if not manifest.variants:
        raise BundleError("the model manifest lists no variant", where=where)
    _check_files(manifest, where)
    _check_task(manifest, where)
    _check_golden(manifest, where)


def _check_files(manifest: Manifest, where: str) -> None:
    contents: dict[str, tuple[int, str]] = {}
    for one in artifacts(manifest):
        if one.file in (MANIFEST, GATES):
            raise BundleError("the model manifest lists a file of the bundle itself", where=where, found=one.file)
        if contents.setdefault(one.file, (one.size, one.sha256)) != (one.size, one.sha256):
            raise BundleError(
                "the model manifest lists a file twice with different contents", where=where, found=one.file
            )


_PURPOSES: dict[type[Decoder], tuple[str, tuple[type[Struct], ...]]] = {
    MicroWakeWord: ("wakeword", (AudioInput,)),
    Classification: ("classification", (ImageInput,)),
    Raw: ("other", (ImageInput, TensorInput)),
}
"""The task that a decoder is for and the inputs that go with it; any other decoder detects objects in pictures."""


def _check_task(manifest: Manifest, where: str) -> None:
    task, inputs = _PURPOSES.get(type(manifest.output), ("detection", (ImageInput,)))
    if manifest.task != task or not isinstance(manifest.input, inputs):
        raise BundleError("the model manifest's task, input and output do not belong together", where=where)
    classes = getattr(manifest.output, "classes", None)
    if classes is not None and classes != len(manifest.labels):
        raise BundleError(
            "the number of labels is not the number of classes",
            where=where,
            found=f"{len(manifest.labels)} labels for {classes} classes",
        )
    if isinstance(manifest.input, ImageInput):
        channels = 1 if manifest.input.colour == "grey" else 3
        for key in ("scale", "offset"):
            if len(getattr(manifest.input, key)) not in (1, channels):
                raise BundleError(f"input.{key} needs one value or one a channel", where=where)


def _check_golden(manifest: Manifest, where: str) -> None:
    for name, outputs in manifest.golden.outputs.items() if manifest.golden else ():
        variant = manifest.variants.get(name)
        if variant is None or len(outputs) != len(variant.outputs):
            raise BundleError(
                "the golden outputs are not those of a variant", where=where, found=f"golden.outputs.{name}"
            )
