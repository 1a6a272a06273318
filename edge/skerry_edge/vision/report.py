"""What `skerry detect` prints: a line of JSON a frame, or one table at the end."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

import click
from rich.console import Console
from rich.table import Table

from skerry_edge.bench.timing import StageTimer
from skerry_edge.foundation.redaction import redact
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.frames import Failure, Frame


class Report(Protocol):
    """Takes results as they come."""

    def frame(self, frame: Frame, found: Detections, timing_ms: dict[str, float]) -> None:
        """Take one frame's objects, and milliseconds by stage."""
        ...

    def failure(self, failure: Failure) -> None:
        """Take one failure."""
        ...

    def close(self) -> None:
        """Print what is left to print."""
        ...


class JsonReport:
    """One line a frame or failure on stdout, as soon as it is known."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self._labels = labels

    def frame(self, frame: Frame, found: Detections, timing_ms: dict[str, float]) -> None:
        """Print source, index, detections and timings; scores with 6 digits, boxes with 2, milliseconds with 3."""
        rows = zip(found.class_ids.tolist(), found.scores.tolist(), found.boxes_px.tolist(), strict=True)
        detections = [
            {"label": self._labels[class_id], "score": round(score, 6), "box": [round(edge, 2) for edge in box]}
            for class_id, score, box in rows
        ]
        timing = {stage: round(value, 3) for stage, value in timing_ms.items()}
        _print({"source": frame.source, "index": frame.index, "detections": detections, "timing_ms": timing})

    def failure(self, failure: Failure) -> None:
        """Print source and error."""
        _print({"source": failure.source, "error": redact(str(failure.error))})

    def close(self) -> None:
        """Do nothing: every line is out already."""


def _print(record: dict[str, Any]) -> None:
    click.echo(json.dumps(record))


@dataclass(kw_only=True, slots=True)
class _Seen:
    """What one file showed so far: the first frame's objects, and for each label its frames and best score."""

    first: Detections
    frames: int = 0
    labels: dict[str, tuple[int, float]] = field(default_factory=dict)


class TableReport:
    """One table of all files: a still's objects each on a row, a video's objects summed up by label."""

    def __init__(self, labels: tuple[str, ...], caption: str) -> None:
        self._labels = labels
        self._caption = caption
        self._seen: dict[str, _Seen] = {}
        self._failures: dict[str, tuple[Failure, int]] = {}
        self._timer = StageTimer()

    def frame(self, frame: Frame, found: Detections, timing_ms: dict[str, float]) -> None:
        """Add one frame to what its file showed."""
        seen = self._seen.setdefault(frame.source, _Seen(first=found))
        seen.frames += 1
        best: dict[str, float] = {}
        for class_id, score in zip(found.class_ids.tolist(), found.scores.tolist(), strict=True):
            best.setdefault(self._labels[class_id], score)
        for label, score in best.items():
            frames, highest = seen.labels.get(label, (0, 0.0))
            seen.labels[label] = (frames + 1, max(highest, score))
        for stage, elapsed_ms in timing_ms.items():
            self._timer.add(stage, elapsed_ms)

    def failure(self, failure: Failure) -> None:
        """Keep a file's first failure, and count those that follow, as a video may have one a frame."""
        first, count = self._failures.get(failure.source, (failure, 0))
        self._failures[failure.source] = (first, count + 1)

    def close(self) -> None:
        """Print failures on stderr, then the table and the median times."""
        for failure, count in self._failures.values():
            named = failure.source in (failure.error.where or "")
            told = f"error: {failure.error}" if named else f"error: {failure.source}: {failure.error}"
            click.echo(redact(told) + (f" ({count} times)" if count > 1 else ""), err=True)
        if not self._seen:
            return
        table = Table()
        for heading in ("source", "object", "score", "where"):
            table.add_column(heading, justify="right" if heading == "score" else "left", overflow="fold")
        for source, seen in self._seen.items():
            for number, row in enumerate(self._rows(seen)):
                table.add_row("" if number else source, *row)
        # Names of files and labels are text, never markup; a line below the table is not folded to its width.
        Console(markup=False, emoji=False).print(table)
        click.echo(f"{self._caption}\nmedian times: {self._times()}")

    def _rows(self, seen: _Seen) -> list[tuple[str, str, str]]:
        if not seen.labels:
            return [("nothing", "", f"in {seen.frames} frames" if seen.frames > 1 else "")]
        if seen.frames > 1:
            return [
                (label, f"{best:.2f}", f"in {frames} of {seen.frames} frames")
                for label, (frames, best) in sorted(seen.labels.items(), key=lambda one: -one[1][0])
            ]
        found = seen.first
        return [
            (self._labels[class_id], f"{score:.2f}", ", ".join(f"{edge:.0f}" for edge in box))
            for class_id, score, box in zip(found.class_ids, found.scores, found.boxes_px, strict=True)
        ]

    def _times(self) -> str:
        return ", ".join(f"{stage} {one.p50:.1f} ms" for stage, one in self._timer.take().items())
