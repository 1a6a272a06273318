"""microWakeWord's own manifest: community models load as they are, and what does not fit is named by its key."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from skerry_edge.audio.manifest import (
    MAX_MANIFEST_BYTES,
    parse_manifest,
    read_manifest,
    window_size,
)
from skerry_edge.audio.model import find_model
from skerry_edge.foundation.errors import ConfigError, DataError, MissingError, ReachError

VERSION_2: dict[str, Any] = {
    "type": "micro",
    "wake_word": "Okay Nabu",
    "author": "Kevin Ahrendt",
    "website": "https://www.kevinahrendt.com/",
    "model": "okay_nabu.tflite",
    "trained_languages": ["en", "nl"],
    "version": 2,
    "micro": {
        "probability_cutoff": 0.85,
        "feature_step_size": 10,
        "sliding_window_size": 5,
        "tensor_arena_size": 37000,
        "minimum_esphome_version": "2024.7.0",
    },
}
VERSION_1: dict[str, Any] = {
    "type": "micro",
    "wake_word": "okay nabu",
    "author": "Kevin Ahrendt",
    "website": "https://www.kevinahrendt.com",
    "model": "okay_nabu.tflite",
    "version": 1,
    "micro": {"probability_cutoff": 0.5, "sliding_window_average_size": 10, "minimum_esphome_version": "2024.2.0"},
}


def with_change(manifest: dict[str, Any], path: str, value: object) -> bytes:
    changed = json.loads(json.dumps(manifest))
    place = changed["micro"] if path.startswith("micro.") else changed
    key = path.removeprefix("micro.")
    if value is None:
        del place[key]
    else:
        place[key] = value
    return json.dumps(changed).encode()


def refusal(raw: bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse_manifest(raw, where="w.json")
    return caught.value


def test_a_manifest_of_version_2_is_read() -> None:
    manifest = parse_manifest(json.dumps(VERSION_2).encode(), where="w.json")
    assert (manifest.wake_word, manifest.model) == ("Okay Nabu", "okay_nabu.tflite")
    assert manifest.micro.probability_cutoff == 0.85
    assert window_size(manifest, where="w.json") == 5


def test_a_manifest_of_version_1_with_this_front_end_s_step_is_read() -> None:
    manifest = parse_manifest(with_change(VERSION_1, "micro.feature_step_size", 10), where="w.json")
    assert window_size(manifest, where="w.json") == 10


def test_the_inception_models_of_version_1_are_refused_for_their_step() -> None:
    error = refusal(json.dumps(VERSION_1).encode())
    assert error.where == "w.json, key 'micro.feature_step_size'"
    assert "20 ms" in (error.found or "")


def test_keys_of_later_versions_are_left_alone() -> None:
    raw = with_change(json.loads(with_change(VERSION_2, "micro.later", {"a": [1]})), "licence", "MIT")
    assert parse_manifest(raw, where="w.json").wake_word == "Okay Nabu"


def test_what_only_a_microcontroller_needs_may_be_absent() -> None:
    raw = with_change(VERSION_2, "micro.tensor_arena_size", None)
    for key in ("author", "website", "trained_languages"):
        raw = with_change(json.loads(raw), key, None)
    assert parse_manifest(raw, where="w.json").trained_languages == []


REQUIRED = ["type", "wake_word", "model", "version", "micro"]
REQUIRED_MICRO = ["micro.probability_cutoff", "micro.sliding_window_size", "micro.feature_step_size"]


@pytest.mark.parametrize("key", REQUIRED + REQUIRED_MICRO)
def test_a_missing_key_is_named_with_its_file(key: str) -> None:
    error = refusal(with_change(VERSION_2, key, None))
    assert error.where == f"w.json, key '{key}'"
    assert error.exit_code == 2


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("type", "mega"),
        ("version", 3),
        ("wake_word", ""),
        ("model", 5),
        ("model", "../stolen.tflite"),
        ("model", "./../stolen.tflite"),
        ("model", "/etc/passwd"),
        ("model", ""),
        ("micro.probability_cutoff", 1.5),
        ("micro.probability_cutoff", "97%"),
        ("micro.sliding_window_size", 0),
        ("micro.sliding_window_size", 2.5),
        ("micro.sliding_window_size", 10**9),
        ("micro.feature_step_size", 20),
        ("micro.feature_step_size", -1),
        ("trained_languages", "en"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_key(key: str, value: object) -> None:
    error = refusal(with_change(VERSION_2, key, value))
    assert error.where == f"w.json, key '{key}'"
    assert error.found


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 90_000, b"[1]"], ids=lambda raw: repr(raw[:4]))
def test_bytes_that_are_no_manifest_are_refused(raw: bytes) -> None:
    assert (refusal(raw).where or "").startswith("w.json")


def test_a_file_that_is_not_there_or_far_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReachError, match="No such file"):
        read_manifest(tmp_path / "absent.json")
    (tmp_path / "huge.json").write_bytes(b" " * (MAX_MANIFEST_BYTES + 1))
    with pytest.raises(ConfigError, match="too large"):
        read_manifest(tmp_path / "huge.json")


def test_the_four_built_in_models_are_found_without_importing_their_package() -> None:
    script = (
        "import sys; from skerry_edge.audio.manifest import builtin_manifests;"
        "print(sorted(builtin_manifests()), 'pymicro_wakeword' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "['alexa', 'hey_jarvis', 'hey_mycroft', 'okay_nabu'] False\n"


@pytest.mark.parametrize("name", ["alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"])
def test_a_built_in_model_is_known_by_name(name: str) -> None:
    model = find_model(name)
    assert model.word.lower().replace(" ", "_") == name
    assert model.path.is_file()


@pytest.mark.parametrize(
    ("text", "near"),
    [("alexxa", "alexa"), ("hey jarvis", "hey_jarvis"), ("Okay_Nabu", "okay_nabu"), ("Alexa", "alexa")],
)
def test_an_unknown_name_gets_the_nearest_one(text: str, near: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find_model(text)
    assert caught.value.todo == f"did you mean '{near}'?"


def test_a_name_far_from_every_model_gets_the_list_of_them() -> None:
    with pytest.raises(ConfigError, match="alexa, hey_jarvis, hey_mycroft, okay_nabu"):
        find_model("xylophone")


def test_without_the_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skerry_edge.audio.manifest.importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingError) as caught:
        find_model("alexa")
    assert "pip install 'skerry[wakeword]'" in str(caught.value.todo)


def test_a_model_file_may_begin_with_the_manifest_s_own_folder() -> None:
    assert parse_manifest(with_change(VERSION_2, "model", "./okay_nabu.tflite"), where="w.json").wake_word


def test_a_manifest_s_model_file_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "w.json"
    path.write_text(json.dumps(VERSION_2))
    with pytest.raises(DataError) as caught:
        find_model(str(path))
    assert caught.value.found == str(tmp_path / "okay_nabu.tflite")
    (tmp_path / "okay_nabu.tflite").write_bytes(b"x")
    assert find_model(str(path)).path == tmp_path / "okay_nabu.tflite"
