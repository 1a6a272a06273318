"""What a device believes of a repository over time: mirrors, silence, sticks, damaged floors."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from chaos.ota_repositories import model_bytes, model_release

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.ota.errors import TransferError
from skerry_edge.ota.transfer.mirrors import FolderMirror, parse_mirror
from skerry_edge.ota.trust.floors import FloorFile
from skerry_server.releases.stick import StickPlan, export_stick

DAY_S = 86_400.0
OLD, NEW = model_release("1.0.0", 1), model_release("2.0.0", 2)
OLD_BYTES, NEW_BYTES = model_bytes("1.0.0"), model_bytes("2.0.0")


def reason(run) -> str:
    with pytest.raises((ReleaseError, TransferError)) as caught:
        run()
    return caught.value.reason


def later(rig, days: float):
    """Return the repository's people on another day."""
    return replace(rig, now=rig.now + timedelta(days=days))


def test_a_mirror_that_is_away_or_lies_is_passed_over(rig, device, server, nowhere, tmp_path: Path) -> None:
    rig.publish(OLD, OLD_BYTES)
    liar = rig.copy(tmp_path / "liar")
    timestamp = liar / "metadata" / "timestamp.json"
    timestamp.write_bytes(timestamp.read_bytes().replace(b'"version": 2', b'"version": 3'))
    device.mirrors = (nowhere, FolderMirror(folder=liar), *device.mirrors)
    checked = device.check()
    assert checked.mirror == str(parse_mirror(server.address))
    assert [problem.reason for _, problem in checked.passed_over] == ["network", "unsigned"]
    assert device.bring(OLD).read_bytes() == OLD_BYTES


def test_where_every_mirror_fails_a_lie_is_told_before_an_absence(rig, device, nowhere, tmp_path: Path) -> None:
    rig.publish(OLD, OLD_BYTES)
    liar = rig.copy(tmp_path / "liar")
    (liar / "metadata" / "timestamp.json").write_text("{}")
    device.mirrors = (nowhere, FolderMirror(folder=liar))
    assert reason(device.check) == "malformed"


def test_metadata_expires_by_running_time_where_there_is_no_clock(rig, device, clock) -> None:
    rig.publish(OLD, OLD_BYTES)
    device.check()
    clock.running += 2 * DAY_S
    device.check()
    clock.start, clock.running = "second", 2 * DAY_S
    assert reason(device.check) == "expired"
    later(rig, 4).refresh()
    device.check()


def test_a_repository_that_brings_nothing_new_for_too_long_is_frozen(rig, device, clock) -> None:
    rig.publish(OLD, OLD_BYTES)
    device.longest_silence = timedelta(days=1)
    device.check()
    clock.running += 0.9 * DAY_S
    device.check()
    clock.running += 0.2 * DAY_S
    assert reason(device.check) == "frozen"
    rig.refresh()
    device.check()


def test_a_mirror_that_is_away_is_no_freeze_for_an_order_but_one_for_who_looks_out(rig, device, clock, nowhere) -> None:
    rig.publish(OLD, OLD_BYTES)
    device.longest_silence = timedelta(days=1)
    device.check()
    clock.running += 2 * DAY_S
    device.mirrors, there = (nowhere,), device.mirrors
    trusted = device.trusted()
    assert reason(trusted.refresh) == "network"
    assert reason(trusted.refuse_silence) == "frozen"
    device.mirrors = there
    later(rig, 0.1).refresh()
    device.check()


def test_a_mirror_with_old_news_for_too_long_is_passed_over_for_one_with_newer(rig, device, clock, tmp_path) -> None:
    rig.publish(OLD, OLD_BYTES)
    stale = FolderMirror(folder=rig.copy(tmp_path / "stale"))
    device.longest_silence = timedelta(days=1)
    device.check()
    later(rig, 0.1).refresh()
    clock.running += 1.1 * DAY_S
    device.mirrors, there = (stale, stale, *device.mirrors), device.mirrors
    device.check()
    device.mirrors = (stale, *there)
    clock.running += 1.1 * DAY_S
    assert reason(device.check) == "frozen"


def test_a_mirror_that_is_behind_is_passed_over_for_a_release_that_another_has(rig, device, tmp_path: Path) -> None:
    rig.publish(OLD, OLD_BYTES)
    behind = FolderMirror(folder=rig.copy(tmp_path / "behind"))
    rig.publish(NEW, NEW_BYTES)
    (one,) = device.mirrors
    device.mirrors = (behind, one)
    assert device.bring(NEW).read_bytes() == NEW_BYTES
    device.mirrors = (behind, behind)
    assert reason(lambda: device.bring(NEW)) == "rollback", "it has seen what the other mirror has"


def test_a_release_that_no_mirror_has_is_looked_for_at_each(rig, device, server, tmp_path: Path) -> None:
    rig.publish(OLD, OLD_BYTES)
    device.mirrors = (FolderMirror(folder=rig.copy(tmp_path / "other")), *device.mirrors)
    assert reason(lambda: device.bring(NEW)) == "not-found"
    assert [path for path, _ in server.seen if "timestamp" in path]


def test_a_mirror_that_is_away_for_a_while_is_not_yet_frozen(rig, device, clock, nowhere) -> None:
    rig.publish(OLD, OLD_BYTES)
    device.longest_silence = timedelta(days=1)
    device.check()
    device.mirrors = (nowhere,)
    clock.running += 0.5 * DAY_S
    assert reason(device.check) == "network"


def test_a_counter_that_people_forbid_stays_forbidden_after_its_metadata_is_gone(rig, device) -> None:
    rig.publish(OLD, OLD_BYTES)
    rig.forge(
        "targets",
        lambda signed: signed.update(skerry={"v": 1, "counters": {OLD.subject: 2}}),
        keys=("targets-1", "targets-2"),
    )
    rig.relink()
    assert reason(lambda: device.bring(OLD)) == "counter"
    rig.forge("targets", lambda signed: signed.pop("skerry"), keys=("targets-1", "targets-2"))
    rig.relink()
    assert reason(lambda: device.bring(OLD)) == "counter"


def test_damaged_floors_are_set_aside_while_the_cache_still_guards(rig, device, tmp_path: Path) -> None:
    rig.publish(OLD, OLD_BYTES)
    before = FolderMirror(folder=rig.copy(tmp_path / "before"))
    rig.publish(NEW, NEW_BYTES)
    device.check()
    device.place.floors.write_bytes(b"\0" * 100)
    honest, device.mirrors = device.mirrors, (before,)
    assert reason(device.check) == "rollback"
    device.mirrors = honest
    device.check()
    file = FloorFile(device.place.floors)
    assert file.is_lost
    assert device.place.floors.with_name("floors.json.damaged").read_bytes() == b"\0" * 100
    assert file.read().roles["targets"].version == 3


def test_a_state_of_which_only_the_floors_are_left_takes_up_where_it_was(rig, device, tmp_path: Path) -> None:
    rig.publish(OLD, OLD_BYTES)
    before = rig.copy(tmp_path / "before")
    rig.publish(NEW, NEW_BYTES)
    device.check()
    device.empty_caches()
    honest, device.mirrors = device.mirrors, (FolderMirror(folder=before),)
    assert reason(device.check) == "rollback"
    device.mirrors = honest
    assert device.bring(NEW).read_bytes() == NEW_BYTES


def test_without_a_root_nothing_is_trusted(rig, device, tmp_path: Path) -> None:
    rig.publish(OLD, OLD_BYTES)
    device.root = tmp_path / "no-root.json"
    assert reason(device.check) == "malformed"
    device.root.write_text('{"signed": {}}')
    assert reason(device.check) == "malformed"


@pytest.fixture
def stick(rig, tmp_path: Path) -> Path:
    rig.publish(OLD, OLD_BYTES)
    export_stick(rig.repository, tmp_path / "stick", StickPlan(valid_for=timedelta(days=30)), rig.signatory, rig.now)
    return tmp_path / "stick"


def test_a_stick_is_taken_without_a_network_or_a_clock(device, stick: Path) -> None:
    device.mirrors = (parse_mirror(str(stick)),)
    device.longest_silence = timedelta(days=1)
    assert device.bring(OLD).read_bytes() == OLD_BYTES


def test_a_stick_is_no_longer_taken_when_its_days_are_over(rig, device, clock, stick: Path) -> None:
    device.mirrors = (parse_mirror(str(stick)),)
    clock.wall = rig.now.timestamp() + 29 * DAY_S
    device.check()
    clock.wall = rig.now.timestamp() + 31 * DAY_S
    assert reason(device.check) == "expired"


def test_a_device_goes_on_with_the_network_after_a_stick_and_refuses_the_stick_then(rig, device, stick: Path) -> None:
    network, device.mirrors = device.mirrors, (parse_mirror(str(stick)),)
    device.check()
    device.mirrors = network
    device.check()
    rig.publish(NEW, NEW_BYTES)
    assert device.bring(NEW).read_bytes() == NEW_BYTES
    device.mirrors = (parse_mirror(str(stick)),)
    assert reason(device.check) == "rollback"


@pytest.mark.parametrize("damage", ["cut", "pipe", "gone", "folder", "link to everything"])
def test_a_stick_that_is_damaged_is_told_and_never_waited_for(device, stick: Path, damage: str) -> None:
    device.mirrors = (parse_mirror(str(stick)),)
    file = next((stick / "targets").rglob("*.skerry"))
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    else:
        file.unlink()
    if damage == "pipe":
        os.mkfifo(file)
    elif damage == "folder":
        file.mkdir()
    elif damage == "link to everything":
        file.symlink_to("/dev/zero")
    assert reason(lambda: device.bring(OLD)) in ("length", "network")
    shutil.rmtree(stick / "metadata")
    assert reason(device.check) == "network"


def test_the_mirror_that_brought_the_news_is_named(rig, device, server, clock, tmp_path: Path) -> None:
    rig.publish(OLD, OLD_BYTES)
    stale = FolderMirror(folder=rig.copy(tmp_path / "stale"))
    device.longest_silence = timedelta(days=1)
    device.mirrors = (stale, *device.mirrors)
    assert device.check().mirror == str(stale)
    clock.running += 1.1 * DAY_S
    rig.refresh()
    assert device.check().mirror == str(parse_mirror(server.address))
