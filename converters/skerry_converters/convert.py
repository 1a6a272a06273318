"""The conversion job: emit each target, let the gate judge it, write the bundle, set failing files aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skerry_converters.bundling import Identity, assemble, gates_json
from skerry_converters.gate import Checked, Gate
from skerry_converters.golden import golden_picture, png_bytes
from skerry_converters.layers import FloatArray
from skerry_converters.model import SourceModel
from skerry_converters.reference import run_reference
from skerry_converters.targets import TARGETS, Target, require_tools
from skerry_edge.backends.native_output import held_stderr
from skerry_edge.contracts.bundle import GATES, write_bundle
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import DataError, ReachError, VerdictError

Progress = Callable[[str], None]
"""Called with what begins now, once a step."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Report:
    """What came of a conversion; ``bundle`` and ``failed`` are the paths written, None where there was nothing."""

    checked: tuple[Checked, ...]
    bundle: Path | None
    failed: Path | None

    def require_success(self) -> None:
        """Raise VerdictError where a file did not pass the gate."""
        failing = [one for one in self.checked if not one.verdict.passed]
        if failing:
            written = "the bundle holds the others" if self.bundle else "no bundle was written"
            raise VerdictError(
                f"{len(failing)} of {len(self.checked)} files failed the gate; {written}",
                where=str(self.failed),
                found="; ".join(f"{one.target.name}: {one.verdict.reason}" for one in failing),
                todo="the failing files are kept there for study",
            )


def step_count(targets: Sequence[Target]) -> int:
    """Return how often `convert_model` calls its ``progress``."""
    return 2 + 2 * len(targets)


def convert_model(
    model: SourceModel, targets: Sequence[Target], identity: Identity, out: Path, progress: Progress
) -> Report:
    """Write ``out`` with every file that passed the gate; an existing ``out`` is replaced whole or left as it was.

    Files that failed go to the folder ``out``.failed. Raises MissingError, DataError where a network cannot be
    converted or gives no finite numbers itself, ReachError.
    """
    require_tools(targets)
    require_folder(out)
    progress("computing the source's own outputs")
    picture = golden_picture(model.network.input.width, model.network.input.height)
    gate = Gate(image=model.image, picture=picture, expected=_source_outputs(model, picture))
    checked = []
    for target in targets:
        progress(f"writing {target.name}")
        data = target.emit(model.network, model.shapes, model.weights)
        progress(f"checking {target.name}")
        with held_stderr():
            checked.append(gate.check(target, data))
    progress("writing the bundle")
    failed = _set_aside([one for one in checked if not one.verdict.passed], out)
    passed = [one for one in checked if one.verdict.passed]
    if passed:
        write_bundle(out, *assemble(model, identity, passed, png_bytes(picture)))
    return Report(checked=tuple(checked), bundle=out if passed else None, failed=failed)


def require_folder(out: Path) -> None:
    """Refuse an output that cannot be a file. Raises ReachError."""
    if not out.parent.is_dir():
        raise ReachError("the output's folder does not exist", where=str(out.parent), todo="make it, or correct --out")
    if out.is_dir():
        raise ReachError("the output is a folder", where=str(out), todo="give a file name, such as MODEL.skerry")


def _source_outputs(model: SourceModel, picture: NDArray[np.uint8]) -> tuple[FloatArray, ...]:
    """Run the source on the golden picture, which has the network's size: nothing to resize, whatever the manifest."""
    image = np.ascontiguousarray(picture[:, :, ::-1].transpose(2, 0, 1), dtype=np.float32) / np.float32(255)
    outputs = run_reference(model.network, model.weights, image)
    if not all(np.isfinite(one).all() for one in outputs):
        raise DataError(
            "the source network itself gives values that are not finite",
            where=model.network.where,
            todo="are these the weights of this cfg?",
        )
    return outputs


def _set_aside(failing: Sequence[Checked], out: Path) -> Path | None:
    """Keep failing files beside the output; what an earlier run left there is removed."""
    folder = out.with_name(f"{out.name}.failed")
    if folder.is_dir():
        for name in (GATES, *(target.file for target in TARGETS.values())):
            (folder / name).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
    if not failing:
        return None
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ReachError("cannot keep the failing files", where=str(folder), found=error.strerror) from error
    for one in failing:
        write_atomic(folder / one.target.file, one.data)
    write_atomic(folder / GATES, gates_json(failing))
    return folder
