"""Wake words through the command: a microWakeWord model and its JSON in, the files that ESPHome takes out."""

from __future__ import annotations

import json
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.audio.manifest import builtin_manifests
from skerry_edge.audio.model import load_model
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import AudioInput, MicroWakeWord

Skerry = Callable[..., object]
OTHERS = 4


@pytest.fixture(scope="session")
def alexa() -> Path:
    """The JSON of the model for "alexa" that `pymicro-wakeword` ships; the model lies beside it."""
    found = builtin_manifests().get("alexa")
    if found is None:
        pytest.skip("the package pymicro-wakeword is not installed")
    return found


@pytest.fixture(scope="session")
def recordings(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of people who say the word, and of some who say others."""
    folder = tmp_path_factory.mktemp("recordings")
    spoken = sorted((shared_data / "wakeword/alexa").glob("*.flac"))[:4]
    for path in (*spoken, *sorted((shared_data / "wakeword/negative").glob("*.wav"))[:OTHERS]):
        (folder / f"{path.parent.name}-{path.name}").symlink_to(path)
    return folder


def test_the_bundle_holds_what_esphome_takes_and_it_hears_the_word(
    skerry: Skerry, alexa: Path, recordings: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tflite_micro", reason="its wheels are for Linux on x86-64")
    out = tmp_path / "alexa.skerry"
    more = ("--to", "tflite-int8,mcu-int8", "--gate-data", recordings, "--board", "esp32-s3", "--json")
    run = skerry("convert", alexa, *more, "--out", out)
    assert run.code == 0, run.err
    rows = {row["variant"]: row for row in json.loads(run.out)["variants"]}
    assert all(row["outcome"] == "passed" for row in rows.values())
    manifest = Bundle.open(out).manifest
    assert (manifest.task, manifest.labels, manifest.input) == ("wakeword", ("Alexa",), AudioInput())
    assert manifest.output == MicroWakeWord(probability_cutoff=0.9, sliding_window_size=5)
    with zipfile.ZipFile(out) as archive:
        archive.extract("alexa.json", tmp_path)
        archive.extract("alexa.tflite", tmp_path)
    said, before = (json.loads(path.read_bytes()) for path in (tmp_path / "alexa.json", alexa))
    assert said["micro"]["tensor_arena_size"] >= rows["mcu-int8"]["footprint"]["ram_bytes"]
    assert {key: said[key] for key in before if key != "micro"} == {
        key: before[key] for key in before if key != "micro"
    }
    assert load_model(tmp_path / "alexa.json").path.read_bytes() == alexa.with_suffix(".tflite").read_bytes()
    spoken = min(path for path in recordings.iterdir() if path.name.startswith("alexa"))
    heard = skerry("listen", tmp_path / "alexa.json", spoken, "--json")
    assert heard.code == 0, heard.err
    assert "Alexa" in heard.out


def test_the_network_with_its_manifest_is_the_same_as_the_manifest_alone(
    skerry: Skerry, alexa: Path, recordings: Path, tmp_path: Path
) -> None:
    for out, source in (("a", (alexa,)), ("b", (alexa.with_suffix(".tflite"), "--manifest", alexa))):
        run = skerry("convert", *source, "--to", "tflite-int8", "--gate-data", recordings, "--out", tmp_path / out)
        assert run.code == 0, run.err
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_real_recordings_make_the_comparison_with_tflm_prove_something(
    skerry: Skerry, alexa: Path, recordings: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tflite_micro", reason="its wheels are for Linux on x86-64")
    out = tmp_path / "alexa.skerry"
    run = skerry("convert", alexa, "--to", "mcu-int8", "--calibration", recordings, "--out", out)
    assert run.code == 0, run.err
    assert "proves little" not in run.out


def test_a_wake_word_s_bundle_is_made_again_from_what_it_records(
    skerry: Skerry, alexa: Path, recordings: Path, tmp_path: Path
) -> None:
    out = tmp_path / "alexa.skerry"
    assert skerry("convert", alexa, "--to", "tflite-int8", "--gate-data", recordings, "--out", out).code == 0
    run = skerry("convert", "--verify-rebuild", out, "--from", alexa.parent)
    assert run.code == 0, run.err


def test_without_recordings_nothing_can_be_judged(skerry: Skerry, alexa: Path, tmp_path: Path) -> None:
    out = tmp_path / "alexa.skerry"
    run = skerry("convert", alexa, "--to", "tflite-int8", "--out", out)
    assert run.code == 2
    assert "judged on recordings alone" in run.err
    assert "give --gate-data a folder of WAV or FLAC files" in run.err
    assert not out.exists()


def test_what_is_no_wake_word_is_refused(skerry: Skerry, alexa: Path, shared_data: Path, tmp_path: Path) -> None:
    kws, out = shared_data / "tflite/mlperf_tiny_kws.tflite", tmp_path / "kws.skerry"
    run = skerry("convert", kws, "--manifest", alexa, "--to", "tflite-int8", "--out", out)
    assert run.code == 2
    assert "one input of 40 features" in run.err
    run = skerry("convert", alexa, "--manifest", alexa, "--to", "tflite-int8", "--out", out)
    assert run.code == 2
    assert "SOURCE is the manifest itself" in run.err
    (tmp_path / "lost.json").write_bytes(alexa.read_bytes())
    run = skerry("convert", tmp_path / "lost.json", "--to", "tflite-int8", "--out", out)
    assert run.code == 4
    assert "model file is not there" in run.err
    (tmp_path / "torn.json").write_bytes(alexa.read_bytes()[:100])
    run = skerry("convert", tmp_path / "torn.json", "--to", "tflite-int8", "--out", out)
    assert run.code == 2
    assert "is not JSON" in run.err


def test_a_golden_recording_tells_what_is_heard_in_it_and_a_rebuild_finds_it(
    skerry: Skerry, alexa: Path, recordings: Path, spoken: Path, tmp_path: Path
) -> None:
    for name, golden in (("said", spoken), ("not-said", min(recordings.glob("negative-*")))):
        out = tmp_path / f"{name}.skerry"
        more = ("--to", "tflite-int8", "--gate-data", recordings, "--golden", golden)
        run = skerry("convert", alexa, *more, "--out", out)
        assert run.code == 0, run.err
    said, silent = (Bundle.open(tmp_path / f"{name}.skerry").manifest.golden for name in ("said", "not-said"))
    assert (said.input.file, said.shows, silent.shows) == ("golden/input.wav", ("Alexa",), ())
    assert skerry("inspect", tmp_path / "said.skerry", "--verify").code == 0
    run = skerry("convert", "--verify-rebuild", tmp_path / "said.skerry", "--from", alexa.parent)
    assert run.code == 0, run.err


@pytest.mark.parametrize(
    ("seconds", "said"), [(31.0, "too long"), (0.0, "empty")], ids=["longer than a device tries", "empty"]
)
def test_a_golden_recording_that_cannot_be_one_is_refused(
    seconds: float, said: str, skerry: Skerry, alexa: Path, recordings: Path, tmp_path: Path
) -> None:
    path = tmp_path / "golden.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(int(seconds * 16_000) * 2))
    more = ("--to", "tflite-int8", "--gate-data", recordings, "--golden", path)
    run = skerry("convert", alexa, *more, "--out", tmp_path / "a.skerry")
    assert (run.code in (2, 4), said in run.err, (tmp_path / "a.skerry").exists()) == (True, True, False), run.err
