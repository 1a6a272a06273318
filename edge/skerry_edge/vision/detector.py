"""A model bundle as a detector: a frame in, boxes and timings out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from skerry_edge.backends.base import Array, Backend, BackendError, BackendOptions
from skerry_edge.backends.choice import choose_variant
from skerry_edge.backends.variants import open_variant
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import ImageInput, Manifest, Tensor, Variant
from skerry_edge.vision.decoders.base import Decoder
from skerry_edge.vision.decoders.registry import decoder_for
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.preprocess import Preprocessor


@dataclass(frozen=True, kw_only=True, slots=True)
class DetectionResult:
    """The objects of one frame; ``timing_ms`` has ``preprocess``, ``inference`` and ``postprocess`` (STAGES)."""

    detections: Detections
    timing_ms: dict[str, float]


class Detector:
    """A loaded detection model: preprocessing, backend and decoder as its manifest says. Not thread-safe."""

    def __init__(
        self, *, manifest: Manifest, variant_name: str, backend_name: str, parts: tuple[Preprocessor, Backend, Decoder]
    ) -> None:
        self.manifest = manifest
        self.variant_name = variant_name
        self.backend_name = backend_name
        self._preprocessor, self._backend, self._decoder = parts

    @classmethod
    def open(
        cls,
        bundle_path: Path,
        *,
        variant: str | None = None,
        backend: str | None = None,
        options: BackendOptions | None = None,
        score_threshold: float | None = None,
    ) -> Detector:
        """Open a bundle; ``variant`` and ``backend`` are chosen where None, the manifest gives the score threshold.

        Raises BundleError for what is no detection bundle, ConfigError for an unknown name or a threshold out of range,
        MissingError where nothing here can run it, ModelFileError where the file is not what the manifest says.
        """
        bundle = Bundle.open(bundle_path)
        manifest = bundle.manifest
        image = manifest.input
        if not isinstance(image, ImageInput):
            raise BundleError(
                "this model does not look at pictures", where=str(bundle_path), found=f"its task is {manifest.task}"
            )
        variant_name, backend_name = choose_variant(bundle, variant=variant, backend=backend)
        chosen = manifest.variants[variant_name]
        preprocessor = Preprocessor(image, _only_input(chosen))
        decoder = decoder_for(manifest.output, chosen.outputs, image, score_threshold)
        loaded = open_variant(bundle, variant_name, backend_name, options or BackendOptions())
        return cls(
            manifest=manifest,
            variant_name=variant_name,
            backend_name=backend_name,
            parts=(preprocessor, loaded, decoder),
        )

    def detect(self, frame: Array) -> DetectionResult:
        """Find the objects in ``frame``, uint8 (height, width, 3) BGR; boxes in its pixels.

        Raises ImageError for an array that is no picture, BackendError for an inference that failed or gave values
        that are no numbers: that is never reported as an empty picture.
        """
        start = time.perf_counter()
        tensor, geometry = self._preprocessor.run(frame)
        prepared = time.perf_counter()
        outputs = self._backend.infer((tensor,))
        inferred = time.perf_counter()
        self._check(outputs)
        detections = self._decoder.decode(outputs, geometry)
        done = time.perf_counter()
        timing_ms = {
            "preprocess": (prepared - start) * 1e3,
            "inference": (inferred - prepared) * 1e3,
            "postprocess": (done - inferred) * 1e3,
        }
        return DetectionResult(detections=detections, timing_ms=timing_ms)

    def close(self) -> None:
        """Release the model; the detector is not used afterwards."""
        self._backend.close()

    def _check(self, outputs: tuple[Array, ...]) -> None:
        for output, info in zip(outputs, self._backend.outputs, strict=True):
            if output.dtype.kind == "f" and not np.isfinite(output).all():
                bad = int(np.count_nonzero(~np.isfinite(output)))
                raise BackendError(
                    "the network's output holds values that are no finite numbers",
                    where=f"variant {self.variant_name}, output '{info.name}'",
                    found=f"{bad} of {output.size}",
                )


def _only_input(variant: Variant) -> Tensor:
    if len(variant.inputs) != 1:
        raise BundleError("a detector's model has one input", where=variant.file, found=f"{len(variant.inputs)}")
    return variant.inputs[0]
