"""The independent check finds what is forged, damaged or about to expire."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from chaos.ota_attacks import ATTACKS
from chaos.ota_forgeries import NEW, NEW_BYTES, honest
from chaos.ota_repositories import model_bytes, model_release

from skerry_edge.contracts.release import Release
from skerry_edge.foundation.errors import ConfigError
from skerry_server.releases.offers import Offer
from skerry_server.releases.publishing import publish
from skerry_server.releases.verification import Examination, verify_repository

NOT_TO_BE_SEEN_HERE = {
    "older targets",
    "older snapshot",
    "older timestamp",
    "another board",
    "lower release counter",
    "counter below the signed floor",
    "a release for a newer agent",
}
"""Attacks that only a device can tell, by what it has seen or is."""


@pytest.fixture
def verify(rig):
    """Return a function that checks the rig's repository."""
    return lambda **more: verify_repository(rig.repository.path, Examination(**{"now": rig.now, **more}))


@pytest.mark.parametrize(
    "attack", [one for one in ATTACKS if one.name not in NOT_TO_BE_SEEN_HERE], ids=lambda one: one.name
)
def test_a_forged_repository_is_not_sound(rig, verify, attack):
    honest(rig)
    attack.forge(rig)
    assert not verify().is_sound


def test_an_honest_repository_is_sound_with_patches_and_after_rotations(rig, verify):
    weights = os.urandom(50_000)
    rig.publish(model_release("1.0.0", 1), model_bytes("1.0.0", weights=weights))
    rig.publish(model_release("1.1.0", 2), model_bytes("1.1.0", weights=weights + b"1"))
    rig.rotate("root-1", "online-1", "targets-1")
    report = verify()
    assert (report.findings, report.targets, report.versions["root"]) == ([], 3, 2)


def test_wheels_that_a_board_of_theirs_cannot_run_are_told(rig, verify):
    """They may have been published by an earlier Skerry."""
    tags = {"python": "cp311", "abi": "cp311", "platform": "manylinux_2_35_x86_64"}
    boards = ("generic-x86", "raspberry-pi-5", "a-board-of-later")
    rig.publish(Release(v=1, kind="agent", name="skerry", version="0.2.0", counter=1, boards=boards, **tags), b"tar")
    told = [one.text for one in verify().findings if one.severity == "warning"]
    assert told == ["raspberry-pi-5 is aarch64; the wheels are for manylinux_2_35_x86_64; devices refuse it"]


def test_it_can_begin_at_the_root_that_devices_have(rig, verify, tmp_path):
    honest(rig)
    root = tmp_path / "root.json"
    root.write_bytes(rig.root.read_bytes())
    rig.rotate("root-1")
    assert verify(trusted_root=root).is_sound
    root.write_bytes(rig.root.read_bytes().replace(b'"sig": "', b'"sig": "00'))
    assert not verify(trusted_root=root).is_sound


@pytest.mark.parametrize("signers", [("root-1", "root-2"), ("root-3", "root-4")])
def test_a_root_is_signed_by_the_keys_before_it_and_by_its_own(rig, verify, signers):
    """Those who have the old keys alone, and those who have the new ones alone, make no root."""
    new = [rig.custody.offline.add_file_key(name, None) for name in ("root-3", "root-4")]

    def replace_keys(signed):
        signed["keys"] |= {key.keyid: key.public for key in new}
        signed["roles"]["root"]["keyids"] = [key.keyid for key in new]

    rig.forge("root", replace_keys, keys=signers)
    assert [one.subject for one in verify().findings] == ["2.root.json"]


@pytest.mark.parametrize(("after_days", "sound"), [(0, True), (2, True), (4, False)])
def test_what_has_expired_is_told(rig, verify, after_days, sound):
    honest(rig)
    assert verify(now=rig.now + timedelta(days=after_days)).is_sound is sound


def test_people_are_told_to_sign_again_before_it_is_too_late(rig, verify):
    report = verify(now=rig.now + timedelta(days=320))
    assert [one.subject for one in report.findings if one.severity == "warning"] == ["root", "targets"]


def test_a_file_that_is_gone_is_allowed_on_a_stick_alone(rig, verify):
    honest(rig)
    for file in rig.repository.targets.rglob("*.skerry"):
        file.unlink()
    assert (verify().is_sound, verify(is_partial=True).is_sound) == (False, True)


def test_a_patch_that_leads_elsewhere_is_found(rig, verify):
    (patch,) = (one for one in ATTACKS if one.name == "patch that makes another file")
    honest(rig)
    patch.forge(rig)
    listed = rig.repository.newest_targets().signed.targets
    full = rig.repository.target_file(listed["model/doorbell/2.0.0/onnx-fp32.skerry"])
    full.parent.mkdir(parents=True, exist_ok=True)
    full.write_bytes(NEW_BYTES)
    assert [one.text for one in verify().findings] == [
        "the patch makes another file than it says; in " + _patch_name(rig)
    ]


def _patch_name(rig):
    (file,) = rig.repository.targets.rglob("*.zst")
    return file.name


def test_a_folder_without_a_repository_is_no_unsound_one(tmp_path, now):
    with pytest.raises(ConfigError, match="no repository"):
        verify_repository(tmp_path, Examination(now=now))


def test_targets_that_no_client_sees_yet_are_a_warning(rig, verify, custody_of):
    offline, _ = custody_of(rig)
    publish(rig.repository, [Offer.of_bytes(NEW, NEW_BYTES)], offline, rig.now)
    report = verify()
    assert report.is_sound
    assert "not seen by clients yet" in report.findings[0].text
