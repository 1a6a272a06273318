"""microWakeWord's own model description in JSON, as ESPHome's community models have it (versions 1 and 2)."""

from __future__ import annotations

import errno
import importlib.util
import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from skerry_edge.audio.step import STEP_MS
from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_edge.foundation.small_file import read_small

MAX_MANIFEST_BYTES = 256 * 1024
VERSION_1_STEP_MS = 20
"""Version 1 has no `feature_step_size`; its Inception models all use this one (ESPHome, `micro_wake_word`)."""
_AT = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_MISSING = re.compile(r"missing required field `(?P<key>[^`]+)`")

Cutoff = Annotated[float, Meta(ge=0.0, le=1.0)]
Window = Annotated[int, Meta(ge=1, le=1000)]
FileName = Annotated[str, Meta(pattern=r"^(\./)?[^/]+$", max_length=255)]
"""The model lies beside its manifest, which may be a stranger's and names no other place; some begin it with `./`."""


class MicroSettings(Struct, frozen=True, kw_only=True):
    """The manifest's `micro` object; version 1 calls the window `sliding_window_average_size`."""

    probability_cutoff: Cutoff
    sliding_window_size: Window | None = None
    sliding_window_average_size: Window | None = None
    feature_step_size: Annotated[int, Meta(ge=0, le=30)] | None = None
    tensor_arena_size: Annotated[int, Meta(ge=0)] | None = None
    minimum_esphome_version: str | None = None


class WakeWordManifest(Struct, frozen=True, kw_only=True):
    """The manifest file; what it holds beyond this is left alone, as later versions add keys."""

    type: Literal["micro"]
    wake_word: Annotated[str, Meta(min_length=1, max_length=128)]
    model: FileName
    version: Literal[1, 2]
    micro: MicroSettings
    author: str = ""
    website: str = ""
    trained_languages: list[str] = msgspec.field(default_factory=list)


def read_manifest(path: Path) -> WakeWordManifest:
    """Read a manifest file. Raises ReachError where it cannot be read, ConfigError naming the key that does not fit."""
    try:
        raw = read_small(path, MAX_MANIFEST_BYTES)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise ConfigError("the wake word's manifest is too large", where=str(path), found=error.strerror) from error
        raise ReachError(
            "cannot read the wake word's manifest", where=str(path), found=error.strerror, todo="check the path"
        ) from error
    return parse_manifest(raw, where=str(path))


def parse_manifest(raw: bytes, *, where: str) -> WakeWordManifest:
    """Parse manifest JSON; ``where`` names the file in errors. Raises ConfigError naming the key that does not fit."""
    try:
        manifest = msgspec.json.decode(raw, type=WakeWordManifest)
    except msgspec.ValidationError as error:
        raise _located(str(error), where) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError("the wake word's manifest is not JSON", where=where, found=str(error)) from error
    window_size(manifest, where=where)
    _check_step(manifest, where)
    return manifest


def window_size(manifest: WakeWordManifest, *, where: str) -> int:
    """Return how many probabilities are averaged. Raises ConfigError where the version's key is missing."""
    micro = manifest.micro
    if manifest.version == 1:
        key, size = "sliding_window_average_size", micro.sliding_window_average_size
    else:
        key, size = "sliding_window_size", micro.sliding_window_size
    if size is None:
        raise _missing(f"micro.{key}", where)
    return size


def builtin_manifests() -> dict[str, Path]:
    """Return the models that the `pymicro-wakeword` wheel ships, by name; empty where it is not installed.

    The package is found without being imported, as importing it loads a second TensorFlow Lite.
    """
    spec = importlib.util.find_spec("pymicro_wakeword")
    folders = spec.submodule_search_locations if spec and spec.submodule_search_locations else ()
    return {path.stem: path for folder in folders for path in sorted(Path(folder, "models").glob("*.json"))}


def _check_step(manifest: WakeWordManifest, where: str) -> None:
    step_ms = manifest.micro.feature_step_size
    if step_ms is None:
        if manifest.version == 2:
            raise _missing("micro.feature_step_size", where)
        step_ms = VERSION_1_STEP_MS
    if step_ms != STEP_MS:
        raise ConfigError(
            "the model needs another feature step than this front end has",
            where=f"{where}, key 'micro.feature_step_size'",
            found=f"{step_ms} ms, the front end has {STEP_MS} ms",
            todo="use the model's version 2",
        )


def _missing(key: str, where: str) -> ConfigError:
    return ConfigError("the wake word's manifest lacks a key", where=f"{where}, key '{key}'", todo=f"add '{key}'")


def _located(message: str, where: str) -> ConfigError:
    """Turn msgspec's message (`what - at `$.a.b``) into an error that names the key."""
    at = _AT.search(message)
    parent = at["path"] if at else ""
    missing = _MISSING.search(message)
    if missing:
        return _missing(f"{parent}.{missing['key']}".lstrip("."), where)
    found = message[: at.start()] if at else message
    place = f"{where}, key '{parent}'" if parent else where
    return ConfigError("the wake word's manifest does not fit", where=place, found=found, todo="correct the value")
