"""`skerry listen`: wake words in recordings, folders, a microphone or raw sound on standard input."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import click

from skerry_edge.foundation.errors import DataError, ReachError
from skerry_edge.options import NumberRange

if TYPE_CHECKING:
    from skerry_edge.audio.decision import Detection
    from skerry_edge.audio.pcm import AudioSource
    from skerry_edge.audio.progress import ListenProgress
    from skerry_edge.audio.report import ListenReport
    from skerry_edge.audio.wakeword import WakeWordListener

FAILED_EXIT_CODE = DataError.exit_code

EPILOG = """\
\b
Examples:
  skerry listen alexa kitchen.wav
  skerry listen hey_jarvis recordings/ --json > heard.jsonl
  skerry listen alexa,hey_jarvis,okay_nabu mic
  skerry listen models/okay_nabu.json mic
  skerry listen alexa mic:plughw:CARD=Device
  arecord -t raw -f S16_LE -c 1 -r 16000 | skerry listen alexa -

\b
Output with --json, one line each:
  {"source": "kitchen.wav", "word": "Alexa", "time_s": 1.24, "score": 0.9961}
  {"source": "broken.flac", "error": "the recording does not decode; ..."}

\b
Exit codes:
  0  every source was heard to its end, with or without a wake word
  2  wrong usage, an unknown model, a manifest that does not fit
  3  a package, arecord or the microphone is missing
  4  a source is damaged, cannot be read or stalled; the others are still heard
"""


@click.command(epilog=EPILOG)
@click.argument("models", metavar="MODEL[,MODEL...]")
@click.argument("audio", nargs=-1, required=True, metavar="AUDIO|FOLDER|mic|-...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option(
    "--threshold",
    type=NumberRange(0.0, 1.0),
    metavar="T",
    help="Count words as heard above this score (0 to 1).  [default: each model's own cut-off]",
)
@click.option(
    "--refractory",
    "refractory_s",
    type=NumberRange(0.0, 3600.0),
    default=1.0,
    show_default=True,
    metavar="S",
    help="Count nothing for this many seconds after a detection.",
)
@click.option(
    "--voice",
    metavar="MANIFEST",
    help="Look for words only while this voice-activity model (ESPHome's vad.json) hears somebody speak.",
)
@click.option(
    "--stall",
    "stall_s",
    type=NumberRange(0.0, 86400.0),
    default=10.0,
    show_default=True,
    metavar="S",
    help="Give up on a microphone or a pipe that is silent for this many seconds; 0 waits for ever.",
)
@click.option(
    "--plain-kernels",
    is_flag=True,
    help="Use LiteRT's plain kernels instead of XNNPACK: slower, and bit for bit what pymicro-wakeword computes.",
)
def listen(
    models: str,
    audio: tuple[str, ...],
    as_json: bool,  # noqa: FBT001  # click passes options by name
    threshold: float | None,
    refractory_s: float,
    voice: str | None,
    stall_s: float,
    plain_kernels: bool,  # noqa: FBT001  # click passes options by name
) -> None:
    """Find wake words in recordings, a microphone or standard input.

    MODEL is one of the models that the pymicro-wakeword package ships (alexa, hey_jarvis, hey_mycroft, okay_nabu), a
    microWakeWord manifest (*.json) with its .tflite file beside it, as ESPHome's community models have it, or a bundle
    (*.skerry) that `skerry convert` made of one. Several models, with commas between them, listen at once: of words
    that sound alike the best is heard.

    AUDIO is a WAV or FLAC file of any sample rate and number of channels, a FOLDER of them (with its sub-folders, in
    sorted order), `mic` or `mic:DEVICE` for an ALSA microphone, or `-` for raw sound on standard input (signed 16 bit
    little-endian, one channel, 16000 samples a second).
    """
    from skerry_edge.audio.model import find_model  # noqa: PLC0415  # keeps --help free of numpy
    from skerry_edge.audio.report import JsonLines, Lines  # noqa: PLC0415  # the same
    from skerry_edge.audio.voice import find_voice  # noqa: PLC0415  # the same
    from skerry_edge.audio.wakeword import ListenOptions, WakeWordListener  # noqa: PLC0415  # the same
    from skerry_edge.audio.word import word_of  # noqa: PLC0415  # the same
    from skerry_edge.backends.base import BackendOptions  # noqa: PLC0415  # the same

    found = [find_model(name.strip()) for name in models.split(",")]
    words = [word_of(model, cutoff=threshold, refractory_s=refractory_s) for model in found]
    backend = BackendOptions(threads=1, plain_kernels=plain_kernels)
    gate = None if voice is None else find_voice(voice)
    options = ListenOptions(refractory_s=refractory_s, voice=gate, backend=backend)
    report: ListenReport = JsonLines() if as_json else Lines()
    with closing(WakeWordListener(words, options)) as listener:
        gathered = [_gather(text, stall_s, report) for text in audio]
        sources = [source for group in gathered for source in group]
        failures = gathered.count([]) + _listen_to_all(listener, sources, report)
    if failures:
        click.get_current_context().exit(FAILED_EXIT_CODE)


def _gather(text: str, stall_s: float, report: ListenReport) -> list[AudioSource]:
    """Return the sources that ``text`` names; none, and a report of why, where it names none."""
    from skerry_edge.audio.sources import open_sources  # noqa: PLC0415  # keeps --help free of numpy

    try:
        return open_sources(text, stall_s=stall_s)
    except (DataError, ReachError) as error:
        report.failed(text, error)
        return []


def _listen_to_all(listener: WakeWordListener, sources: list[AudioSource], report: ListenReport) -> int:
    """Listen to each source as a stream of its own; return how many failed."""
    from skerry_edge.audio.progress import progress_over  # noqa: PLC0415  # keeps --help free of rich
    from skerry_edge.backends.base import BackendError  # noqa: PLC0415  # keeps --help free of numpy

    failures = 0
    with progress_over(sources) as progress:
        for index, source in enumerate(sources):
            if index:
                listener.restart()
            progress.begin(source)
            try:
                _listen_to(listener, source, report, progress)
            except (DataError, ReachError, BackendError) as error:
                failures += 1
                report.failed(source.name, error)
            progress.end()
    return failures


def _listen_to(listener: WakeWordListener, source: AudioSource, report: ListenReport, progress: ListenProgress) -> None:
    count = 0
    with closing(source):
        for pcm in source:
            count += _report_all(listener.process(pcm), source, report)
            progress.heard(pcm)
    count += _report_all(listener.finish(where=source.name), source, report)
    if not count:
        report.nothing(source.name)


def _report_all(detections: list[Detection], source: AudioSource, report: ListenReport) -> int:
    for detection in detections:
        report.heard(source.name, detection)
    return len(detections)
