"""What `skerry listen` prints: lines for a person, or one JSON object a line for a program."""

from __future__ import annotations

import json
from typing import Protocol

import click

from skerry_edge.audio.decision import Detection
from skerry_edge.foundation.errors import SkerryError
from skerry_edge.foundation.redaction import redact


class ListenReport(Protocol):
    """Where the outcome of each source goes, as soon as it is known."""

    def heard(self, source: str, detection: Detection) -> None:
        """Report one detection."""
        ...

    def nothing(self, source: str) -> None:
        """Report a source that was heard to its end without a detection."""
        ...

    def failed(self, source: str, error: SkerryError) -> None:
        """Report a source that could not be heard to its end."""
        ...


class JsonLines:
    """One JSON object a line on stdout; a source without a detection has no line."""

    def heard(self, source: str, detection: Detection) -> None:
        """Print source, word, time in seconds and score."""
        time_s, score = round(detection.time_s, 3), round(detection.score, 4)
        click.echo(json.dumps({"source": source, "word": detection.word, "time_s": time_s, "score": score}))

    def nothing(self, source: str) -> None:
        """Print nothing."""

    def failed(self, source: str, error: SkerryError) -> None:
        """Print source and error."""
        click.echo(json.dumps({"source": source, "error": redact(str(error))}))


class Lines:
    """One line an outcome on stdout; errors go to stderr."""

    def heard(self, source: str, detection: Detection) -> None:
        """Print the word, where it was certain, and its score."""
        click.echo(f"{source}: {detection.word} at {detection.time_s:.2f} s, score {detection.score:.3f}")

    def nothing(self, source: str) -> None:
        """Print that there was no wake word."""
        click.echo(f"{source}: no wake word")

    def failed(self, source: str, error: SkerryError) -> None:
        """Print the error."""
        named = source in (error.where or "")
        click.echo(redact(f"error: {error}" if named else f"{source}: error: {error}"), err=True)
