"""`skerry listen` as a person or a program calls it."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def clip(project_root: Path) -> Path:
    """The demo's recording: a sentence, then "Alexa"."""
    return project_root / "server" / "skerry_server" / "demo" / "data" / "alexa.wav"


@pytest.fixture
def listen(tmp_path: Path) -> Run:
    """Return a function that runs the command in an empty folder; ``stdin`` is bytes."""

    def run(*arguments: object, stdin: bytes = b"", env: dict[str, str] | None = None) -> Any:
        command = [sys.executable, "-m", "skerry_edge", "listen", *map(str, arguments)]
        full_env = {**os.environ, **(env or {})}
        done = subprocess.run(
            command, input=stdin, capture_output=True, timeout=120, cwd=tmp_path, env=full_env, check=False
        )
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_word_is_one_line_of_json(listen: Run, clip: Path) -> None:
    done = listen("alexa", clip, "--json")
    (row,) = rows(done)
    assert list(row) == ["source", "word", "time_s", "score"]
    assert (row["source"], row["word"]) == (str(clip), "Alexa")
    assert 2.9 < row["time_s"] < 4.0
    assert row["score"] > 0.9
    assert done.returncode == 0


def test_a_person_gets_a_sentence_for_every_recording(listen: Run, clip: Path) -> None:
    done = listen("alexa", clip)
    assert done.stdout.startswith(f"{clip}: Alexa at 3.")
    assert listen("hey_jarvis", clip).stdout == f"{clip}: no wake word\n"


def test_a_recording_without_the_word_is_a_success_without_a_line_of_json(listen: Run, clip: Path) -> None:
    done = listen("okay_nabu", clip, "--json")
    assert (done.returncode, done.stdout) == (0, "")


def test_several_words_listen_at_once(listen: Run, clip: Path) -> None:
    done = listen("hey_jarvis, alexa,okay_nabu", clip, "--json")
    assert [row["word"] for row in rows(done)] == ["Alexa"]
    assert done.returncode == 0


def test_behind_a_voice_gate_a_word_is_heard_while_somebody_speaks(listen: Run, clip: Path, tmp_path: Path) -> None:
    from skerry_edge.audio.manifest import builtin_manifests

    for name in ("alexa", "hey_jarvis"):  # a stand-in for voice, and one that is never there
        path = builtin_manifests()[name]
        shutil.copy(path.with_suffix(".tflite"), tmp_path)
        manifest = {**json.loads(path.read_text()), "wake_word": "vad"}
        (tmp_path / f"{name}-vad.json").write_text(json.dumps(manifest))
    assert [row["word"] for row in rows(listen("alexa", clip, "--json", "--voice", "alexa-vad.json"))] == ["Alexa"]
    assert rows(listen("alexa", clip, "--json", "--voice", "hey_jarvis-vad.json")) == []


def test_raw_sound_on_standard_input_is_heard(listen: Run, clip: Path) -> None:
    sound, _ = soundfile.read(clip, dtype="int16")
    (row,) = rows(listen("alexa", "-", "--json", stdin=sound.tobytes()))
    assert (row["source"], row["word"]) == ("-", "Alexa")


def test_stereo_at_another_rate_is_heard(listen: Run, clip: Path, tmp_path: Path) -> None:
    import soxr

    sound, rate_hz = soundfile.read(clip, dtype="float32")
    other = soxr.resample(sound, rate_hz, 44100)
    soundfile.write(tmp_path / "cd.flac", np.stack([other, other], axis=1), 44100)
    (row,) = rows(listen("alexa", "cd.flac", "--json"))
    assert row["source"] == "cd.flac"
    assert 2.9 < row["time_s"] < 4.0


def test_a_manifest_beside_its_model_is_a_model(listen: Run, clip: Path, tmp_path: Path) -> None:
    from skerry_edge.audio.manifest import builtin_manifests

    for suffix in (".json", ".tflite"):
        shutil.copy(builtin_manifests()["alexa"].with_suffix(suffix), tmp_path)
    (row,) = rows(listen("alexa.json", clip, "--json"))
    assert row["word"] == "Alexa"


def test_options_change_what_counts(listen: Run, clip: Path) -> None:
    assert rows(listen("alexa", clip, "--json", "--threshold", "1.0")) == []
    assert len(rows(listen("alexa", clip, "--json", "--refractory", "0"))) > 3
    plain = rows(listen("alexa", clip, "--json", "--plain-kernels"))
    assert [row["word"] for row in plain] == ["Alexa"]


def test_of_a_folder_with_damaged_files_the_rest_is_heard_and_the_exit_code_tells(
    listen: Run, shared_data: Path
) -> None:
    done = listen("alexa", shared_data / "wakeword" / "alexa", "--json")
    assert done.returncode == 4
    errors = {Path(row["source"]).name: row["error"] for row in rows(done) if "error" in row}
    assert set(errors) == {"127.flac", "33.flac"}
    assert all("does not decode" in error and "lost sync" in error for error in errors.values())
    heard = [row["source"] for row in rows(done) if "word" in row]
    assert len(set(heard)) >= 39
    assert heard == sorted(heard)


def test_of_a_folder_of_other_words_nothing_is_heard(listen: Run, shared_data: Path) -> None:
    done = listen("alexa", shared_data / "wakeword" / "negative")
    assert done.returncode == 0
    assert done.stdout.count(": no wake word\n") == len(done.stdout.splitlines()) == 52


def test_every_kind_of_bad_recording_is_an_error_of_its_own_and_the_good_one_is_heard(
    listen: Run, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("hello")
    (tmp_path / "short.wav").write_bytes(clip.read_bytes()[:90_000])
    soundfile.write(tmp_path / "nothing.wav", np.empty(0, np.int16), 16_000)
    soundfile.write(tmp_path / "blip.wav", np.zeros(1000, np.int16), 16_000)
    soundfile.write(tmp_path / "nan.wav", np.full(20_000, np.nan, np.float32), 16_000, subtype="FLOAT")
    bad = ["empty.wav", "text.wav", "short.wav", "nothing.wav", "blip.wav", "nan.wav", "absent.wav", "empty-folder"]
    (tmp_path / "empty-folder").mkdir()
    done = listen("alexa", *bad, clip, "--json")
    assert done.returncode == 4
    assert sorted(row["source"] for row in rows(done) if "error" in row) == sorted(bad)
    assert [row["source"] for row in rows(done) if "word" in row] == [str(clip)]
    assert "Traceback" not in done.stderr
    as_text = listen("alexa", *bad, clip)
    assert as_text.stderr.count("error: ") == len(bad)


@pytest.mark.parametrize("data", [b"", b"abc", b"RIFF" + bytes(40_000)], ids=["none", "odd", "a WAV file"])
def test_bad_sound_on_standard_input_is_an_error(listen: Run, data: bytes) -> None:
    done = listen("alexa", "-", "--json", stdin=data)
    assert done.returncode == 4
    assert [row["source"] for row in rows(done)] == ["-"]


def test_a_pipe_that_falls_silent_is_given_up(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "skerry_edge", "listen", "alexa", "-", "--stall", "0.2"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.wait(60) == 4
        assert process.stderr is not None
        assert "no sound arrived" in process.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["alexxa", "x.wav"], 2, "did you mean 'alexa'?"),
        (["absent.json", "x.wav"], 4, "No such file"),
        (["broken.json", "x.wav"], 2, "key 'micro'"),
        (["alexa"], 2, "Missing argument"),
        (["alexa,alexxa", "x.wav"], 2, "did you mean 'alexa'?"),
        (["alexa", "x.wav", "--voice", "okay_nabu"], 2, "hears a word, not any voice"),
        (["alexa,alexa", "x.wav"], 2, "two wake words have the same name"),
        (["alexa,", "x.wav"], 2, "no such wake-word model"),
        (["alexa", "x.wav", "--threshold", "2"], 2, "--threshold"),
        (["alexa", "x.wav", "--treshold", "0.5"], 2, "--threshold"),
    ],
)
def test_wrong_usage_has_its_code_and_its_reason(
    listen: Run, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    (tmp_path / "broken.json").write_text('{"type": "micro", "wake_word": "x", "model": "x.tflite", "version": 2}')
    done = listen(*arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_microphone_program_the_code_is_3_and_says_what_to_install(listen: Run) -> None:
    done = listen("alexa", "mic", env={"PATH": "/nowhere"})
    assert done.returncode == 3
    assert "apt install alsa-utils" in done.stderr


def test_on_a_terminal_a_bar_shows_how_far_it_is_and_leaves_the_lines_whole(clip: Path, tmp_path: Path) -> None:
    for number in range(3):
        shutil.copy(clip, tmp_path / f"{number}.wav")
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "skerry_edge", "listen", "alexa", str(tmp_path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=slave, text=True, timeout=120, check=True)
    os.close(slave)
    shown = os.read(master, 100_000).decode()
    os.close(master)
    assert "/3" in shown
    assert len([line for line in done.stdout.splitlines() if ": Alexa at " in line]) == 3


def test_the_reader_of_the_lines_may_go_away(clip: Path) -> None:
    command = f"'{sys.executable}' -m skerry_edge listen alexa {f'{clip} ' * 30} | head -n 1"
    shell = ["bash", "-o", "pipefail", "-c", command]
    done = subprocess.run(shell, capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr
    assert done.stdout.count("\n") == 1


def test_the_help_has_examples_and_exit_codes(listen: Run) -> None:
    text = listen("--help").stdout
    for part in ("Examples:", "Exit codes:", "--threshold", "hey_jarvis", "mic:DEVICE"):
        assert part in text
