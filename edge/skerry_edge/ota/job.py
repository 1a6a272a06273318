"""What the agent tells its update worker, and what that tells back while it works; one JSON object a line."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from skerry_edge.contracts.messages import Count, Id
from skerry_edge.contracts.release import BoardId, ReleaseVersion, VariantName
from skerry_edge.ota.settings import OtaSettings

FileText = Annotated[str, Meta(min_length=1, max_length=4096)]


class Use(Struct, frozen=True, kw_only=True):
    """How the device runs a model: by which variant and backend, and from which bundle (or wake word's manifest) now.

    ``own_version`` is that of what it would run without updates, None where that cannot be told.
    ``pictures`` are the folders in which its pipelines leave what they saw last, once another model is to be tried. An
    ``exclusive`` backend serves one process at a time, so that none can be tried beside the one that runs.
    """

    own_version: ReleaseVersion | None = None
    task: Literal["detection", "wakeword"] = "detection"
    variant: VariantName
    backend: str
    threads: Count
    present: FileText
    start_deadline_s: float
    pictures: tuple[FileText, ...] = ()
    exclusive: bool = False


class Job(Struct, frozen=True, kw_only=True):
    """What the worker needs beside the journal.

    ``order`` is the one to work on; without one, the worker looks at the repository and at nothing else. ``use`` is how
    the device runs the model that the order is about, None where it is about the agent. ``is_at_hand`` says that the
    repository is a stick's, of which nothing gets better by waiting.
    """

    state_dir: FileText
    board: BoardId
    agent_version: ReleaseVersion
    settings: OtaSettings
    is_clock_synchronised: bool
    order: Id | None = None
    use: Use | None = None
    is_at_hand: bool = False


class Progress(Struct, frozen=True, kw_only=True):
    """How much of a download is there, in bytes."""

    done_bytes: Count
    total_bytes: Count
