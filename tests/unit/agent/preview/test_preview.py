"""The preview before it begins: which pipeline, whether its camera is free, and where it listens."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skerry_edge.agent.config.pipelines import DetectionPipeline, SyntheticPipeline
from skerry_edge.agent.config.sources import ImagesSource, V4l2Source, VideoSource
from skerry_edge.agent.life.lock import hold_state_dir, holder_of
from skerry_edge.agent.preview.rehearsal import MAX_FPS, rehearsed
from skerry_edge.agent.preview.run import chosen_pipeline, require_free_camera
from skerry_edge.agent.preview.server import is_loopback, preview_server
from skerry_edge.foundation.errors import ConfigError, ReachError


def looking(name: str = "gate", source: Any = None) -> DetectionPipeline:
    return DetectionPipeline(name=name, model="skerry-signs", source=source or ImagesSource(path="/pictures"))


def config(*pipelines: Any) -> Any:
    return SimpleNamespace(pipelines=pipelines)


def test_the_only_pipeline_that_looks_is_meant_where_none_is_named() -> None:
    assert chosen_pipeline(config(SyntheticPipeline(name="ghost"), looking()), None).name == "gate"
    assert chosen_pipeline(config(looking(), looking("yard")), "yard").name == "yard"


@pytest.mark.parametrize(
    ("pipelines", "name", "told"),
    [
        ([SyntheticPipeline(name="ghost")], None, "no pipeline that looks"),
        ([looking(), looking("yard")], None, "gate, yard"),
        ([looking(), looking("yard")], "yrad", "did you mean 'yard'"),
        ([looking(), SyntheticPipeline(name="ghost")], "ghost", "gate"),
    ],
)
def test_which_pipeline_is_meant_must_be_clear(pipelines: list[Any], name: str | None, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        chosen_pipeline(config(*pipelines), name)


def test_a_camera_that_the_running_agent_holds_is_refused_with_what_to_do(tmp_path: Path) -> None:
    camera = looking(source=V4l2Source())
    require_free_camera(camera, tmp_path)
    with hold_state_dir(tmp_path):
        assert holder_of(tmp_path) == str(os.getpid())
        with pytest.raises(ConfigError, match="systemctl stop skerry-agent"):
            require_free_camera(camera, tmp_path)
        require_free_camera(looking(), tmp_path)
    assert holder_of(tmp_path) is None


def test_files_play_for_ever_at_the_pace_of_a_viewer() -> None:
    video = rehearsed(looking(source=VideoSource(path="a.mp4", policy="file", max_fps=50.0))).source
    assert isinstance(video, VideoSource)
    assert (video.loop, video.policy, video.max_fps) == (True, "live", MAX_FPS)
    assert rehearsed(looking(source=V4l2Source(max_fps=5.0))).source.max_fps == 5.0


@pytest.mark.parametrize(
    ("host", "is_local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("cam-1", False)],
)
def test_only_loopback_is_taken_for_loopback(host: str, is_local: bool) -> None:
    assert is_loopback(host) is is_local


def test_a_port_that_is_taken_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ReachError, match="--port"):
        preview_server(None, {}, host="127.0.0.1", port=taken.getsockname()[1])  # type: ignore[arg-type]
