"""The backends by name; one is imported only when it is opened, and a missing one names its extra.

A name may carry the device that the backend is to use: `openvino:gpu`, `onnx:tensorrt`, `edgetpu:usb:1`.
"""

from __future__ import annotations

import ctypes.util
import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from skerry_edge.backends.errors import UnsuitedBackendError
from skerry_edge.foundation.errors import ConfigError, MissingError
from skerry_edge.foundation.extras import install_hint
from skerry_edge.foundation.nearest import suggestion

if TYPE_CHECKING:  # the agent's parent asks here which backend is exclusive, and has no numpy
    from skerry_edge.backends.base import Backend, BackendOptions


@dataclass(frozen=True, kw_only=True, slots=True)
class BackendEntry:
    """Where a backend lives: ``module`` has ``load(path, options)`` and ``import_runtime()``.

    ``runtimes`` are the packages that it can use, ``library`` is a shared library of the system that it needs besides.
    An ``exclusive`` one serves a single process at a time. One that is not ``chosen_freely`` must be asked for by name.
    """

    module: str
    runtimes: tuple[str, ...]
    extra: str
    formats: tuple[str, ...]
    library: str | None = None
    exclusive: bool = False
    chosen_freely: bool = True


BACKENDS: dict[str, BackendEntry] = {
    "litert": BackendEntry(
        module="skerry_edge.backends.litert",
        runtimes=("ai_edge_litert", "tflite_runtime"),
        extra="litert",
        formats=("tflite",),
    ),
    "onnx": BackendEntry(
        module="skerry_edge.backends.onnx",
        runtimes=("onnxruntime",),
        extra="onnx",
        formats=("onnx",),
    ),
    "openvino": BackendEntry(
        module="skerry_edge.backends.openvino",
        runtimes=("openvino",),
        extra="openvino",
        formats=("openvino",),
    ),
    "edgetpu": BackendEntry(
        module="skerry_edge.backends.edgetpu",
        runtimes=("ai_edge_litert", "tflite_runtime"),
        extra="litert",
        formats=("edgetpu",),
        library="edgetpu",
        exclusive=True,
    ),
    "stand-in": BackendEntry(
        module="skerry_edge.backends.stand_in",
        runtimes=("ai_edge_litert", "tflite_runtime", "onnxruntime"),
        extra="litert",
        formats=("tflite", "onnx"),
        exclusive=True,
        chosen_freely=False,
    ),
}


def backend_for(model_format: str) -> str:
    """Return the name of the backend that loads a format. Raises ConfigError where none does."""
    for name, entry in BACKENDS.items():
        if model_format in entry.formats and entry.chosen_freely:
            return name
    raise ConfigError(f"no backend loads models of format '{model_format}'", todo="choose another variant")


def shared_accelerator(name: str) -> str | None:
    """Return what a backend shares a process for, None where each of its models may have one of its own.

    That is one for all devices of an exclusive backend: `edgetpu`, `edgetpu:usb` and `edgetpu:usb:0` may all be the one
    stick that there is. An unknown name is left to whoever opens it.
    """
    backend, _ = _parts(name)
    entry = BACKENDS.get(backend)
    return backend if entry is not None and entry.exclusive else None


def entry_of(name: str) -> BackendEntry:
    """Return a backend's entry, whatever device its name carries. Raises UnsuitedBackendError for an unknown one."""
    backend, _ = _parts(name)
    try:
        return BACKENDS[backend]
    except KeyError:
        todo = suggestion(backend, BACKENDS, otherwise=f"known: {', '.join(BACKENDS)}")
        raise UnsuitedBackendError("there is no such backend", found=f"'{backend}'", todo=todo) from None


def missing_reason(name: str) -> str | None:
    """Tell why a backend cannot be used on this machine, or None where it can; its device is not looked for."""
    entry = entry_of(name)
    if not any(importlib.util.find_spec(runtime) for runtime in entry.runtimes):
        return f"{' or '.join(entry.runtimes)} is not installed: {install_hint(entry.extra)}"
    if entry.library is not None and ctypes.util.find_library(entry.library) is None:
        return f"the system's library lib{entry.library} is not installed"
    return None


def import_runtime(name: str) -> None:
    """Import what backend ``name`` runs on, which `open_backend` would do as it loads. Raises as that."""
    _module(name).import_runtime()


def open_backend(name: str, path: Path, options: BackendOptions | None = None) -> Backend:
    """Load the model file ``path`` with backend ``name``, whose device goes before that of ``options``.

    Raises ConfigError for an unknown name or device, MissingError where the runtime is not installed (the error names
    the extra), ModelFileError where the runtime refuses the file.
    """
    from skerry_edge.backends.base import BackendOptions as Options  # noqa: PLC0415  # keeps numpy out of the parent

    load: Callable[[Path, BackendOptions], Backend] = _module(name).load
    _, device = _parts(name)
    wanted = options or Options()
    return load(path, wanted if device is None else replace(wanted, device=device))


def _module(name: str) -> ModuleType:
    reason = missing_reason(name)
    if reason:
        raise MissingError(f"backend '{name}' cannot be used", found=reason)
    return importlib.import_module(entry_of(name).module)


def _parts(name: str) -> tuple[str, str | None]:
    backend, colon, device = name.partition(":")
    return backend, device if colon else None
