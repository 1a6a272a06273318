"""The command `skerry agent`."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from skerry_edge.agent.cli import agent
from skerry_edge.backends.registry import BACKENDS
from skerry_edge.foundation.errors import ConfigError

GOOD = """\
site = "garden"
device = "cam-1"
board = "generic-x86"
mqtt = { url = "mqtt://127.0.0.1:1883" }

[[pipelines]]
kind = "synthetic"
name = "ghost"
"""
INCOMPLETE = """
[[pipelines]]
kind = "detection"
name = "gate"
model = "skerry-sign"
source = { kind = "video", path = "nowhere.mp4" }
"""


def write(folder: Path, text: str) -> str:
    file = folder / "agent.toml"
    file.write_text(text)
    return str(file)


def test_a_usable_configuration_is_summed_up(tmp_path: Path) -> None:
    done = CliRunner().invoke(agent, ["check-config", write(tmp_path, GOOD)])
    assert done.exit_code == 0
    assert done.output == "skerry agent garden/cam-1 -> mqtt://127.0.0.1:1883; pipelines: ghost (synthetic)\n"


def test_what_is_not_there_is_listed_and_the_verdict_is_no(tmp_path: Path) -> None:
    done = CliRunner().invoke(agent, ["check-config", write(tmp_path, GOOD + INCOMPLETE)])
    assert done.exit_code == 1
    assert "gate: there is no such model" in done.output
    assert "did you mean 'skerry-signs'" in done.output
    assert "gate: the source is not there" in done.output


def test_the_same_comes_as_json(tmp_path: Path) -> None:
    done = CliRunner().invoke(agent, ["check-config", "--json", write(tmp_path, GOOD + INCOMPLETE)])
    assert done.exit_code == 1
    facts = json.loads(done.output)
    assert facts["broker"] == "mqtt://127.0.0.1:1883"
    assert [one["kind"] for one in facts["pipelines"]] == ["synthetic", "detection"]
    assert {one["pipeline"] for one in facts["troubles"]} == {"gate"}


def test_a_wrong_configuration_is_an_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(agent, ["check-config", write(tmp_path, GOOD.replace("device", "devise"))])
    assert isinstance(done.exception, ConfigError)
    assert "'device'" in str(done.exception)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["run"], 2, "--config"),
        (["run", "--config", "nowhere.toml"], 4, "cannot read the configuration"),
        (["run", "--config", "wrong.toml"], 2, "did you mean 'device'?"),
    ],
)
def test_the_process_ends_with_the_documented_code_and_no_traceback(
    tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    (tmp_path / "wrong.toml").write_text(GOOD.replace("device", "devise"))
    command = [sys.executable, "-c", "from skerry_edge.cli import main; main()", "agent", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_child_whose_parent_is_gone_already_ends_at_once() -> None:
    command = [sys.executable, "-m", "skerry_edge.agent.children.child", "0", "1"]
    assert subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 0


def test_help_imports_no_runtime_and_no_broker_client() -> None:
    code = (
        "import sys; from skerry_edge.agent.cli import agent\n"
        "print([name for name in ('numpy', 'cv2', 'paho', 'psutil', 'msgspec') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


DETECTION = """\
[[pipelines]]
kind = "detection"
name = "gate"
model = "skerry-signs"
backends = ["litert", "onnx"]
source = { kind = "images", path = "." }
"""


@pytest.mark.parametrize(("missing", "code", "said"), [("onnx", 0, "litert will run"), ("litert", 0, "onnx will run")])
def test_a_backend_that_is_not_installed_is_a_remark_where_another_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, code: int, said: str
) -> None:
    monkeypatch.setitem(BACKENDS, missing, replace(BACKENDS[missing], runtimes=("no_such_runtime",)))
    done = CliRunner().invoke(agent, ["check-config", write(tmp_path, GOOD.partition("[[")[0] + DETECTION)])
    assert done.exit_code == code
    assert f"gate: backend {missing}: no_such_runtime is not installed" in done.output
    assert said in done.output


def test_a_pipeline_that_no_backend_can_run_is_a_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("litert", "onnx"):
        monkeypatch.setitem(BACKENDS, name, replace(BACKENDS[name], runtimes=("no_such_runtime",)))
    done = CliRunner().invoke(agent, ["check-config", write(tmp_path, GOOD.partition("[[")[0] + DETECTION)])
    assert done.exit_code == 1
