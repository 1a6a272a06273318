"""Whether a device can see by a model's golden input that the model finds what it should."""

from __future__ import annotations

from skerry_edge.contracts.manifest import Manifest

_RECORDING = ".wav"


def golden_warning(manifest: Manifest) -> str | None:
    """Return what a device's self-test cannot ask about the variant that ``manifest`` holds, None where it can.

    It is no reason to refuse: the device also plays its last live frames to both models, and watches them in probation.
    Sound is not kept, so a wake word's model without a recording of it is taken by no device.
    """
    golden = manifest.golden
    if golden is None:
        return "no device can compute it before the switch: it has no golden input (skerry convert --golden FILE)"
    if manifest.task == "detection" and not golden.shows:
        return "its golden picture shows no object that it is sure of (skerry convert --golden PICTURE)"
    if manifest.task == "wakeword" and not (golden.input.file.endswith(_RECORDING) and golden.shows):
        return "no device takes it: its golden input is no recording with its word (skerry convert --golden RECORDING)"
    return None
