"""Which inputs and outputs a manifest's task goes with."""

import pytest
from msgspec.structs import replace

from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import (
    AudioInput,
    Classification,
    ImageInput,
    MicroWakeWord,
    Raw,
    SsdPostprocess,
    TensorInput,
    Ultralytics,
    decode_manifest,
    encode_manifest,
)

IMAGE = ImageInput(width=416, height=416)
WORD = MicroWakeWord(probability_cutoff=0.9, sliding_window_size=5)


@pytest.mark.parametrize(
    ("task", "entering", "leaving"),
    [
        ("detection", IMAGE, Ultralytics(classes=2, unit="share")),
        ("detection", IMAGE, SsdPostprocess(classes=2, order=("scores", "boxes", "count", "classes"), first_class=1)),
        ("classification", IMAGE, Classification(classes=2, activation="softmax")),
        ("wakeword", AudioInput(), WORD),
        ("other", IMAGE, Raw()),
        ("other", TensorInput(), Raw()),
    ],
)
def test_a_manifest_of_each_kind_goes_there_and_back(manifest, task, entering, leaving):
    made = replace(manifest, task=task, input=entering, output=leaving)
    assert decode_manifest(encode_manifest(made), where="m") == made


@pytest.mark.parametrize(
    ("task", "entering", "leaving"),
    [
        ("classification", IMAGE, Ultralytics(classes=2)),
        ("detection", IMAGE, Classification(classes=2)),
        ("detection", TensorInput(), Ultralytics(classes=2)),
        ("classification", TensorInput(), Classification(classes=2)),
        ("other", AudioInput(), Raw()),
        ("detection", IMAGE, Raw()),
        ("wakeword", TensorInput(), WORD),
    ],
)
def test_a_task_that_its_input_or_output_contradicts_is_refused(manifest, task, entering, leaving):
    with pytest.raises(BundleError, match="do not belong together"):
        decode_manifest(encode_manifest(replace(manifest, task=task, input=entering, output=leaving)), where="m")


@pytest.mark.parametrize(
    "damaged",
    [
        b'"kind": "ultralytics", "classes": 2, "unit": "cm"',
        b'"kind": "ssd-postprocess", "classes": 2, "order": ["boxes"]',
        b'"kind": "ssd-postprocess", "classes": 2, "first_class": 2',
        b'"kind": "classification", "classes": 2, "top_k": 0',
    ],
)
def test_a_decoder_that_cannot_be_is_refused(manifest, damaged):
    whole = encode_manifest(replace(manifest, output=Ultralytics(classes=2)))
    with pytest.raises(BundleError, match="does not fit its schema"):
        decode_manifest(whole.replace(b'"classes": 2,\n    "kind": "ultralytics"', damaged), where="m")
