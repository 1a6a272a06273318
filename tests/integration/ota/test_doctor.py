"""What `skerry doctor` says of the table [ota]."""

from __future__ import annotations

from pathlib import Path

import pytest
from chaos.ota_repositories import model_bytes, model_release

from skerry_edge.agent.doctor.updates import judge_signed_time, look_at_updates
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.ota.settings import OtaSettings

RELEASE = model_release("1.0.0", 1)
SIGNED_S = 1_800_000_000.0


@pytest.fixture
def look(rig, free_port):
    """Return a function that gives status and text of each finding, for mirrors after the repository's own folder."""
    rig.publish(RELEASE, model_bytes("1.0.0"))
    nowhere = f"http://127.0.0.1:{free_port()}"

    def run(*mirrors, root=None):
        root = root or rig.root
        named = tuple({"nowhere": nowhere, "here": str(rig.repository.path)}.get(one, one) for one in mirrors)
        found = look_at_updates(OtaSettings(mirrors=named, root=str(root)))
        assert all(one.todo for one in found if one.status != "ok")
        return [(one.status, one.found) for one in found]

    return run


def test_a_repository_that_a_device_would_believe_is_well(look) -> None:
    found = look("here")
    assert [status for status, _ in found][:2] == ["ok", "ok"]
    assert "root of trust 1" in found[0][1]
    assert "releases 2" in found[1][1]


def test_a_mirror_that_is_away_is_a_failure_unless_another_is_there(look) -> None:
    assert look("nowhere")[1][0] == "failed"
    found = look("nowhere", "here")
    assert [status for status, _ in found][1:3] == ["warning", "ok"]
    assert "network" in found[1][1]


def test_a_mirror_that_others_have_signed_is_a_failure(look, rig, tmp_path: Path) -> None:
    liar = rig.copy(tmp_path / "liar")
    timestamp = liar / "metadata" / "timestamp.json"
    timestamp.write_bytes(timestamp.read_bytes().replace(b'"version": 2', b'"version": 3'))
    status, text = look(str(liar))[1]
    assert (status, "unsigned" in text) == ("failed", True)


def test_what_is_no_root_of_trust_is_told(look, rig) -> None:
    with pytest.raises(ConfigError, match="no root of trust"):
        look("here", root=rig.repository.metadata / "timestamp.json")


def test_a_device_without_the_table_is_told_how_it_gets_one() -> None:
    (found,) = look_at_updates(None)
    assert (found.status, "--ota-root" in (found.todo or "")) == ("not applicable", True)


@pytest.mark.parametrize(("wall_s", "status"), [(SIGNED_S + 60, "ok"), (3600.0, "warning"), (4e9, "warning")])
def test_a_clock_that_cannot_be_right_by_what_is_signed_is_told(wall_s: float, status: str) -> None:
    assert judge_signed_time(wall_s, SIGNED_S).status == status
