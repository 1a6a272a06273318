"""A backend that fails on demand: a real one behind it computes, until the fault that it was told to have.

It is never chosen freely; who names `stand-in` among the backends sees what the agent does when an accelerator hangs.
The environment variable SKERRY_STAND_IN says what happens, as `key=value` separated by spaces:

- `fault`: `none` (the default); `hang`: an inference never returns, as with a stuck accelerator; `crash`: the process
  ends with SIGSEGV, as with a faulty driver; `error`: every inference fails; `refuse`: the model does not load;
  `stall`: the model never stops loading; `missing`: the accelerator is not there; `slow`: every inference takes ten
  times as long; `leak`: every inference keeps 4 MB for ever;
- `after`: so many inferences work first (default 0);
- `latency_ms`: so long each inference takes at least (default 0);
- `text`: only a model whose file holds this text fails, as one release of several may;
- `marker`: a file; the fault happens only while it does not exist, and makes it first, so it happens once.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal, get_args

from skerry_edge.backends.base import Array, Backend, BackendError, BackendOptions, ModelFileError, TensorInfo
from skerry_edge.foundation.errors import ConfigError, MissingError, ReachError

VARIABLE = "SKERRY_STAND_IN"
_TFLITE_MAGIC = b"TFL3"

Fault = Literal["none", "hang", "crash", "error", "refuse", "stall", "missing", "slow", "leak"]
_SLOWER = 10
_LEAK_BYTES = 4_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Orders:
    """What the stand-in was told (see the module)."""

    fault: Fault = "none"
    after: int = 0
    latency_ms: float = 0.0
    text: str = ""
    marker: str = ""


def orders_from(text: str) -> Orders:
    """Read the variable's value. Raises ConfigError."""
    given = dict(part.partition("=")[::2] for part in text.split())
    unknown = given.keys() - {field.name for field in fields(Orders)}
    if unknown:
        raise ConfigError("the stand-in has no such option", where=VARIABLE, found=", ".join(sorted(unknown)))
    fault: Fault | None = next((one for one in get_args(Fault) if one == given.get("fault", "none")), None)
    if fault is None:
        raise ConfigError("the stand-in has no such fault", where=VARIABLE, found=f"'{given['fault']}'")
    try:
        after, latency_ms = int(given.get("after", "0")), float(given.get("latency_ms", "0"))
    except ValueError as error:
        raise ConfigError("this is no number", where=VARIABLE, found=str(error)) from error
    if after < 0 or not 0 <= latency_ms <= 1e6:
        raise ConfigError("the number is out of range", where=VARIABLE, found=text)
    return Orders(
        fault=fault, after=after, latency_ms=latency_ms, text=given.get("text", ""), marker=given.get("marker", "")
    )


def import_runtime() -> None:
    """Import nothing: the real backend behind it is chosen by the file."""


def load(path: Path, options: BackendOptions) -> Backend:
    """Load a TFLite or ONNX file with its real backend. Raises as that does, and ConfigError for a wrong variable."""
    from skerry_edge.backends.registry import open_backend  # noqa: PLC0415  # the registry names this module

    orders = orders_from(os.environ.get(VARIABLE, ""))
    if orders.text and not _holds(path, orders.text):
        orders = replace(orders, fault="none")
    if orders.fault == "refuse" and is_due(orders):
        raise ModelFileError("the stand-in refuses the model, as it was told", where=str(path))
    if orders.fault == "missing" and is_due(orders):
        raise MissingError("the stand-in is not there, as it was told")
    if orders.fault == "stall" and is_due(orders):
        threading.Event().wait()
    return StandIn(open_backend(_runtime_for(path), path, options), orders)


def is_due(orders: Orders) -> bool:
    """Tell whether the fault happens now; with a marker it happens once."""
    if not orders.marker:
        return True
    try:
        Path(orders.marker).touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError as error:
        raise ReachError("cannot mark the fault", where=orders.marker, found=error.strerror) from error
    return True


class StandIn:
    """A backend in front of another, which fails as ``orders`` say."""

    def __init__(self, real: Backend, orders: Orders) -> None:
        self._real = real
        self._orders = orders
        self._done = 0
        self._kept: list[bytes] = []

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        """The inputs in the file's order."""
        return self._real.inputs

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        """The outputs in the file's order."""
        return self._real.outputs

    def infer(self, tensors: tuple[Array, ...]) -> tuple[Array, ...]:
        """Run once, or fail as told. Raises BackendError."""
        if self._done >= self._orders.after:
            self._fail()
        began_s = time.monotonic()
        outputs = self._real.infer(tensors)
        time.sleep(max(0.0, began_s + self._orders.latency_ms / 1e3 - time.monotonic()))
        if self._done >= self._orders.after:
            self._drag(time.monotonic() - began_s)
        self._done += 1
        return outputs

    def close(self) -> None:
        """Release the real backend."""
        self._real.close()

    def _fail(self) -> None:
        fault = self._orders.fault
        if fault not in ("hang", "crash", "error") or not is_due(self._orders):
            return
        if fault == "error":
            raise BackendError("the stand-in fails, as it was told")
        if fault == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        threading.Event().wait()

    def _drag(self, took_s: float) -> None:
        """Be slow, or take memory, as told."""
        if self._orders.fault == "slow":
            time.sleep((_SLOWER - 1) * took_s)
        elif self._orders.fault == "leak":
            self._kept.append(os.urandom(1) * _LEAK_BYTES)


def _holds(path: Path, text: str) -> bool:
    try:
        return text.encode() in path.read_bytes()
    except OSError as error:
        raise ModelFileError("the model cannot be read", where=str(path), found=error.strerror) from error


def _runtime_for(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise ModelFileError("the model cannot be read", where=str(path), found=error.strerror) from error
    return "litert" if head[4:] == _TFLITE_MAGIC else "onnx"
