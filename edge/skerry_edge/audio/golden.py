"""The golden recording of a wake word's bundle: the sound that its network is tried on, and what that gives for it."""

from __future__ import annotations

import io
import wave

import numpy as np

from skerry_edge.audio.features import FeatureStream
from skerry_edge.audio.network import StreamingNetwork
from skerry_edge.audio.pcm import BYTES_PER_SAMPLE, CHUNK_SAMPLES, SAMPLE_RATE_HZ, Pcm
from skerry_edge.backends.base import Array, BackendError
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.errors import BundleError

SUFFIX = ".wav"
"""A golden input of this kind is a recording; any other one of a network that listens is a feature array."""
MAX_S = 30.0
"""A device that tries a model is to be done with it in seconds."""


def golden_recording(bundle: Bundle) -> Pcm | None:
    """Return the golden recording, shape (n,); None where the bundle has none. Raises BundleError for a damaged one."""
    golden = bundle.manifest.golden
    if golden is None or not golden.input.file.endswith(SUFFIX):
        return None
    return decode_recording(bundle.read(golden.input), where=f"{bundle.path}!{golden.input.file}")


def encode_recording(pcm: Pcm) -> bytes:
    """Return sound, shape (n,), as a WAV file; equal sound gives equal bytes."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(BYTES_PER_SAMPLE)
        sound.setframerate(SAMPLE_RATE_HZ)
        sound.writeframes(pcm.astype("<i2").tobytes())
    return buffer.getvalue()


def decode_recording(data: bytes, *, where: str) -> Pcm:
    """Return the sound of a WAV file of one channel, 16 bits and 16,000 samples a second. Raises BundleError."""
    try:
        with wave.open(io.BytesIO(data), "rb") as sound:
            found = sound.getnchannels(), sound.getsampwidth(), sound.getframerate()
            frames = sound.readframes(sound.getnframes())
    except (wave.Error, EOFError, OSError, ValueError) as error:
        raise BundleError("the golden recording cannot be read", where=where, found=str(error)[:200]) from error
    wanted = (1, BYTES_PER_SAMPLE, SAMPLE_RATE_HZ)
    seconds = len(frames) / BYTES_PER_SAMPLE / SAMPLE_RATE_HZ
    if found != wanted or len(frames) % BYTES_PER_SAMPLE or not 0 < seconds <= MAX_S:
        stated = f"{found[0]} channels of {8 * found[1]} bits, {found[2]} samples a second, {seconds:.1f} s"
        raise BundleError("the golden recording is of another kind", where=where, found=stated)
    return np.frombuffer(frames, "<i2").astype(np.int16)


def heard(network: StreamingNetwork, pcm: Pcm) -> Array:
    """Return what a fresh network gives for a recording: its output at each step as it is stored, shape (steps,).

    Raises BackendError, also where the recording is too short for one.
    """
    stream = FeatureStream()
    rows = np.concatenate([stream.process(pcm[at : at + CHUNK_SAMPLES]) for at in range(0, len(pcm), CHUNK_SAMPLES)])
    steps = len(rows) // network.stride
    if not steps:
        raise BackendError("the golden recording is too short for the network", found=f"{len(rows)} rows of features")
    quantized = network.quantization.apply(rows[: steps * network.stride])
    outputs = [network.output(one) for one in quantized.reshape(steps, network.stride, -1)]
    return np.array(outputs, network.stored_as)
