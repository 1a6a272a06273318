"""The kernel's small files: one value each, and any of them may be missing, empty or refuse to be read."""

from __future__ import annotations

from pathlib import Path


def read_text(path: Path) -> str | None:
    """Return a file's text without the white space around it; None where there is none to be had."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace").strip().strip("\0")
    except OSError:
        return None
    return text or None


def read_number(path: Path) -> float | None:
    """Return a file's number; None where there is none to be had."""
    text = read_text(path)
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
