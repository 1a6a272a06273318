"""The microphone: `arecord` is started, watched and stopped, and what goes wrong has its reason."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from skerry_edge.audio.arecord import command_line
from skerry_edge.audio.microphone import MicrophoneSource
from skerry_edge.audio.pipe import StalledAudioError
from skerry_edge.audio.wav_stream import read_wav_head
from skerry_edge.foundation.errors import DataError, MissingError, ReachError
from skerry_edge.foundation.source_error import SourceError
from skerry_edge.foundation.stream_program import StreamProgram

Pcm = NDArray[np.int16]


def is_gone(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except (ProcessLookupError, FileNotFoundError):  # the latter: ended before it could write the file
        return True
    return False


def listen(source: MicrophoneSource) -> Pcm:
    return np.concatenate([np.empty(0, np.int16), *source])


def test_without_arecord_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingError) as caught:
        listen(MicrophoneSource())
    assert (caught.value.exit_code, caught.value.todo) == (3, "apt install alsa-utils")


def test_a_program_that_cannot_be_started_is_missing_too(arecord: Callable[[str], Path]) -> None:
    pid_file = arecord("hang")
    (pid_file.parent / "bin" / "arecord").write_text("#!/nowhere/python\n")
    with pytest.raises(MissingError, match="cannot start"):
        listen(MicrophoneSource())


def test_a_device_that_is_not_there_is_missing_with_arecord_s_reason(arecord: Callable[[str], Path]) -> None:
    arecord("absent")
    with pytest.raises(MissingError) as caught:
        listen(MicrophoneSource("plughw:9"))
    assert caught.value.where == "mic:plughw:9"
    assert caught.value.found == "arecord: main:831: audio open error"


def test_the_real_arecord_has_no_such_device_either(need_program: Callable[[str], str]) -> None:
    need_program("arecord")
    with pytest.raises(MissingError) as caught:
        listen(MicrophoneSource("skerry-no-such-device"))
    assert "audio open error" in (caught.value.found or "")


def test_the_real_arecord_delivers_sound(
    need_program: Callable[[str], str], tmp_path: Path, sound: Pcm, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_program("arecord")
    sound.tofile(tmp_path / "sound.raw")
    # ALSA's own file plug-in in the place of a microphone; as it is not paced, falling behind must not count.
    monkeypatch.setattr("skerry_edge.audio.microphone.MAX_BACKLOG_S", 60.0)
    config = f"""
    pcm.fake {{ type file slave.pcm "null" file "/dev/null" infile "{tmp_path}/sound.raw" format "raw" }}
    pcm.null {{ type null }}
    """
    (tmp_path / "asound.conf").write_text(config)
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    source = MicrophoneSource("fake")
    with closing(source):
        first = next(iter(source))
    np.testing.assert_array_equal(first, sound[: len(first)])


def test_a_microphone_that_is_pulled_out_is_an_error_after_its_last_sound(
    arecord: Callable[[str], Path], sound: Pcm
) -> None:
    pid_file = arecord("unplugged")
    heard: list[Pcm] = []
    with pytest.raises(ReachError, match="No such device") as caught:
        heard.extend(MicrophoneSource())
    assert caught.value.exit_code == 4
    np.testing.assert_array_equal(np.concatenate(heard), sound)
    assert is_gone(pid_file)


@pytest.mark.parametrize("mode", ["hang", "stubborn"])
def test_a_microphone_that_goes_silent_is_given_up_and_its_process_ended(
    arecord: Callable[[str], Path], mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skerry_edge.foundation.stream_program.STOP_S", 0.2)
    pid_file = arecord(mode)
    with pytest.raises(StalledAudioError):
        listen(MicrophoneSource(stall_s=1.0))
    assert is_gone(pid_file)


def test_closing_in_the_middle_ends_the_process(arecord: Callable[[str], Path]) -> None:
    pid_file = arecord("hang")
    source = MicrophoneSource()
    chunks = iter(source)
    next(chunks)
    source.close()
    assert is_gone(pid_file)
    list(chunks)  # what was delivered before may still come, and then it ends without an error


def test_leaving_the_loop_ends_the_process(arecord: Callable[[str], Path]) -> None:
    pid_file = arecord("hang")
    chunks = iter(MicrophoneSource())
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]  # an iteration is a generator, which `for` closes in the same way
    assert is_gone(pid_file)


def test_a_listener_that_is_far_behind_hears_the_newest_sound_and_the_rest_is_counted(
    arecord: Callable[[str], Path], sound: Pcm, eventually: Callable[..., None]
) -> None:
    pid_file = arecord("flood")
    source = MicrophoneSource()
    chunks = iter(source)
    heard = [next(chunks)]
    eventually(Path(f"{pid_file}.written").exists, what="the stand-in has written all of its sound")
    with pytest.raises(ReachError):
        heard.extend(chunks)
    delivered = np.concatenate(heard)
    assert source.dropped_samples > 0
    assert len(delivered) + source.dropped_samples == 30_000
    np.testing.assert_array_equal(delivered[-16_000:], sound[14_000:30_000])


def test_a_program_that_complains_much_is_not_held_up(arecord: Callable[[str], Path], sound: Pcm) -> None:
    arecord("chatty")
    heard: list[Pcm] = []
    with pytest.raises(ReachError) as caught:
        heard.extend(MicrophoneSource())
    assert sum(map(len, heard)) == len(sound)
    assert len(caught.value.found or "") <= 300


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000])
def test_a_microphone_that_records_at_another_rate_is_resampled(
    arecord: Callable[..., Path], sound: Pcm, rate_hz: int
) -> None:
    arecord("unplugged", rate_hz)
    heard: list[Pcm] = []
    with pytest.raises(ReachError):
        heard.extend(MicrophoneSource())
    assert sum(map(len, heard)) == pytest.approx(len(sound) * 16_000 / rate_hz, rel=0.05)
    assert {chunk.dtype for chunk in heard} == {np.dtype(np.int16)}


def test_a_tone_keeps_its_pitch_whatever_the_microphones_rate(arecord: Callable[..., Path], tmp_path: Path) -> None:
    arecord("unplugged", 48_000)
    seconds = np.arange(3 * 48_000) / 48_000
    (10_000 * np.sin(2 * np.pi * 1000 * seconds)).astype(np.int16).tofile(tmp_path / "sound.raw")
    heard: list[Pcm] = []
    with pytest.raises(ReachError):
        heard.extend(MicrophoneSource(rate_hz=16_000))
    spectrum = np.abs(np.fft.rfft(np.concatenate(heard)[:32_000]))
    assert np.argmax(spectrum) / 2 == pytest.approx(1000, abs=1)  # two seconds: bins of half a hertz


@pytest.mark.parametrize("rate_hz", [4_000, 768_000])
def test_a_rate_that_cannot_be_resampled_is_refused(arecord: Callable[..., Path], rate_hz: int) -> None:
    arecord("hang", rate_hz)
    with pytest.raises(DataError, match="outside what can be resampled"):
        listen(MicrophoneSource())


def test_the_real_arecord_tells_the_rate_that_a_sound_card_insists_on(
    need_program: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_program("arecord")
    # ALSA's "share" has its slave's rate and no other, as the "hw:" devices of many sound cards.
    slave = 'slave { pcm "null" rate 48000 channels 1 format S16_LE } bindings { 0 0 }'
    (tmp_path / "asound.conf").write_text(f"pcm.null {{ type null }}\npcm.fixed {{ type share {slave} }}\n")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    with closing(StreamProgram(command_line("fixed", 16_000), install="")) as program:
        head = read_wav_head(lambda count: program.read(count, 10.0) or b"", where="fixed")
    assert head is not None
    assert head.rate_hz == 48_000


@pytest.mark.parametrize(
    ("mode", "reason"), [("busy", "busy"), ("forbidden", "forbidden"), ("two-channels", "unsupported")]
)
def test_what_alsa_says_becomes_a_reason(arecord: Callable[..., Path], mode: str, reason: str) -> None:
    arecord(mode)
    with pytest.raises(SourceError) as caught:
        listen(MicrophoneSource("hw:1"))
    assert caught.value.reason == reason


def test_a_microphone_can_be_opened_again(arecord: Callable[[str], Path], sound: Pcm) -> None:
    arecord("unplugged")
    source = MicrophoneSource()
    for _ in range(2):
        heard: list[Pcm] = []
        with pytest.raises(ReachError):
            heard.extend(source)
        assert sum(map(len, heard)) == len(sound)
