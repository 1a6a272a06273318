"""The kinds of source: the forms that each can be had in, and what makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from skerry_converters.sources.base import FormName, missing_package
from skerry_converters.toolchains.onnx2tf import ONNX2TF


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceKind:
    """One kind of source. ``kind`` is the name in `SourceFacts`, ``title`` the one for people.

    ``makers`` maps each form to the tool that makes it, None where the source is that form. ``reader`` is the package
    that reads the source, None where none is needed beyond Skerry's own.
    """

    kind: str
    title: str
    makers: Mapping[FormName, str | None]
    reader: str | None = None
    quantized: bool = False

    @property
    def forms(self) -> dict[FormName, str | None]:
        """Each form with the reason why this machine cannot make it, or None."""
        return {form: self._missing(maker) for form, maker in self.makers.items()}

    def _missing(self, maker: str | None) -> str | None:
        reading = missing_package(self.reader) if self.reader else None
        if reading or maker is None:
            return reading
        return ONNX2TF.missing_reason() if maker == ONNX2TF.name else missing_package(maker)


DARKNET = SourceKind(kind="darknet", title="Darknet", makers={"onnx": "onnx", "function": "keras"})
ONNX = SourceKind(kind="onnx", title="ONNX", makers={"onnx": None, "tflite": ONNX2TF.name}, reader="onnx")
KERAS = SourceKind(
    kind="keras", title="Keras, SavedModel", makers={"function": None, "onnx": "tf2onnx"}, reader="tensorflow"
)
SAVED_MODEL = replace(KERAS, kind="saved-model")
TFLITE = SourceKind(kind="tflite", title="float TFLite", makers={"tflite": None, "onnx": "tf2onnx"})
INTEGER_TFLITE = SourceKind(kind="tflite", title="int8 TFLite", makers={"tflite": None}, quantized=True)
KINDS = (DARKNET, ONNX, KERAS, TFLITE, INTEGER_TFLITE)
"""The kinds that differ in what can be made of them."""
