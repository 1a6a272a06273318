"""The Edge TPU compiler where it is installed: run it, read what it did, hold that against the prediction."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from skerry_converters.edgetpu.checks import Obstacle
from skerry_converters.edgetpu.compiled import mapped_operators
from skerry_converters.edgetpu.compiler_log import CompilerLog, CompilerLogError, parse_log
from skerry_converters.edgetpu.explanation import Cause, Explanation
from skerry_converters.edgetpu.predict import explain_model, fate, parameter_bytes
from skerry_converters.tflite_file.model import TfliteModel
from skerry_converters.tflite_file.reader import parse_tflite, read_tflite
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import MissingError, ReachError, VerdictError

PROGRAM = "edgetpu_compiler"
DEFAULT_TIMEOUT_S = 180
"""The limit that compiler 16 sets itself; earlier ones know no option for it."""
GRACE_S = 10.0
"""How much longer than its own limit the compiler may take, before it is killed."""
MAX_OUTPUT_BYTES = 1 << 20
INSTALL = "see https://coral.ai/docs/edgetpu/compiler/ (Debian and Ubuntu on x86-64 only)"
CAUSES: Mapping[str, Cause] = {
    "Operation not supported": "unsupported",
    "Operation version not supported": "refused",
    "Operation is working on an unsupported data type": "type",
    "Tensor has unsupported rank (up to 3 innermost dimensions mapped)": "rank",
    "More than one subgraph is not supported": "subgraph",
}
"""The compiler's words for why an operator is not mapped; others stand for a limit of that kind of operator."""


class CompilerRefusedError(VerdictError):
    """The compiler takes no part of the network, or fails on it."""


class CompilerTimeoutError(VerdictError):
    """The compiler did not end in time and was killed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CompilerOptions:
    """How to compile: ``timeout_s`` is the compiler's own limit, ``multiple_subgraphs`` its option `-a`.

    ``min_runtime`` is the oldest Edge TPU runtime that the file must work with, None for the compiler's default.
    """

    timeout_s: int = DEFAULT_TIMEOUT_S
    multiple_subgraphs: bool = False
    min_runtime: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Disagreement:
    """An operator of which prediction and compiler say different things."""

    name: str
    index: int
    subgraph: int
    predicted: bool
    mapped: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CompilerReport:
    """A compilation: ``compiled`` is the file that it wrote, ``explanation`` what it did in the prediction's form."""

    compiled: Path
    log: CompilerLog
    explanation: Explanation
    prediction: Explanation

    @property
    def disagreements(self) -> tuple[Disagreement, ...]:
        """The operators that the prediction was wrong about."""
        pairs = zip(self.prediction.operators, self.explanation.operators, strict=True)
        return tuple(
            Disagreement(
                name=said.name, index=said.index, subgraph=said.subgraph, predicted=said.mapped, mapped=done.mapped
            )
            for said, done in pairs
            if said.mapped != done.mapped
        )


def compile_edgetpu(path: Path, out_dir: Path, options: CompilerOptions | None = None) -> CompilerReport:
    """Compile a fully quantized `.tflite` file to ``out_dir``/`<name>_edgetpu.tflite`, whole or not at all.

    Raises MissingError where the compiler is not on the PATH, CompilerRefusedError with its own words where it fails,
    CompilerTimeoutError where it had to be killed, CompilerLogError where it says what this version cannot read, and
    ConfigError, TfliteFileError and ReachError for the file and the folder.
    """
    chosen = options or CompilerOptions()
    program = shutil.which(PROGRAM)
    if program is None:
        raise MissingError("the Edge TPU compiler is not installed", found=f"no '{PROGRAM}' on the PATH", todo=INSTALL)
    if not out_dir.is_dir():
        raise ReachError("the folder for the compiled file is not there", where=str(out_dir), todo="make it first")
    model = read_tflite(path)
    prediction = explain_model(model, where=str(path), multiple_subgraphs=chosen.multiple_subgraphs)
    with tempfile.TemporaryDirectory(prefix="skerry-") as folder:
        text = _run(program, path, Path(folder), chosen)
        data = _read_output(Path(folder, f"{path.stem}_edgetpu.tflite"), text)
    compiled = parse_tflite(data, where=f"the compiled '{path.name}'")
    log = parse_log(text, where=f"{PROGRAM} '{path.name}'")
    explanation = _explanation(model, compiled, log)
    target = out_dir / f"{path.stem}_edgetpu.tflite"
    write_atomic(target, data)
    return CompilerReport(compiled=target, log=log, explanation=explanation, prediction=prediction)


def command(program: str, path: Path, folder: Path, options: CompilerOptions) -> list[str]:
    """Return the compiler's command line (https://coral.ai/docs/edgetpu/compiler/, Table 1)."""
    line = [program, "--show_operations", "--out_dir", str(folder)]
    if options.timeout_s != DEFAULT_TIMEOUT_S:
        line += ["--timeout_sec", str(options.timeout_s)]
    if options.multiple_subgraphs:
        line.append("--enable_multiple_subgraphs")
    if options.min_runtime is not None:
        line += ["--min_runtime_version", str(options.min_runtime)]
    return [*line, str(path.resolve())]


def _run(program: str, path: Path, folder: Path, options: CompilerOptions) -> str:
    """Run the compiler and return what it printed, bounded."""
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command(program, path, folder, options),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
            )
        except OSError as error:
            raise ReachError("cannot start the Edge TPU compiler", where=program, found=error.strerror) from error
        try:
            code = process.wait(options.timeout_s + GRACE_S)
        except subprocess.TimeoutExpired as error:
            found = f"still running after {options.timeout_s + GRACE_S:g} s"
            raise CompilerTimeoutError(
                "the Edge TPU compiler did not end", where=str(path), found=found, todo="make the network smaller"
            ) from error
        finally:
            _stop(process)
        output.seek(0)
        text = output.read(MAX_OUTPUT_BYTES).decode("utf-8", "replace")
    if code != 0:
        found = f"exit code {code}, {_last_words(text)}"
        raise CompilerRefusedError("the Edge TPU compiler failed", where=str(path), found=found)
    return text


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Kill the compiler with the child processes that it compiles in, if it still runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _read_output(path: Path, text: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CompilerRefusedError(
            "the Edge TPU compiler wrote no file", where=path.name, found=_last_words(text)
        ) from error


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.upper().startswith("ERROR")]
    return "; ".join((errors or lines)[-3:])[:300] or "no output"


def _explanation(model: TfliteModel, compiled: TfliteModel, log: CompilerLog) -> Explanation:
    mapped = mapped_operators(model, compiled)
    names = [operator.name for _, operator in model.operators]
    counted = Counter(name for name, is_mapped in zip(names, mapped, strict=True) if is_mapped)
    for name in sorted(set(names)):
        if log.mapped_count(name) != counted[name]:
            found = f"{name}: {log.mapped_count(name)} mapped in the log, {counted[name]} in the file"
            raise CompilerLogError("the compiler's log does not fit the file that it wrote", found=found)
    operators = tuple(
        fate(graph, operator, None if is_mapped else _obstacle(log, operator.name))
        for (graph, operator), is_mapped in zip(model.operators, mapped, strict=True)
    )
    return Explanation(
        source=f"Edge TPU Compiler {log.version}", operators=operators, parameter_bytes=parameter_bytes(model, mapped)
    )


def _obstacle(log: CompilerLog, name: str) -> Obstacle:
    """Return why operators of a kind are not mapped; the log counts them together, so there may be several reasons."""
    statuses = log.statuses(name)
    if not statuses:
        raise CompilerLogError("the compiler's log does not say why an operator is not mapped", found=name)
    cause = CAUSES.get(statuses[0], "limit") if len(statuses) == 1 else "limit"
    return Obstacle(cause=cause, reason=" or: ".join(statuses))
