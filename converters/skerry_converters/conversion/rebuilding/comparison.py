"""Two makings of a bundle held against each other: each file's hash, and what else was not the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skerry_edge.contracts.manifest import Manifest
from skerry_edge.foundation.errors import VerdictError

GOLDEN_FOLDER = "golden/"


@dataclass(frozen=True, kw_only=True, slots=True)
class FileRow:
    """One file: its SHA-256 in the bundle and when made again, None where it is not there."""

    file: str
    expected: str | None
    got: str | None

    @property
    def same(self) -> bool:
        """Whether it came out the same."""
        return self.expected == self.got


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolChange:
    """A tool in another version than then; None where it had, or has, no part."""

    tool: str
    then: str | None
    now: str | None

    def __str__(self) -> str:
        """Say both versions."""
        return f"{self.tool} {self.now or 'is not used'} here, {self.then or 'not used'} when the bundle was made"


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A bundle and its rebuild. ``not_made`` gives the reason for each variant that its tools could not make again.

    ``processor_then`` is None where the bundle does not tell it.
    """

    files: tuple[FileRow, ...]
    tools: tuple[ToolChange, ...]
    not_made: Mapping[str, str]
    processor_then: str | None
    processor_now: str

    @property
    def identical(self) -> bool:
        """Whether every file came out the same."""
        return all(one.same for one in self.files)

    @property
    def other_processor(self) -> bool:
        """Whether the bundle is known to come from another kind of processor."""
        return self.processor_then not in (None, self.processor_now)

    def require_identical(self, where: str) -> None:
        """Raise VerdictError naming the files that are not the same."""
        different = [one.file for one in self.files if not one.same]
        if different:
            raise VerdictError(
                f"{len(different)} of {len(self.files)} files came out differently",
                where=where,
                found=", ".join(different),
                todo="install the versions that it was made with" if self.tools else None,
            )


def compare_files(expected: Mapping[str, str], got: Mapping[str, str]) -> tuple[FileRow, ...]:
    """Return a row for each file of either making, by name; hashes are given by name."""
    names = sorted({*expected, *got})
    return tuple(FileRow(file=name, expected=expected.get(name), got=got.get(name)) for name in names)


def compare_tools(then: Manifest, now: Manifest) -> tuple[ToolChange, ...]:
    """Return the tools whose versions are not the same for the variants that both have, and for all files."""
    changes: dict[tuple[str, str | None, str | None], None] = {}
    common = then.variants.keys() & now.variants.keys()
    pairs = [(then.variants[name].tools, now.variants[name].tools) for name in sorted(common)]
    for before, after in (*pairs, (then.tools, now.tools)):
        for tool in sorted({*before, *after}):
            if before.get(tool) != after.get(tool):
                changes[tool, before.get(tool), after.get(tool)] = None
    return tuple(ToolChange(tool=tool, then=before, now=after) for tool, before, after in changes)
