"""What a power cut may leave of a folder: every image of it that the calls made until then allow.

POSIX promises little: what was written into a file is there once that file was synchronised, and a name once its folder
was. All else may be there after a power cut, or not; but what was merely renamed is never gone under both its names,
which every file system with a journal has. So each change of the disk is recorded with what was synchronised
by then, and from before each change come the images in which names or contents, all or of single folders, were lost.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.ota_strikes import striker

if TYPE_CHECKING:
    from _typeshed import HasFileno

MOST_FOLDERS = 3
"""Of so many folders that were changed and not synchronised, every selection is lost; of more, single ones."""


@dataclass(eq=False)
class _Node:
    """A file, folder or link: as it is, and as it was synchronised last."""

    names: dict[str, _Node] | None = None
    data: bytes = b""
    leads_to: str | None = None
    durable_names: dict[str, _Node] = field(default_factory=dict)
    durable_data: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Image:
    """A folder after a power cut: ``files`` by path, a link as text, a folder as None; ``said`` is from `Recorder`."""

    name: str
    files: Mapping[str, bytes | str | None]
    said: int

    def write(self, folder: Path) -> None:
        """Make a folder of it."""
        folder.mkdir(parents=True)
        for name, content in self.files.items():
            path = folder / name
            if content is None:
                path.mkdir()
            elif isinstance(content, str):
                path.symlink_to(content)
            else:
                path.write_bytes(content)


class Recorder:
    """Notes what happens below a folder; ``said`` is asked at each change, and told with the image."""

    def __init__(self, folder: Path, said: Callable[[], int]) -> None:
        self._folder = folder
        self._said = said
        self._nodes: dict[tuple[int, int], _Node] = {}
        self._held: list[int] = []
        self._changes = 0
        self._images: dict[bytes, Image] = {}

    @property
    def images(self) -> tuple[Image, ...]:
        """Every image that is unlike those before it."""
        return tuple(self._images.values())

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Record what the body does; what was there before has long been synchronised."""
        real = os.fsync

        def fsync(fd: int | HasFileno) -> None:
            real(fd)
            self._synchronised(fd if isinstance(fd, int) else fd.fileno())

        for node in _all(self._seen(self._folder)):
            _make_durable(node)
        os.fsync = fsync
        try:
            with striker().over(self._folder, at=1, strike=self._look):
                yield
                self._look()
        finally:
            os.fsync = real
            for one in self._held:
                os.close(one)

    def _look(self) -> None:
        """Add the images that a power cut at this moment may leave."""
        root = self._seen(self._folder)
        said = self._said()
        everything = frozenset(one for one in _all(root) if one.names is not None)
        kept = _below(root, frozenset()) & _below(root, everything)
        for view, (lost, content) in _views(root).items():
            if not kept <= _below(root, lost):
                continue
            files = dict(_files(root, "", lost, content))
            digest = hashlib.sha256(repr((sorted(files.items()), said)).encode()).digest()
            self._images.setdefault(digest, Image(name=f"change {self._changes}, {view}", files=files, said=said))
        self._changes += 1

    def _synchronised(self, descriptor: int) -> None:
        found = os.fstat(descriptor)
        self._seen(self._folder)
        node = self._nodes.get((found.st_dev, found.st_ino))
        if node is not None:
            _make_durable(node)

    def _seen(self, path: Path) -> _Node:
        """Return what lies there, as it is now; the same file is the same node under every name."""
        found = path.lstat()
        key = (found.st_dev, found.st_ino)
        if key not in self._nodes:
            # Held open, its number is given to no other file.
            self._held.append(os.open(path, os.O_PATH | os.O_NOFOLLOW))
            self._nodes[key] = _Node()
        node = self._nodes[key]
        if path.is_symlink():
            node.leads_to = str(path.readlink())
        elif path.is_dir():
            node.names = {one.name: self._seen(one) for one in sorted(path.iterdir())}
        elif path.is_file():
            node.data = path.read_bytes()
        return node


_Content = Callable[[_Node], bytes]
_View = tuple[frozenset[_Node], _Content]


def _durable(node: _Node) -> bytes:
    return node.durable_data


def _torn(node: _Node) -> bytes:
    return node.data if node.data == node.durable_data else node.data[: len(node.data) // 2]


def _written(node: _Node) -> bytes:
    return node.data


def _views(root: _Node) -> dict[str, _View]:
    """Return what may be lost: the folders that are as they were synchronised last, and what files hold."""
    changed = [one for one in _all(root) if one.names is not None and one.names != one.durable_names]
    nothing: frozenset[_Node] = frozenset()
    views: dict[str, _View] = {
        "all there": (nothing, _written),
        "contents lost": (nothing, _durable),
        "contents torn": (nothing, _torn),
        "names and contents lost": (frozenset(changed), _durable),
        "names lost": (frozenset(changed), _written),
    }
    sizes = range(1, len(changed)) if len(changed) <= MOST_FOLDERS else (1, len(changed) - 1)
    for number, lost in enumerate(one for size in sizes for one in combinations(changed, size)):
        views[f"some names lost ({number})"] = (frozenset(lost), _durable)
    return views


def _files(
    node: _Node, path: str, lost: frozenset[_Node], content: _Content
) -> Iterator[tuple[str, bytes | str | None]]:
    names = node.durable_names if node in lost else node.names or {}
    for name, child in names.items():
        below = f"{path}{name}"
        if child.names is not None:
            yield below, None
            yield from _files(child, f"{below}/", lost, content)
        else:
            yield below, content(child) if child.leads_to is None else child.leads_to


def _below(node: _Node, lost: frozenset[_Node]) -> frozenset[_Node]:
    """Return what has a name where the names of some folders are as they were synchronised last."""
    names = node.durable_names if node in lost else node.names or {}
    return frozenset({node}).union(*(_below(one, lost) for one in names.values()))


def _all(node: _Node) -> Iterator[_Node]:
    """Yield a node, and all that are below it by any name of now or of when it was synchronised."""
    found = {node}
    left = [node]
    while left:
        one = left.pop()
        yield one
        fresh = {*(one.names or {}).values(), *one.durable_names.values()} - found
        found |= fresh
        left += fresh


def _make_durable(node: _Node) -> None:
    node.durable_names = dict(node.names or {})
    node.durable_data = node.data
