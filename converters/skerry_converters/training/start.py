"""The trained model whose weights a training begins with: from a bundle, or from Darknet's files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skerry_converters.darknet.source import load_darknet
from skerry_converters.layers import Convolution, ConvolutionWeights, FloatArray, Network, Region
from skerry_converters.model import Thresholds
from skerry_converters.training.architecture import FULL_FILTERS, Anchors
from skerry_converters.training.convolutions import EPSILON, Normalization, Trained, TrainedConvolution
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import YoloRegion
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.models.catalogue import resolve_model

VARIANT = "onnx-fp32"
_NAME = re.compile(r"layer_(\d+)_convolution_(kernel|bias)")
"""What `emit_onnx` names the weights of a layer."""
_BOX_VALUES = 5
"""Channels of an anchor before its classes: four for the box, one for the objectness."""
_TODO = "give a model of `skerry train`, or a TinyYOLOv2 that `skerry convert` made from Darknet's files"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StartModel:
    """A TinyYOLOv2: its convolutions in order, batch normalization folded, and what its head means."""

    where: str
    convolutions: tuple[ConvolutionWeights, ...]
    labels: tuple[str, ...]
    anchors: Anchors

    @property
    def width(self) -> float:
        """The factor of its filters, told by its last convolution before the head."""
        return len(self.convolutions[-2].bias) / FULL_FILTERS[-1]


def read_start(text: str, base: Path) -> StartModel:
    """Read a model that Skerry ships, a bundle, or a Darknet cfg beside its .weights and .names.

    Relative paths are taken from ``base``. Raises ConfigError where it is no TinyYOLOv2, and what reading raises.
    """
    path = base / text
    start = _from_darknet(path) if path.suffix == ".cfg" else _from_bundle(text, path)
    if len(start.convolutions) != len(FULL_FILTERS) + 1:
        found = f"{len(start.convolutions)} convolutions instead of {len(FULL_FILTERS) + 1}"
        raise ConfigError("the start is no TinyYOLOv2", where=start.where, found=found, todo=_TODO)
    return start


def _from_darknet(cfg: Path) -> StartModel:
    weights, names = cfg.with_suffix(".weights"), cfg.with_suffix(".names")
    model = load_darknet(cfg, weights, names, resize=None, thresholds=Thresholds())
    if not isinstance(model.decoder, YoloRegion):
        raise ConfigError("the start has no region layer", where=str(cfg), todo=_TODO)
    return StartModel(
        where=str(cfg),
        convolutions=tuple(model.weights[index] for index in sorted(model.weights)),
        labels=model.labels,
        anchors=model.decoder.anchors,
    )


def _from_bundle(text: str, path: Path) -> StartModel:
    bundle = Bundle.open(path if path.exists() else resolve_model(text))
    manifest = bundle.manifest
    if not isinstance(manifest.output, YoloRegion):
        found = f"an output of kind '{manifest.output.__struct_config__.tag}'"
        raise ConfigError("the start has no region layer", where=str(bundle.path), found=found, todo=_TODO)
    return StartModel(
        where=str(bundle.path),
        convolutions=_onnx_convolutions(bundle.read(bundle.variant(VARIANT))),
        labels=manifest.labels,
        anchors=manifest.output.anchors,
    )


def _onnx_convolutions(raw: bytes) -> tuple[ConvolutionWeights, ...]:
    import onnx  # noqa: PLC0415  # heavy

    found: dict[int, dict[str, FloatArray]] = {}
    for one in onnx.load_model_from_string(raw).graph.initializer:
        match = _NAME.fullmatch(one.name)
        if match:
            found.setdefault(int(match[1]), {})[match[2]] = onnx.numpy_helper.to_array(one)
    return tuple(ConvolutionWeights(**found[index]) for index in sorted(found))


def adopted(
    start: StartModel, network: Network, scratch: Trained, labels: Sequence[str]
) -> dict[int, TrainedConvolution]:
    """Return the start's numbers for ``network``, with ``scratch`` where the start has none.

    A class keeps its channels of the head where the start has a label of that name; with other anchors than the
    start's, the whole head is new. Raises ConfigError where a convolution has another size.
    """
    indices = [index for index, layer in enumerate(network.layers) if isinstance(layer, Convolution)]
    (region,) = (head for head in network.heads if isinstance(head, Region))
    taken: dict[int, TrainedConvolution] = {}
    for index, own in zip(indices[:-1], start.convolutions, strict=False):
        if own.kernel.shape != scratch[index].kernel.shape:
            raise ConfigError(
                "the start has convolutions of another size than the network",
                where=start.where,
                found=f"{own.kernel.shape[0]} filters in layer {index}, the network has {len(scratch[index].bias)}",
                todo=f"leave network.width out, or set it to {start.width:g}",
            )
        taken[index] = _unfolded(own)
    head = scratch[indices[-1]]
    if region.anchors == start.anchors:
        head = _joined_head(start, head, labels)
    return {**taken, indices[-1]: head}


def _unfolded(own: ConvolutionWeights) -> TrainedConvolution:
    """Return a convolution with a batch normalization that changes nothing."""
    ones = np.ones_like(own.bias)
    norm = Normalization(scale=ones, mean=np.zeros_like(own.bias), variance=ones * np.float32(1 - EPSILON))
    return TrainedConvolution(kernel=own.kernel, bias=own.bias, normalization=norm)


def _joined_head(start: StartModel, scratch: TrainedConvolution, labels: Sequence[str]) -> TrainedConvolution:
    """Return the head with the start's channels for boxes and known classes, and those of ``scratch`` for the rest."""
    count = len(start.anchors)
    old = start.convolutions[-1]
    joined = []
    for before, new in ((old.kernel, scratch.kernel), (old.bias, scratch.bias)):
        theirs = before.reshape(count, _BOX_VALUES + len(start.labels), *before.shape[1:])
        ours = new.reshape(count, _BOX_VALUES + len(labels), *new.shape[1:]).copy()
        ours[:, :_BOX_VALUES] = theirs[:, :_BOX_VALUES]
        for place, label in enumerate(labels):
            if label in start.labels:
                ours[:, _BOX_VALUES + place] = theirs[:, _BOX_VALUES + start.labels.index(label)]
        joined.append(ours.reshape(new.shape))
    return TrainedConvolution(kernel=joined[0], bias=joined[1], normalization=None)
