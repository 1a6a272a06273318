"""Darknet networks: the layer list, emitted as ONNX or built in Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np

from skerry_converters.model import DarknetModel
from skerry_converters.reference import run_reference
from skerry_converters.sources.base import Description, Function, ModelFile, SourceFacts, no_form
from skerry_converters.sources.kinds import DARKNET
from skerry_edge.backends.base import Array
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import DataError

INPUT = "image"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DarknetSource:
    """A network that `load_darknet` has read; float32, NCHW, the raw values before each head as outputs."""

    model: DarknetModel

    @property
    def facts(self) -> SourceFacts:
        """What is known of the source without running it."""
        model = self.model
        return SourceFacts(
            kind=DARKNET.kind,
            where=model.network.where,
            files=model.source.files,
            inputs=(Tensor(name=INPUT, shape=(1, *model.network.input), layout="NCHW"),),
            outputs=tuple(
                Tensor(name=f"head_{number}", shape=(1, *model.shapes[index]), layout="NCHW")
                for number, index in enumerate(model.network.outputs)
            ),
            description=Description(task="detection", labels=model.labels, input=model.image, output=model.decoder),
            forms=DARKNET.forms,
            options=model.source.options,
            roles=model.source.roles,
        )

    def evaluate(self, inputs: Sequence[Array]) -> tuple[Array, ...]:
        """Compute the outputs in float64, layer by layer. Raises DataError where they are not finite."""
        (image,) = inputs
        outputs = run_reference(self.model.network, self.model.weights, image[0])
        if not all(np.isfinite(one).all() for one in outputs):
            raise DataError(
                "the source network itself gives values that are not finite",
                where=self.model.network.where,
                todo="are these the weights of this cfg?",
            )
        return tuple(one[np.newaxis] for one in outputs)

    def to_file(self, form: Literal["onnx", "tflite"], folder: Path) -> ModelFile:
        """Write the layer list as ONNX. Raises ConfigError for TFLite, which goes by `to_function`."""
        facts = self.facts
        if form != "onnx":
            raise no_form(facts, form)
        from skerry_converters.emit_onnx import emit_onnx  # noqa: PLC0415  # imports onnx

        path = folder / "source.onnx"
        path.write_bytes(emit_onnx(self.model.network, self.model.shapes, self.model.weights))
        tools = {"onnx": version("onnx")}
        return ModelFile(path=path, inputs=facts.inputs, outputs=facts.outputs, tools=tools)

    def to_function(self) -> Function:
        """Build the layer list in Keras; NHWC."""
        from skerry_converters.emit_keras import build_keras  # noqa: PLC0415  # imports Keras
        from skerry_converters.sources.functions import freeze, keras_call  # noqa: PLC0415  # imports TensorFlow

        facts = self.facts
        inputs, outputs = (tuple(map(_channels_last, tensors)) for tensors in (facts.inputs, facts.outputs))
        model = build_keras(self.model.network, self.model.shapes, self.model.weights)
        return Function(concrete=freeze(keras_call(model), inputs), owner=model, inputs=inputs, outputs=outputs)


def _channels_last(tensor: Tensor) -> Tensor:
    batch, channels, height, width = tensor.shape
    return Tensor(name=tensor.name, shape=(batch, height, width, channels), layout="NHWC")
