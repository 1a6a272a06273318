"""The configuration that the demo writes for its agent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.backends.stand_in import VARIABLE, orders_from
from skerry_edge.foundation.config import parse_toml
from skerry_edge.foundation.errors import MissingError
from skerry_server.demo import agent
from skerry_server.demo.script import Script


def text(folder: Path, *, updates=None, **changes) -> str:
    script = Script(
        model="skerry-signs",
        variant=None,
        video=folder / 'a "b".avi',
        drive=None,
        is_judged=True,
        audio=folder / "ü.wav",
        duration_s=1,
    )
    return agent.config_text(broker_url="mqtt://127.0.0.1:1", script=replace(script, **changes), updates=updates)


def test_it_is_a_configuration_that_the_agent_takes_whatever_the_files_are_called(tmp_path):
    config = parse_toml(text(tmp_path), AgentConfig, name="demo")
    camera, ear = config.pipelines
    assert camera.source.path == str(tmp_path / 'a "b".avi')
    assert ear.source.path == str(tmp_path / "ü.wav")
    assert camera.snapshot
    assert camera.variant is None
    assert msgspec.structs.asdict(config)["board"].startswith("generic-")


def test_it_looks_for_releases_where_the_demo_serves_them_and_its_runtime_knows_the_poison(tmp_path):
    plain = parse_toml(text(tmp_path), AgentConfig, name="demo")
    assert (plain.ota, plain.pipelines[0].backends) == (None, ())
    updates = agent.Updates(mirror="http://127.0.0.1:8/ota", root=tmp_path / "1.root.json", poison="mark")
    config = parse_toml(text(tmp_path, updates=updates), AgentConfig, name="demo")
    assert (config.ota.mirrors, config.ota.root) == (("http://127.0.0.1:8/ota",), str(tmp_path / "1.root.json"))
    assert config.pipelines[0].backends == ("stand-in",)
    orders = orders_from(updates.environment[VARIABLE])
    assert (orders.fault, orders.text) == ("crash", "mark")


def test_a_variant_that_is_asked_for_is_in_it(tmp_path):
    camera, _ = parse_toml(text(tmp_path, variant="tflite-int8"), AgentConfig, name="demo").pipelines
    assert camera.variant == "tflite-int8"


def test_a_machine_that_no_profile_describes_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(agent.platform, "machine", lambda: "riscv64")
    with pytest.raises(MissingError, match="riscv64"):
        text(tmp_path)
