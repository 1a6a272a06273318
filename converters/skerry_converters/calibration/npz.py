"""Arrays of a NPZ file read row by row: numpy itself would load a whole array, however large."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from skerry_converters.calibration.items import CalibrationError
from skerry_edge.foundation.errors import ReachError

_SUFFIX = ".npy"
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_BROKEN = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, RuntimeError)
"""What zipfile and numpy raise for bytes that are no archive or no array; RuntimeError is for a password."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArrayInfo:
    """An array of the file: ``shape`` with its rows along the first axis."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class NpzFile:
    """A NPZ file of arrays in C order. Raises ReachError and CalibrationError, each naming the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._reading("the archive"), zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(_SUFFIX) for name in sorted(archive.namelist()) if name.endswith(_SUFFIX)]
        if not names:
            raise CalibrationError("the file holds no array", where=str(path))
        self.arrays = {name: self._info(name) for name in names}

    def rows(self, name: str) -> Iterator[NDArray[Any]]:
        """Yield array ``name`` row by row, one in memory at a time. Raises CalibrationError where it ends early."""
        info = self.arrays[name]
        shape = info.shape[1:]
        size_bytes = int(np.prod(shape)) * info.dtype.itemsize
        with self._reading(name), self._member(name) as stream:
            _header(stream)
            for _ in range(info.shape[0]):
                data = stream.read(size_bytes)
                if len(data) != size_bytes:
                    raise EOFError(f"the array ends within a row, after {len(data)} of {size_bytes} bytes")
                yield np.frombuffer(data, info.dtype).reshape(shape)

    def text(self, name: str) -> str | None:
        """Return the array ``name`` as one text, or None where the file has none of that name."""
        info = self.arrays.get(name)
        if info is None:
            return None
        if info.dtype.kind != "U" or info.shape not in ((), (1,)):
            found = f"{info.dtype} {info.shape}"
            raise CalibrationError(f"array '{name}' is to be one text", where=str(self.path), found=found)
        with self._reading(name), np.load(self.path, allow_pickle=False) as archive:
            return str(archive[name].reshape(-1)[0])

    def _info(self, name: str) -> ArrayInfo:
        with self._reading(name), self._member(name) as stream:
            shape, fortran_order, dtype = _header(stream)
            if not dtype.hasobject:
                self._check_size(name, stream.tell() + math.prod(shape) * dtype.itemsize)
        if dtype.hasobject or (fortran_order and len(shape) > 1):
            raise CalibrationError(
                f"array '{name}' cannot be read row by row",
                where=str(self.path),
                found="Python objects" if dtype.hasobject else "an array in Fortran order",
                todo="save it with numpy.savez(…, numpy.ascontiguousarray(…))",
            )
        return ArrayInfo(shape=shape, dtype=dtype)

    def _check_size(self, name: str, said_bytes: int) -> None:
        """Raise ValueError where the header promises another number of rows than there are: it may be any number."""
        with zipfile.ZipFile(self.path) as archive:
            held_bytes = archive.getinfo(name + _SUFFIX).file_size
        if held_bytes != said_bytes:
            raise ValueError(f"{held_bytes} bytes, its header promises {said_bytes}")

    @contextmanager
    def _member(self, name: str) -> Iterator[IO[bytes]]:
        with zipfile.ZipFile(self.path) as archive, archive.open(name + _SUFFIX) as stream:
            yield stream

    @contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ReachError("cannot read the arrays", where=str(self.path), found=error.strerror) from error
        except _BROKEN as error:
            raise CalibrationError(
                "the file is damaged or no NPZ file", where=f"{self.path}, {what}", found=str(error)[:200]
            ) from error


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"an array of format {version}")
    shape, fortran_order, dtype = _HEADERS[version](stream)
    return shape, fortran_order, dtype
