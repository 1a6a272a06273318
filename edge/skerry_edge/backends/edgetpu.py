"""Coral's Edge TPU: LiteRT with the delegate of libedgetpu, or Coral's own pycoral where its API is present."""

from __future__ import annotations

import ctypes.util
import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from skerry_edge.backends.base import Backend, BackendOptions, ModelFileError, UnsuitedBackendError
from skerry_edge.backends.litert import LiteRtBackend, import_runtime
from skerry_edge.foundation.errors import MissingError

DEVICES = {"cpu": "", "usb": "usb", "pci": "pci"}
"""Which Edge TPU by its bus; "cpu", the options' default, leaves the choice to the library."""

MakeInterpreter = Callable[[Path, str], Any]
"""Gives an interpreter whose custom operator runs on the device named, for a compiled model file."""


def load(path: Path, options: BackendOptions) -> Backend:
    """Load a TFLite file that the Edge TPU compiler has made.

    Raises ModelFileError for a file that is none, MissingError where no Edge TPU answers, UnsuitedBackendError for a
    device other than usb and pci (which may carry a number: usb:1).
    """
    bus, colon, number = options.device.partition(":")
    if bus not in DEVICES or (colon and (bus == "cpu" or not number.isdecimal())):
        raise UnsuitedBackendError("the edgetpu backend runs on usb or pci", found=f"device '{options.device}'")
    device = f"{DEVICES[bus]}:{number}" if colon else DEVICES[bus]
    return open_with(interpreter_maker(), path, device)


def open_with(make_interpreter: MakeInterpreter, path: Path, device: str) -> Backend:
    """Load ``path`` with an interpreter from ``make_interpreter``. Raises as `load`."""
    try:
        interpreter = make_interpreter(path, device)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError, OSError) as error:
        raise ModelFileError(
            "the Edge TPU's runtime cannot load the model", where=str(path), found=str(error).strip()[:300]
        ) from error
    return LiteRtBackend(interpreter, str(path))


def interpreter_maker() -> MakeInterpreter:
    """Return Coral's own way where it is installed, else LiteRT with the delegate."""
    spec = importlib.util.find_spec("pycoral")
    folders = (spec.submodule_search_locations or ()) if spec else ()
    # PyPI's `pycoral` is an unrelated program; Coral's has this module. Looking for it must not import either.
    if any(Path(folder, "utils", "edgetpu.py").is_file() for folder in folders):
        return _with_pycoral
    return _with_delegate


def _with_pycoral(path: Path, device: str) -> Any:  # noqa: ANN401  # pycoral ships no types
    edgetpu = importlib.import_module("pycoral.utils.edgetpu")
    return edgetpu.make_interpreter(path.read_bytes(), device=device or None)


def _with_delegate(path: Path, device: str) -> Any:  # noqa: ANN401  # the runtime ships no types
    runtime = import_runtime()
    library = ctypes.util.find_library("edgetpu")
    if library is None:
        raise MissingError("the Edge TPU's library is not installed", todo="install Debian's or Coral's libedgetpu1")
    content = path.read_bytes()
    try:
        delegate = runtime.load_delegate(library, {"device": device} if device else {})
    except (ValueError, RuntimeError, OSError) as error:
        raise MissingError(
            "no Edge TPU answers",
            where=device or "any bus",
            found=str(error).strip()[:300] or None,
            todo="check that it is plugged in, that no other process holds it, and the udev rules",
        ) from error
    return runtime.Interpreter(model_content=content, experimental_delegates=[delegate])
