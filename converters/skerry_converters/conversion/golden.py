"""The golden input: a given picture or recording, or what is made from a seed, and what each file gives for it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_converters.gates.made_inputs import MadeInputs
from skerry_converters.gates.real_outputs import real_values
from skerry_converters.sources.base import SourceFacts
from skerry_edge.audio.decision import SlidingMean
from skerry_edge.audio.golden import MAX_S, SUFFIX, decode_recording, encode_recording, heard
from skerry_edge.audio.network import open_network
from skerry_edge.audio.pcm import SAMPLE_RATE_HZ
from skerry_edge.audio.recordings import RecordingSource
from skerry_edge.backends.base import BackendOptions
from skerry_edge.backends.registry import open_backend
from skerry_edge.contracts.manifest import SURE_SCORE, AudioInput, ImageInput, MicroWakeWord, Raw, Tensor, Variant
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.models.golden import common_axes, golden_tensor
from skerry_edge.vision.decoders.registry import decoder_for
from skerry_edge.vision.geometry import Size, letterboxed
from skerry_edge.vision.images import decode_image, read_image
from skerry_edge.vision.preprocess import Preprocessor

SEED = 20170719
"""Any number would do; changing it changes every bundle."""
PICTURE = "golden/input.png"
RECORDING = f"golden/input{SUFFIX}"
_COARSE_PX = 32
_FINE_PX = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class GoldenInput:
    """The bundle's golden input as a file."""

    file: str
    data: bytes


def golden_input(facts: SourceFacts) -> GoldenInput | None:
    """Return the golden input for a source, or None for a network of several inputs."""
    described = facts.description.input
    if isinstance(described, ImageInput):
        return GoldenInput(file=PICTURE, data=png_bytes(golden_picture(described.width, described.height)))
    if len(facts.inputs) != 1:
        return None
    (tensor,) = facts.inputs
    (case,) = MadeInputs(described, facts.inputs, count=1, seed=SEED).cases(facts.inputs)
    values = real_values(case.tensors[0], tensor).astype(np.float32)
    return GoldenInput(file="golden/input.npy", data=npy_bytes(common_axes(values, tensor.layout)))


def given_golden(path: Path, facts: SourceFacts) -> GoldenInput:
    """Return a picture or, for a network that listens, a recording as golden input.

    Raises ConfigError for a network that takes neither, ReachError and DataError for a file that cannot be read.
    """
    described = facts.description.input
    if isinstance(described, ImageInput):
        return GoldenInput(file=PICTURE, data=_fitting(path, described))
    if isinstance(described, AudioInput):
        return GoldenInput(file=RECORDING, data=_recording(path))
    raise ConfigError("this network neither looks nor listens", where="--golden", todo="leave out --golden")


def _recording(path: Path) -> bytes:
    """Return a recording as a device hears it. Raises ConfigError for one that is too long to be tried everywhere."""
    sound = np.concatenate(list(RecordingSource(path)))
    seconds = len(sound) / SAMPLE_RATE_HZ
    if seconds > MAX_S:
        found, todo = f"{seconds:.1f} s, at most {MAX_S:.0f} s", "cut it to a few seconds around the word"
        raise ConfigError("the golden recording is too long", where=f"--golden {path}", found=found, todo=todo)
    return encode_recording(sound)


def _fitting(path: Path, described: ImageInput) -> bytes:
    """Return a picture file, made smaller where it is larger than the network's input."""
    pixels = read_image(path)
    source = Size(pixels.shape[1], pixels.shape[0])
    fitting = letterboxed(source, Size(described.width, described.height)).picture
    if fitting.width < source.width:
        pixels = np.asarray(cv2.resize(pixels, fitting, interpolation=cv2.INTER_AREA), np.uint8)
    return png_bytes(pixels)


def shown_labels(golden: GoldenInput, facts: SourceFacts, variant: Variant, outputs: Sequence[bytes]) -> list[str]:
    """Return the labels that a variant is sure of in the golden input, by its outputs for it: of objects or a word."""
    described = facts.description
    if golden.file == RECORDING and isinstance(described.output, MicroWakeWord):
        (stored,) = (np.load(io.BytesIO(one)) for one in outputs)
        return list(described.labels) if _is_heard(stored, variant.outputs[0], described.output) else []
    if (
        not isinstance(described.input, ImageInput)
        or described.task != "detection"
        or isinstance(described.output, Raw)
    ):
        return []
    _, geometry = Preprocessor(described.input, variant.inputs[0]).run(decode_image(golden.data, where=golden.file))
    decoder = decoder_for(described.output, variant.outputs, described.input, None)
    found = decoder.decode(tuple(np.load(io.BytesIO(one)) for one in outputs), geometry)
    return [described.labels[class_id] for class_id in found.class_ids[found.scores >= SURE_SCORE].tolist()]


def _is_heard(stored: NDArray[Any], tensor: Tensor, rule: MicroWakeWord) -> bool:
    mean = SlidingMean(rule.sliding_window_size)
    return any(mean.add(one) > rule.probability_cutoff for one in real_values(stored, tensor).tolist())


def golden_outputs(golden: GoldenInput, facts: SourceFacts, variant: Variant, path: Path, backend: str) -> list[bytes]:
    """Run a file once on the golden input and return its outputs as NPY files. Raises BackendError."""
    if golden.file == RECORDING:
        with closing(open_network(path, BackendOptions())) as network:
            return [npy_bytes(heard(network, decode_recording(golden.data, where=golden.file)))]
    tensor = golden_tensor(facts.description.input, golden.data, variant.inputs[0])
    with closing(open_backend(backend, path)) as loaded:
        return [npy_bytes(value) for value in loaded.infer((tensor,))]


def golden_picture(width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture (height, width, 3), BGR: coarse squares of strong colour under a fine, weaker pattern.

    Integer arithmetic alone, so that it is the same on every machine; it reaches from 0 to 255 in each channel and has
    edges and texture, and PNG still makes it small.
    """
    random = np.random.default_rng(SEED)
    coarse = _squares(random, width, height, _COARSE_PX, levels=(0, 64, 128, 192, 255))
    fine = _squares(random, width, height, _FINE_PX, levels=(-24, 0, 24))
    picture: NDArray[np.uint8] = np.clip(coarse + fine, 0, 255).astype(np.uint8)
    return picture


def _squares(
    random: np.random.Generator, width: int, height: int, side_px: int, *, levels: tuple[int, ...]
) -> NDArray[np.int64]:
    rows, columns = -(-height // side_px), -(-width // side_px)
    cells = np.array(levels)[random.integers(0, len(levels), (rows, columns, 3))]
    return cells.repeat(side_px, axis=0).repeat(side_px, axis=1)[:height, :width]


def png_bytes(picture: NDArray[np.uint8]) -> bytes:
    """Return a BGR picture as PNG."""
    _, encoded = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return bytes(encoded.tobytes())


def npy_bytes(values: NDArray[Any]) -> bytes:
    """Return an array as a NPY file, format 1.0."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(values), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()
