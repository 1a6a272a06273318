"""Makes the demo's recording: a sentence without and a word with the wake word, spoken by espeak-ng.

    python scripts/make_demo_clip.py server/skerry_server/demo/data/alexa.wav

Needs Debian's `espeak-ng` and the `wakeword` extra.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE_HZ = 16_000
VOICE = "en-us"
BEFORE = "Good morning, everybody."
WORD = "Alexa."
PAUSES_S = (0.4, 0.8, 0.9)
"""Silence before, between and after the two utterances."""
PEAK = 0.7

Mono = NDArray[np.float32]


def speak(text: str) -> Mono:
    """Return ``text`` as espeak-ng says it at its own speed and pitch: 16 kHz, full scale 1.0."""
    done = subprocess.run(["espeak-ng", "-v", VOICE, "--stdout", text], check=True, capture_output=True)
    # Read from memory: espeak-ng cannot know the length when it writes the header of a WAV stream.
    samples, rate_hz = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    resampled: Mono = soxr.resample(samples, rate_hz, RATE_HZ)
    return resampled


def make_clip() -> Mono:
    """Return the whole recording."""
    before, between, after = (np.zeros(round(RATE_HZ * pause), np.float32) for pause in PAUSES_S)
    clip = np.concatenate((before, speak(BEFORE), between, speak(WORD), after))
    return np.asarray(clip * (PEAK / np.abs(clip).max()), dtype=np.float32)


def main() -> None:
    """Write the recording where the first argument says."""
    parser = argparse.ArgumentParser(description="Make the demo's recording of a wake word with espeak-ng.")
    parser.add_argument("out", type=Path, help="the WAV file to write")
    out: Path = parser.parse_args().out
    soundfile.write(out, make_clip(), RATE_HZ, subtype="PCM_16", format="WAV")
    sys.stdout.write(f"{out}: {out.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
