"""Reading a training's configuration: the structs, then what only the whole file can tell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from skerry_converters.training.config import RenderedData, RunPart, TrainingConfig
from skerry_edge.foundation.config import line_of, load_toml
from skerry_edge.foundation.errors import ConfigError

_Key = tuple[str | int, ...]


def load_config(path: Path) -> TrainingConfig:
    """Read and check a configuration. Raises ReachError, and ConfigError naming file, line and key."""
    config = load_toml(path, TrainingConfig)
    problem = next(_problems(config), None)
    if problem is None:
        return config
    key, what, found = problem
    line = line_of(key, path.read_text(encoding="utf-8"))
    dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in key).lstrip(".")
    raise ConfigError(what, where=f"{path}, line {line}, key '{dotted}'", found=found)


def fingerprint(config: TrainingConfig, labels: Sequence[str]) -> str:
    """Return a hash of all that the result of a training depends on."""
    deciding = replace(config, run=RunPart())
    return hashlib.sha256(msgspec.json.encode([deciding, list(labels)], order="sorted")).hexdigest()


def _problems(config: TrainingConfig) -> Iterator[tuple[_Key, str, str]]:
    """Yield each key that does not go with the others: what is wrong, and what was found."""
    unit = "steps" if config.stages[0].steps is not None else "minutes"
    for number, stage in enumerate(config.stages):
        key: _Key = ("stages", number)
        if (stage.steps is None) == (stage.minutes is None):
            given = "neither" if stage.steps is None else "both"
            yield key, "a stage needs its length as either 'steps' or 'minutes'", given
        elif getattr(stage, unit) is None:
            yield key, "all stages need their length in one unit", f"'{unit}' in the first, not here"
        if stage.zoom[0] > stage.zoom[1]:
            yield (*key, "zoom"), "a range begins with its smaller end", f"{stage.zoom[0]:g} before {stage.zoom[1]:g}"
    if config.pool.first > config.pool.capacity:
        found = f"{config.pool.first} of {config.pool.capacity}"
        yield ("pool", "first"), "training cannot begin with more pictures than are kept", found
    if isinstance(config.data, RenderedData) and config.data.sign_px[0] > config.data.sign_px[1]:
        low, high = config.data.sign_px
        yield ("data", "sign_px"), "a range begins with its smaller end", f"{low:g} before {high:g}"
    if isinstance(config.data, RenderedData) and config.augmentation.flip:
        yield ("augmentation", "flip"), "signs have a left and a right: they must not be mirrored", "true"
