"""What a foreign file does not say, from `--manifest FILE`: preprocessing, decoder and labels, or a wake word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from msgspec import Struct

from skerry_converters.labels import read_labels
from skerry_converters.mcu.wakeword import WakeWord
from skerry_converters.sources.base import Description, Task
from skerry_converters.sources.files import SourceFile, described
from skerry_edge.audio.features import CHANNELS
from skerry_edge.audio.manifest import read_manifest, window_size
from skerry_edge.contracts.manifest import (
    AudioInput,
    Classification,
    Decoder,
    ImageInput,
    MicroWakeWord,
    Raw,
    Share,
    Tensor,
    TensorInput,
)
from skerry_edge.foundation.config import load_toml
from skerry_edge.foundation.errors import ConfigError


class PictureInput(Struct, frozen=True, kw_only=True):
    """The manifest's `ImageInput` without what the network's file says itself; ``colour`` None is rgb, or grey."""

    colour: Literal["rgb", "bgr", "grey"] | None = None
    resize: Literal["stretch", "letterbox"] = "stretch"
    sampling: Literal["half-pixel", "corners"] = "half-pixel"
    scale: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,)
    pad: Share = 0.5


class ForeignManifest(Struct, frozen=True, kw_only=True):
    """`--manifest FILE.toml`; ``labels`` are names, or the path of a text file with one a line.

    Without ``input`` the network takes arrays, without ``output`` it gives arrays: it can be converted and checked.
    """

    labels: tuple[str, ...] | str = ()
    input: PictureInput | None = None
    output: Decoder = Raw()  # immutable


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreign:
    """A foreign manifest with its labels read; ``files`` are those that it was read from.

    ``wake_word`` is what microWakeWord's manifest says, which then takes the place of ours.
    """

    manifest: ForeignManifest
    labels: tuple[str, ...]
    where: str
    files: tuple[SourceFile, ...]
    wake_word: WakeWord | None = None


WAKE_WORD_SUFFIX = ".json"
NOTHING_SAID = Foreign(manifest=ForeignManifest(), labels=(), where="no --manifest", files=())


def load_foreign(path: Path, labels_file: Path | None = None) -> Foreign:
    """Read a manifest and the labels file that it names, relative to its own folder; or ``labels_file`` in its place.

    One in JSON is microWakeWord's. Raises ConfigError naming key and nearest key, DataError, ReachError.
    """
    if path.suffix.lower() == WAKE_WORD_SUFFIX:
        return _load_wake_word(path)
    manifest = load_toml(path, ForeignManifest)
    files = [described(path, "manifest", path.read_bytes())]
    classes = getattr(manifest.output, "classes", None)
    labels = manifest.labels
    if isinstance(labels, str):
        if classes is None:
            raise ConfigError(
                "labels need an output with classes", where=f"{path}, key 'labels'", todo="describe it in [output]"
            )
        file = labels_file or path.parent / labels
        raw, labels = read_labels(file, classes)
        files.append(described(file, "labels", raw))
    if classes is not None and classes != len(labels):
        raise ConfigError(
            f"the output has {classes} classes and needs as many labels",
            where=f"{path}, key 'labels'",
            found=f"{len(labels)} labels",
        )
    return Foreign(manifest=manifest, labels=labels, where=str(path), files=tuple(files))


def describe(foreign: Foreign, inputs: Sequence[Tensor]) -> Description:
    """Return what the bundle's manifest says of a network with these inputs.

    Raises ConfigError where the description does not fit the network.
    """
    if foreign.wake_word is not None:
        return _listening(foreign.wake_word, inputs, foreign.where)
    output = foreign.manifest.output
    picture = foreign.manifest.input
    task: Task = _TASKS.get(type(output), "detection")
    if isinstance(output, MicroWakeWord):
        raise ConfigError(
            "a wake word is described by its own microWakeWord JSON",
            where=f"{foreign.where}, key 'output.kind'",
            todo="give that as --manifest",
        )
    if picture is None and task != "other":
        raise ConfigError(
            "a network that looks at pictures needs to be told how they are prepared",
            where=foreign.where,
            todo="add [input], with colour, scale, offset and resize as the network was trained",
        )
    described = TensorInput() if picture is None else _image(picture, inputs, f"{foreign.where}, key 'input'")
    return Description(task=task, labels=foreign.labels, input=described, output=output)


_TASKS: dict[type[Struct], Task] = {Classification: "classification", Raw: "other"}


def _load_wake_word(path: Path) -> Foreign:
    manifest = read_manifest(path)
    wake_word = WakeWord(
        word=manifest.wake_word,
        author=manifest.author,
        website=manifest.website,
        languages=tuple(manifest.trained_languages),
        cutoff=manifest.micro.probability_cutoff,
        window=window_size(manifest, where=str(path)),
    )
    return Foreign(
        manifest=ForeignManifest(),
        labels=(wake_word.word,),
        where=str(path),
        files=(described(path, "manifest", path.read_bytes()),),
        wake_word=wake_word,
    )


def _listening(wake_word: WakeWord, inputs: Sequence[Tensor], where: str) -> Description:
    if len(inputs) != 1 or inputs[0].shape[-1:] != (CHANNELS,):
        found = ", ".join(f"{one.dtype} {one.shape}" for one in inputs)
        raise ConfigError(f"a wake word's network has one input of {CHANNELS} features", where=where, found=found)
    return Description(
        task="wakeword",
        labels=(wake_word.word,),
        input=AudioInput(),
        output=MicroWakeWord(probability_cutoff=wake_word.cutoff, sliding_window_size=wake_word.window),
        wake_word=wake_word,
    )


def _image(picture: PictureInput, inputs: Sequence[Tensor], where: str) -> ImageInput:
    if (
        len(inputs) != 1
        or inputs[0].layout not in ("NCHW", "NHWC")
        or inputs[0].dtype not in ("float32", "int8", "uint8")
    ):
        found = ", ".join(f"{one.dtype} {one.shape}" for one in inputs)
        raise ConfigError("a network that looks at pictures has one input of four dimensions", where=where, found=found)
    sizes = dict(zip(inputs[0].layout, inputs[0].shape, strict=True))
    colour = picture.colour or ("grey" if sizes["C"] == 1 else "rgb")
    channels = 1 if colour == "grey" else 3
    if sizes["C"] != channels:
        raise ConfigError(
            f"pictures that are {colour} have {channels} channels",
            where=f"{where}.colour",
            found=f"{sizes['C']} channels",
        )
    for key in ("scale", "offset"):
        given = len(getattr(picture, key))
        if given not in (1, channels):
            raise ConfigError(
                f"'{key}' has one value, or one a channel", where=f"{where}.{key}", found=f"{given} values"
            )
    return ImageInput(
        width=sizes["W"],
        height=sizes["H"],
        colour=colour,
        resize=picture.resize,
        sampling=picture.sampling,
        scale=picture.scale,
        offset=picture.offset,
        pad=picture.pad,
    )
