"""The docs check: what is made from commands is current, links lead somewhere, and quoted commands exist."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import make_targets_table
from make_cli_docs import DOCUMENT, commands, render

from skerry_edge.cli import root

ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)#\s]+)(#[^)]*)?\)")
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
_MAKE_TARGET = re.compile(r"^(?P<name>[a-z-]+):", re.MULTILINE)


def main() -> None:
    """Print every fault with its place; exit 1 when there is one."""
    faults = [*reference_faults(), *table_faults()]
    for document in documents():
        text = document.read_text(encoding="utf-8")
        name = document.relative_to(ROOT).as_posix()
        faults += [f"{name}: {fault}" for fault in (*link_faults(text, document), *command_faults(text))]
    for fault in faults:
        print(fault)
    print(f"docs check: {len(faults)} faults")
    sys.exit(1 if faults else 0)


def documents() -> list[Path]:
    """Return every Markdown file that git tracks or would track."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def reference_faults() -> Iterator[str]:
    """Yield a fault where docs/cli.md is not what the commands say."""
    if not DOCUMENT.is_file() or DOCUMENT.read_text(encoding="utf-8") != render():
        yield "docs/cli.md: is not what the commands say; run `make docs`"


def table_faults() -> Iterator[str]:
    """Yield a fault where the README's table of targets is not what the command prints."""
    text = make_targets_table.DOCUMENT.read_text(encoding="utf-8")
    if make_targets_table.with_table(text) != text:
        yield "README.md: the table of targets is not what the command prints; run `make docs`"


def link_faults(text: str, document: Path) -> Iterator[str]:
    """Yield relative links that lead nowhere."""
    for match in _LINK.finditer(_FENCE.sub("", text)):
        target = match["target"]
        if "://" not in target and not target.startswith("mailto:") and not (document.parent / target).exists():
            yield f"link to '{target}' leads nowhere"


def command_faults(text: str) -> Iterator[str]:
    """Yield quoted `skerry …` and `make …` commands that do not exist, with unknown options."""
    targets = set(_MAKE_TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    for line in quoted_lines(text):
        words = shlex.split(line, comments=True)
        if words[:1] == ["make"]:
            named = [word for word in words[1:] if "=" not in word and not word.startswith("-")]
            yield from (f"no make target '{word}' (`{line}`)" for word in named if word not in targets)
        elif words[:1] == ["skerry"]:
            yield from skerry_faults(words, line)


def quoted_lines(text: str) -> Iterator[str]:
    """Yield the command lines of shell fences, continuation lines joined, prompts and venv paths taken off."""
    for fence in _FENCE.finditer(text):
        if fence["language"] not in ("sh", "bash", "console"):
            continue
        for line in fence["body"].replace("\\\n", " ").splitlines():
            bare = line.strip().removeprefix("$ ").removeprefix("sudo ").removeprefix(".venv/bin/")
            yield bare.split(" | ")[0]


def skerry_faults(words: list[str], line: str) -> Iterator[str]:
    """Yield what is wrong with one quoted `skerry` command."""
    known = dict(commands(root, ("skerry",)))
    path: tuple[str, ...] = ("skerry",)
    for word in words[1:]:
        if (*path, word) not in known:
            break
        path = (*path, word)
    command = known[path]
    rest = words[len(path) :]
    if isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        yield f"no command '{' '.join((*path, rest[0]))}' (`{line}`)"
    options = {name for one in command.get_params(click.Context(command)) for name in (*one.opts, *one.secondary_opts)}
    for word in rest:
        flag = word.split("=")[0]
        if flag.startswith("--") and flag not in options:
            yield f"no option '{flag}' of `{' '.join(path)}` (`{line}`)"


if __name__ == "__main__":
    main()
