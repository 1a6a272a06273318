"""`skerry agent preview` where it cannot show anything, and what it says then."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.agent.life.lock import hold_state_dir

CONFIG = """\
site = "garden"
device = "cam-1"
board = "generic-x86"
state_dir = "state"
[mqtt]
url = "mqtt://127.0.0.1:9"
[[pipelines]]
kind = "detection"
name = "gate"
model = "{model}"
source = {source}
{more}
"""


@pytest.fixture
def preview(skerry, tmp_path: Path, discs: Path):
    """Return a function that runs the preview of a source until it ends by itself."""

    def run(source: str, *options: str, model: str | None = None, more: str = ""):
        config = tmp_path / "agent.toml"
        config.write_text(CONFIG.format(model=model or discs, source=source, more=more))
        return skerry("agent", "preview", "--config", config, "--port", "0", *options)

    return run


def test_a_video_that_does_not_open_ends_the_preview_with_the_reason(preview, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"this is no video")
    run = preview('{ kind = "video", path = "broken.mp4" }')
    assert run.code == 4
    assert "the video does not open" in run.err
    assert run.out.startswith("preview of gate: http://127.0.0.1:")


def test_nothing_is_served_where_the_model_is_not_there(preview) -> None:
    run = preview('{ kind = "images", path = "pictures" }', model="skerry-sign")
    assert (run.code, run.out) == (2, "")
    assert "did you mean 'skerry-signs'" in run.err


def test_a_label_that_the_model_does_not_know_is_told_before_anything_is_served(preview) -> None:
    run = preview('{ kind = "images", path = "pictures" }', more='labels = ["red disk"]')
    assert (run.code, run.out) == (2, "")
    assert "did you mean 'red disc'" in run.err


def test_the_camera_of_an_agent_that_runs_is_left_alone(preview, tmp_path: Path) -> None:
    with hold_state_dir(tmp_path / "state"):
        run = preview('{ kind = "v4l2" }')
    assert (run.code, run.out) == (2, "")
    assert "the agent runs and holds the camera" in run.err
    assert "systemctl stop skerry-agent" in run.err


def test_who_listens_to_the_network_is_warned(preview, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"this is no video")
    run = preview('{ kind = "video", path = "broken.mp4" }', "--host", "0.0.0.0")
    assert "without a password" in run.err


def test_an_address_that_is_not_this_machines_is_told(preview, tmp_path: Path) -> None:
    run = preview('{ kind = "images", path = "pictures" }', "--host", "192.0.2.1")
    assert run.code == 4
    assert "cannot listen" in run.err
