"""How much of a machine the service could reach, and that its runtimes work within these bounds."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_boards.loader import all_boards, load_board
from skerry_edge.agent.install.places import UNIT, UNIT_FILE
from skerry_edge.agent.install.plan import Request, install_plan
from skerry_edge.agent.install.steps import TextFile
from skerry_edge.models.catalogue import resolve_model

MOST_EXPOSED = 3.0
NO_SUCH_PRCTL = 77
UNDER_W_XOR_X = f"""\
import ctypes, sys
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1
if ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0:
    sys.exit({NO_SUCH_PRCTL})
"""
INFER = """\
import json, sys
import numpy as np
from pathlib import Path
from skerry_edge.backends.registry import open_backend
backend = open_backend(sys.argv[1], Path(sys.argv[2]))
outputs = backend.infer(tuple(np.zeros(one.shape, one.dtype) for one in backend.inputs))
print(json.dumps([list(one.shape) for one in outputs]))
"""


@pytest.fixture
def model(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that gives the shipped detector's file with a suffix, all of its files beside it."""

    def unpack(suffix: str) -> Path:
        with zipfile.ZipFile(resolve_model("skerry-signs")) as bundle:
            bundle.extractall(tmp_path)
        return next(tmp_path.rglob(f"*{suffix}"))

    return unpack


def unit_text(board: str, systemd: int = 252) -> str:
    groups = ("video", "audio", "plugdev")
    request = Request(
        board=load_board(board),
        configuration="",
        program="/bin/true",
        groups=groups,
        systemd=systemd,
        version="0.1.0",
    )
    return next(one.content for one in install_plan(request) if isinstance(one, TextFile) and one.path == UNIT_FILE)


@pytest.mark.parametrize("board", [board.name for board in all_boards() if board.kind == "computer"])
def test_the_exposure_is_bounded_on_every_board(board: str, tmp_path: Path, need_program: Callable[[str], str]) -> None:
    unit = tmp_path / UNIT
    unit.write_text(unit_text(board))
    analyze = [need_program("systemd-analyze"), "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(analyze, capture_output=True, text=True, timeout=60, check=False)
    told = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert told, done.stderr
    assert float(told[1]) <= MOST_EXPOSED


def test_an_old_systemd_s_unit_is_bounded_too(tmp_path: Path, need_program: Callable[[str], str]) -> None:
    unit = tmp_path / UNIT
    unit.write_text(unit_text("jetson-nano", systemd=237))
    analyze = [need_program("systemd-analyze"), "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(analyze, capture_output=True, text=True, timeout=60, check=False)
    told = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert told, done.stderr
    assert float(told[1]) <= MOST_EXPOSED


def test_systemd_knows_every_setting(tmp_path: Path, need_program: Callable[[str], str]) -> None:
    unit = tmp_path / UNIT
    unit.write_text(unit_text("jetson-orin-nano").replace("=skerry\n", "=daemon\n"))
    done = subprocess.run(
        [need_program("systemd-analyze"), "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("systemd", [237, 252])
@pytest.mark.parametrize(("backend", "suffix"), [("onnx", ".onnx"), ("litert", ".tflite"), ("openvino", ".xml")])
def test_a_runtime_works_under_the_unit_s_filter_of_system_calls(
    backend: str, suffix: str, systemd: int, model: Callable[[str], Path], confined: Callable[[str], list[str]]
) -> None:
    command = [*confined(unit_text("intel-x86", systemd)), sys.executable, "-c", INFER, backend, str(model(suffix))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


@pytest.mark.parametrize(("backend", "suffix"), [("onnx", ".onnx"), ("litert", ".tflite")])
def test_a_runtime_works_without_memory_that_is_both_written_and_run(
    backend: str, suffix: str, model: Callable[[str], Path]
) -> None:
    command = [sys.executable, "-c", UNDER_W_XOR_X + INFER, backend, str(model(suffix))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode == NO_SUCH_PRCTL:
        pytest.skip("this kernel has no PR_SET_MDWE (Linux 6.3)")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
