"""The C sources, compiled by this machine's compiler."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_converters.mcu.artifacts import McuArtifacts, make_mcu
from skerry_converters.mcu.operators import CUSTOM_METHODS, METHODS

STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
DUMP = """\
#include <stdint.h>
#include <stdio.h>
#include "alexa_model.h"
int main(void) {
  if (fwrite(alexa_model, 1, alexa_model_len, stdout) != alexa_model_len) return 1;
  return (uintptr_t)alexa_model % 16 == 0 ? 0 : 2;
}
"""

pytestmark = pytest.mark.usefixtures("tflm")


@pytest.fixture(scope="session")
def alexa(wake_words: dict[str, Path]) -> McuArtifacts:
    """The artifacts of a real streaming wake word."""
    return make_mcu(wake_words["alexa"].read_bytes(), "Alexa")


@pytest.fixture
def sources(alexa: McuArtifacts, tmp_path: Path) -> Path:
    """A folder with the artifacts' files."""
    for name, content in alexa.files.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def _run(*command: str, cwd: Path) -> bytes:
    done = subprocess.run(command, cwd=cwd, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize(("program", "language", "standard"), [("gcc", "c", "c11"), ("g++", "c++", "c++11")])
def test_the_compiled_array_is_the_model_aligned(
    sources: Path,
    wake_words: dict[str, Path],
    need_program: Callable[[str], str],
    program: str,
    language: str,
    standard: str,
) -> None:
    compiler = need_program(program)
    (sources / "dump.c").write_text(DUMP)

    _run(compiler, "-x", language, f"-std={standard}", *STRICT, "dump.c", "alexa_model.cc", "-o", "dump", cwd=sources)

    assert _run("./dump", cwd=sources) == wake_words["alexa"].read_bytes()


def test_the_operators_header_registers_each_operator_once(
    alexa: McuArtifacts, sources: Path, need_program: Callable[[str], str]
) -> None:
    methods = [one.method for one in alexa.operators]
    recorders = "\n".join(f'  int {name}() {{ std::puts("{name}"); return 0; }}' for name in methods)
    (sources / "main.cc").write_text(
        '#include <cstdio>\n#include "alexa_operators.h"\n#include "alexa_operators.h"\n'
        f"struct Resolver {{\n{recorders}\n}};\nstruct Full {{\n{recorders.replace('return 0', 'return 1')}\n}};\n"
        "int main() {\n  Resolver resolver;\n  Full full;\n"
        '  std::printf("%u %zu\\n", alexa_operator_count, alexa_arena_bytes);\n'
        "  if (!alexa_register_operators(resolver)) return 1;\n"
        "  return alexa_register_operators(full) ? 2 : 0;\n}\n"
    )

    _run(need_program("g++"), "-std=c++11", *STRICT, "main.cc", "-o", "main", cwd=sources)

    first, *called = _run("./main", cwd=sources).decode().split("\n")
    assert first == f"{len(methods)} {alexa.arena.total_bytes}"
    assert called[: len(methods)] == methods
    assert called[len(methods) :] == [methods[0], ""]


def test_the_operators_are_those_that_the_installed_tflm_holds() -> None:
    import tflite_micro.python.tflite_micro as package

    (library,) = (Path(folder, "_runtime.so") for folder in package.__path__)
    # Each operator's registration function by its mangled name: tflite::micro::Register_CONV_2D().
    found = {one.decode() for one in re.findall(rb"micro\d+Register_([A-Z0-9_]+?)Ev", library.read_bytes())}

    assert set(METHODS) <= found
    others = {"BASIC_CLASSIFIER", "CIRCULAR_BUFFER", "DECODE", "DETECTION_POSTPROCESS", "ETHOSU", "L2NORM_REF"}
    assert found - set(METHODS) <= others
    assert {"AddCircularBuffer", "AddDecode", "AddDetectionPostprocess"} <= set(CUSTOM_METHODS.values())


def test_the_same_network_gives_the_same_files(alexa: McuArtifacts, wake_words: dict[str, Path]) -> None:
    assert dict(make_mcu(wake_words["alexa"].read_bytes(), "Alexa").files) == dict(alexa.files)
