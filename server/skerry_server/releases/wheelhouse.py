"""An agent's release from a folder of wheels: pinned by hash, with the tags that all of them together need."""

from __future__ import annotations

import io
import os
import re
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename
from packaging.version import Version

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.release import AGENT, MAX_TARGET_BYTES, Release
from skerry_edge.foundation.errors import ConfigError, DataError, ReachError
from skerry_edge.foundation.file_hash import file_sha256, sha256_of
from skerry_server.releases.offers import Offer, Terms

REQUIREMENTS = "requirements.txt"
WHEELS = "wheels"
_ZIP = b"PK\x03\x04"
_MAX_REQUIREMENTS_BYTES = 1 << 20
_PLATFORM = re.compile(r"(?P<system>many|musl)linux_(?P<major>[0-9]+)_(?P<minor>[0-9]+)_(?P<machine>[a-z0-9_]+)")
_LEGACY = re.compile(r"manylinux(?P<year>1|2010|2014)_(?P<machine>[a-z0-9_]+)")
_LEGACY_GLIBC = {"1": (2, 5), "2010": (2, 12), "2014": (2, 17)}  # PEPs 513, 571 and 599


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A wheel by its file's name, and the hash of what it holds."""

    file: str
    project: NormalizedName
    version: Version
    tags: frozenset[Tag]
    sha256: str

    def requirement(self) -> str:
        """Return the line that installs exactly this file."""
        return f"{self.project}=={self.version} --hash=sha256:{self.sha256}"


@dataclass(frozen=True, kw_only=True, order=True)
class Platform:
    """What a wheel needs of the system; ``libc`` is the oldest version of the C library that will do."""

    system: str
    libc: tuple[int, int]
    machine: str

    def __str__(self) -> str:
        if self.system == "any":
            return "any"
        if self.system == "linux":
            return f"linux_{self.machine}"
        return f"{self.system}linux_{self.libc[0]}_{self.libc[1]}_{self.machine}"


_ANY = Platform(system="any", libc=(0, 0), machine="")


def agent_offer(folder: Path, terms: Terms) -> Offer:
    """Return what is to be published of a wheelhouse. Raises ConfigError where the wheels do not go together."""
    wheels = read_wheels(folder)
    own = next((wheel for wheel in wheels if wheel.project == AGENT), None)
    if own is None:
        raise ConfigError(
            "a wheelhouse for agents has a wheel of Skerry itself",
            where=str(folder),
            todo=f"make dist, then: pip download --only-binary=:all: --dest {folder} dist/skerry-*.whl",
        )
    python, abi = _python(wheels, str(folder))
    release = Release(
        v=1,
        kind="agent",
        name=AGENT,
        version=str(own.version),
        counter=terms.counter,
        boards=terms.boards,
        minimum_agent=terms.minimum_agent,
        python=python,
        abi=abi,
        platform=str(_platform(wheels, str(folder))),
    )
    return Offer(release=release, content=partial(pack_wheels, folder, wheels))


def read_wheels(folder: Path) -> list[Wheel]:
    """Return the wheels of a folder, by project. Raises ConfigError for anything else in it, ReachError."""
    found: dict[str, Wheel] = {}
    total = 0
    for path in _listed(folder):
        if path.name == REQUIREMENTS:
            continue  # written anew from the wheels themselves
        wheel = _read(path)
        total += path.stat().st_size
        if other := found.get(wheel.project):
            raise ConfigError(
                "a wheelhouse has one wheel of each project",
                where=str(folder),
                found=f"{other.file} and {wheel.file}",
                todo="one wheelhouse for each Python and platform; publish each with the same counter",
            )
        if total > MAX_TARGET_BYTES:
            raise ConfigError("the wheelhouse is too large", where=str(folder), found=f"over {MAX_TARGET_BYTES} bytes")
        found[wheel.project] = wheel
    return list(found.values())


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise ReachError("cannot list the wheelhouse", where=str(folder), found=error.strerror) from error


def _read(path: Path) -> Wheel:
    if path.is_symlink() or not path.is_file() or path.suffix != ".whl":
        raise ConfigError(
            "a wheelhouse holds wheels and nothing else", where=str(path), todo="take it out of the folder"
        )
    try:
        project, version, _, tags = parse_wheel_filename(path.name)
    except InvalidWheelFilename as error:
        raise ConfigError("a wheel's name does not say what it is", where=str(path), found=str(error)) from error
    try:
        with path.open("rb") as file:
            is_zip = file.read(len(_ZIP)) == _ZIP
    except OSError as error:
        raise ReachError("cannot read a wheel", where=str(path), found=error.strerror) from error
    if not is_zip:
        raise DataError("this is no wheel", where=str(path), found="no ZIP archive")
    return Wheel(file=path.name, project=project, version=version, tags=tags, sha256=file_sha256(path))


def pack_wheels(folder: Path, wheels: Sequence[Wheel], into: IO[bytes]) -> None:
    """Write a tar with `requirements.txt` and the wheels of a folder; equal wheels give equal bytes.

    Raises DataError where a wheel has changed since it was read, ReachError.
    """
    lines = "".join(f"{wheel.requirement()}\n" for wheel in wheels).encode()
    with tarfile.open(fileobj=into, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(_entry(REQUIREMENTS, len(lines)), io.BytesIO(lines))
        for wheel in wheels:
            _add_wheel(archive, folder / wheel.file, wheel)


def _add_wheel(archive: tarfile.TarFile, path: Path, wheel: Wheel) -> None:
    try:
        with path.open("rb") as file:
            archive.addfile(_entry(f"{WHEELS}/{wheel.file}", os.fstat(file.fileno()).st_size), file)
    except (OSError, tarfile.TarError) as error:
        raise ReachError("cannot read a wheel", where=str(path), found=str(error)) from error
    if file_sha256(path) != wheel.sha256:
        raise DataError("the wheel changed while it was packed", where=str(path), todo="publish again")


def _entry(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)  # owned by root, dated 1970
    member.size, member.mode = size, 0o644
    return member


def _python(wheels: Sequence[Wheel], where: str) -> tuple[str, str]:
    """Return the Python and ABI tag that every wheel has or does without."""
    bound: set[tuple[str, str]] = set()
    for wheel in wheels:
        exact = _exact(wheel)
        if exact:
            bound = _merged(bound, exact) if bound else exact
            if not bound:
                raise ConfigError(
                    "the wheels are for different Pythons", where=where, found=f"{wheel.file} beside others"
                )
    stable = [tag.interpreter for wheel in wheels for tag in wheel.tags if tag.abi == "abi3"]
    oldest = max(stable, key=_minor, default="")
    if not bound:
        return (oldest, "abi3") if stable else ("py3", "none")
    python, abi = min(bound)
    if oldest and _minor(oldest) > _minor(python):
        found = f"some are for {python}, some for {oldest} and later"
        raise ConfigError("the wheels are for different Pythons", where=where, found=found)
    return python, abi


def _exact(wheel: Wheel) -> set[tuple[str, str]]:
    """Return the Pythons and ABIs that a wheel is for alone; nothing where it is for all, or for all from one on."""
    pairs = {(tag.interpreter, tag.abi) for tag in wheel.tags}
    is_for_many = any(python.startswith("py") or abi == "abi3" for python, abi in pairs)
    return set() if is_for_many else pairs


def _merged(one: set[tuple[str, str]], two: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return what suits both; a wheel without an ABI suits every ABI of its Python."""
    return {
        (python, other if abi == "none" else abi)
        for python, abi in one
        for same, other in two
        if python == same and (abi == other or "none" in (abi, other))
    }


def _minor(interpreter: str) -> int:
    """Return 11 of `cp311`, so that the newest one that a wheel asks for can be told."""
    digits = interpreter.lstrip("abcdefghijklmnopqrstuvwxyz")
    return int(digits[1:]) if digits[1:].isdigit() else 0


def _platform(wheels: Iterable[Wheel], where: str) -> Platform:
    """Return the least that a system must have for every wheel: one kind of machine, and the newest C library."""
    needed = _ANY
    for wheel in wheels:
        choices = [platform for tag in wheel.tags if (platform := _parse(tag.platform))]
        if not choices:
            raise ConfigError("a wheel is not for Linux", where=where, found=wheel.file)
        least = min(choices, key=lambda one: one.libc)
        if least == _ANY:
            continue
        if needed != _ANY and (needed.machine, needed.system) != (least.machine, least.system):
            raise ConfigError(
                "the wheels are for different platforms", where=where, found=f"{wheel.file} beside {needed}"
            )
        needed = max(needed, least, key=lambda one: (one != _ANY, one.libc))
    return needed


def _parse(platform: str) -> Platform | None:
    if platform == "any":
        return _ANY
    if match := _PLATFORM.fullmatch(platform):
        libc = (int(match["major"]), int(match["minor"]))
        return Platform(system=match["system"], libc=libc, machine=match["machine"])
    if match := _LEGACY.fullmatch(platform):
        return Platform(system="many", libc=_LEGACY_GLIBC[match["year"]], machine=match["machine"])
    if platform.startswith("linux_"):
        return Platform(system="linux", libc=(0, 0), machine=platform.removeprefix("linux_"))
    return None


def check_wheel_tar(path: Path, release: Release) -> None:
    """Check that a published tar holds what it was made of and nothing else. Raises ReleaseError."""
    try:
        with tarfile.open(path, mode="r:") as archive:
            members = archive.getmembers()
            lines, hashes = _contents(archive, members)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ReleaseError("archive", "this is no tar", where=str(path), found=str(error)) from error
    wheels = [_from_member(name, sha256, path) for name, sha256 in hashes.items()]
    if len(members) != len(wheels) + 1 or sorted(lines) != sorted(wheel.requirement() for wheel in wheels):
        raise ReleaseError("archive", "the wheels are not those of the requirements", where=str(path))
    if not any(wheel.project == AGENT and str(wheel.version) == release.version for wheel in wheels):
        found = f"no {AGENT} {release.version}"
        raise ReleaseError("mismatch", "the wheels are not the release that they are listed as", found=found)


def _contents(archive: tarfile.TarFile, members: Iterable[tarfile.TarInfo]) -> tuple[list[str], dict[str, str]]:
    """Return the lines of the requirements, and the hash of each other file by its name. Raises ReleaseError."""
    lines: list[str] = []
    hashes: dict[str, str] = {}
    for member in members:
        file = archive.extractfile(member) if member.isreg() else None
        if file is None:
            raise ReleaseError("archive", "the tar holds what is no regular file", found=member.name)
        if member.name == REQUIREMENTS:
            lines = file.read(_MAX_REQUIREMENTS_BYTES).decode("utf-8", "replace").splitlines()
        else:
            hashes[member.name] = sha256_of(file)
    return lines, hashes


def _from_member(name: str, sha256: str, path: Path) -> Wheel:
    folder, _, file = name.rpartition("/")
    if folder != WHEELS:
        raise ReleaseError("archive", "the tar holds a file that does not belong there", where=str(path), found=name)
    try:
        project, version, _, tags = parse_wheel_filename(file)
    except InvalidWheelFilename as error:
        raise ReleaseError("archive", "a wheel's name does not say what it is", found=name) from error
    return Wheel(file=file, project=project, version=version, tags=tags, sha256=sha256)
