"""Int8 of an OpenVINO model by NNCF's post-training quantization."""

from __future__ import annotations

import importlib
import logging
from typing import Literal

from skerry_converters.families.base import Samples
from skerry_converters.families.openvino_conversion import Model, name_by_place
from skerry_edge.foundation.errors import DataError

BiasCorrection = Literal["none", "fast", "accurate"]
"""What NNCF does about the means that rounding moves: nothing, each layer alone, or one layer after the other."""


def quantize(model: Model, samples: Samples, *, where: str, bias_correction: BiasCorrection = "fast") -> Model:
    """Return a copy of a float model with int8 weights and fake quantization of its activations.

    Weights are symmetric and activations asymmetric where values are lopsided, NNCF's preset MIXED: networks with leaky
    ReLU lose several points more with its default. ``samples`` are of the one input in the model's own layout;
    ``where`` names the source. Raises DataError where NNCF cannot quantize the network.
    """
    nncf = importlib.import_module("nncf")
    # Not `nncf.set_log_level`: it also changes the handlers, which others may have put there.
    logging.getLogger("nncf").setLevel(logging.ERROR)
    own = {node.get_friendly_name() for node in model.get_ops()}
    try:
        quantized = nncf.quantize(
            model,
            nncf.Dataset(samples, lambda sample: {0: sample}),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(samples),
            fast_bias_correction=bias_correction != "accurate",
            advanced_parameters=nncf.AdvancedQuantizationParameters(disable_bias_correction=bias_correction == "none"),
        )
    except (RuntimeError, ValueError, nncf.ValidationError, nncf.InternalError) as error:
        raise DataError("NNCF cannot quantize the network", where=where, found=f"{error}"[:300]) from error
    name_by_place(quantized, own)
    return quantized
