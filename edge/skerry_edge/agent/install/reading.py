"""Whether somebody may read the files that a configuration names: judged by owners and modes of them and all above."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.pipelines import PipelineConfig, SyntheticPipeline, WakeWordPipeline
from skerry_edge.agent.config.source_checks import file_of
from skerry_edge.agent.config.sources import RtspSource, V4l2Source
from skerry_edge.agent.install.sight import is_hidden

_READ, _WRITE, _ENTER = stat.S_IROTH, stat.S_IWOTH, stat.S_IXOTH


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """Somebody who wants to read: a user, its groups' numbers, and the places that its service hides from it."""

    name: str
    uid: int
    gids: frozenset[int]
    hidden: tuple[str, ...] = ()


def named_files(config: AgentConfig) -> Iterator[tuple[str, str]]:
    """Yield (key, path) of every file or folder that a checked configuration names; devices are none."""
    tls = config.mqtt.tls
    named = [("mqtt.password_file", config.mqtt.password_file)]
    if tls is not None:
        named += [(f"mqtt.tls.{key}", getattr(tls, key)) for key in ("ca_file", "certificate_file", "key_file")]
    yield from ((key, path) for key, path in named if path is not None)
    if config.ota is not None:
        yield "ota.root", config.ota.root
    for index, pipeline in enumerate(config.pipelines):
        yield from ((f"pipelines[{index}].{key}", path) for key, path in _of_pipeline(pipeline))


def _of_pipeline(pipeline: PipelineConfig) -> Iterator[tuple[str, str]]:
    if isinstance(pipeline, SyntheticPipeline):
        return
    if isinstance(pipeline, WakeWordPipeline):
        models = [(f"words[{index}].model", word.model) for index, word in enumerate(pipeline.words)]
        models += [("voice.model", pipeline.voice.model)] if pipeline.voice is not None else []
    else:
        models = [("model", pipeline.model)]
    yield from ((key, model) for key, model in models if "/" in model)
    source = pipeline.source
    if isinstance(source, RtspSource) and source.password_file is not None:
        yield "source.password_file", source.password_file
    path = file_of(source)
    if path is not None and not isinstance(source, V4l2Source):
        yield "source.path", path


def why_unreadable(path: str, reader: Reader, root: Path = Path("/")) -> str | None:
    """Tell what keeps a reader from a file or folder below ``root``, None where nothing does.

    What somebody else may not even look at counts as kept from the reader as well.
    """
    if is_hidden(path, reader.hidden):
        return f"the service cannot see {path}: its unit hides {', '.join(reader.hidden)}"
    place = root / path.lstrip("/")
    try:
        target = place.resolve()
        folders = {one for one in (*place.parents, *target.parents) if one.is_relative_to(root)}
        closed = sorted(
            (one for one in folders if not _is_granted(one, reader, _ENTER)), key=lambda one: len(one.parts)
        )
        if closed:
            return f"{reader.name} may not enter {_described(closed[0])}"
        wanted = _READ | _ENTER if target.is_dir() else _READ
        return None if _is_granted(target, reader, wanted) else f"{reader.name} may not read {_described(target)}"
    except FileNotFoundError:
        return f"{path} is not there"
    except OSError as error:
        return f"{path} cannot be looked at: {error.strerror}"


def why_unwritable(folder: str, writer: Reader) -> str | None:
    """Tell what keeps somebody from making files in a folder that is there, None where nothing does."""
    place = Path(folder)
    reason = why_unreadable(folder, writer)
    if reason is not None or _is_granted(place, writer, _WRITE):
        return reason
    return f"{writer.name} may not write into {_described(place)}"


def _is_granted(place: Path, reader: Reader, wanted: int) -> bool:
    """Tell whether the mode grants what is wanted; access control lists are not looked at. Raises OSError."""
    about = place.stat()
    shift = 6 if about.st_uid == reader.uid else 3 if about.st_gid in reader.gids else 0
    return reader.uid == 0 or (about.st_mode >> shift) & wanted == wanted


def _described(place: Path) -> str:
    return f"{place} (mode {stat.S_IMODE(place.stat().st_mode):04o})"
