"""Backup and restore, rehearsed to the end; sticks; releases that are taken back; the server's own refresh."""

from __future__ import annotations

import shutil
import zipfile
from datetime import timedelta

import pytest
from chaos.ota_forgeries import NEW, NEW_BYTES, OLD, honest
from chaos.ota_repositories import SECRET, model_bytes, model_release
from tuf.api.exceptions import BadVersionNumberError

from skerry_edge.contracts.release import decode_floors, target_path
from skerry_edge.foundation.errors import ConfigError, DataError, ReachError
from skerry_server.errors import ConflictError
from skerry_server.releases.amending import Amendment, amend
from skerry_server.releases.backup import Places, restore_backup, save_backup
from skerry_server.releases.keyring import Custody, KeyRing
from skerry_server.releases.offers import Offer
from skerry_server.releases.online import OnlineRepository
from skerry_server.releases.publishing import publish
from skerry_server.releases.refreshing import refresh
from skerry_server.releases.repository import Repository
from skerry_server.releases.rotation import Change, rotate_root
from skerry_server.releases.signing import Signatory
from skerry_server.releases.stick import StickPlan, export_stick
from skerry_server.releases.verification import Examination, verify_repository

HOUR = timedelta(hours=1)


@pytest.fixture
def places(rig):
    return Places(repository=rig.repository.path, keys=rig.custody.offline.folder)


def test_after_the_disk_has_died_everything_goes_on_from_a_backup(rig, places, client, tmp_path):
    """The rehearsal: all is lost, restored elsewhere, publishes and rotates; a device never notices."""
    honest(rig)
    device = client()
    device.see(rig.repository.path)
    file = tmp_path / "safe" / "ota.backup"
    file.parent.mkdir()
    save_backup(places, file, rig.now)
    shutil.rmtree(rig.repository.path)
    shutil.rmtree(rig.custody.offline.folder)

    new = Places(repository=tmp_path / "new/repository", keys=tmp_path / "new/keys")
    restore_backup(file, new)
    keys = KeyRing.load(new.keys), KeyRing.load(new.keys / "online")
    signatory = Signatory(keys, lambda _: SECRET)
    repository = Repository(new.repository)
    assert verify_repository(new.repository, Examination(now=rig.now)).is_sound
    publish(repository, [Offer.of_bytes(NEW, NEW_BYTES)], signatory, rig.now)
    rotate_root(repository, Custody(offline=keys[0], online=keys[1], secret=SECRET), Change(), signatory, rig.now)
    assert target_path(NEW) in device.see(new.repository)


def test_an_old_backup_overtakes_what_devices_have_seen(rig, places, client, tmp_path):
    honest(rig)
    device = client()
    file = tmp_path / "ota.backup"
    save_backup(places, file, rig.now)
    rig.publish(NEW, NEW_BYTES)
    rig.refresh()
    device.see(rig.repository.path)

    restored = Repository(tmp_path / "restored")
    restore_backup(file, Places(repository=restored.path))
    refresh(restored, rig.signatory, rig.now)
    with pytest.raises(BadVersionNumberError):
        device.see(restored.path)
    amend(restored, Amendment(leaving=1000), rig.signatory, rig.now)
    refresh(restored, rig.signatory, rig.now, leaving=1000)
    publish(restored, [Offer.of_bytes(NEW, NEW_BYTES)], rig.signatory, rig.now)
    assert target_path(NEW) in device.see(restored.path)


def test_a_backup_is_its_owner_s_alone_and_keys_stay_encrypted(rig, places, tmp_path):
    file = tmp_path / "ota.backup"
    save_backup(places, file, rig.now)
    assert file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as archive:
        assert b"BEGIN ENCRYPTED PRIVATE KEY" in archive.read("keys/root-1.pem")
    restored = tmp_path / "restored"
    restore_backup(file, Places(keys=restored))
    assert {one.stat().st_mode & 0o777 for one in restored.rglob("*.pem")} == {0o600}


def test_a_damaged_backup_restores_nothing(rig, places, tmp_path):
    file = tmp_path / "ota.backup"
    save_backup(places, file, rig.now)
    raw = bytearray(file.read_bytes())
    raw[raw.index(b"PRIVATE KEY")] ^= 1
    file.write_bytes(raw)
    with pytest.raises(DataError, match="damaged"):
        restore_backup(file, Places(keys=tmp_path / "restored"))
    assert not (tmp_path / "restored").exists()


def test_a_backup_with_other_contents_than_it_lists_restores_nothing(rig, places, tmp_path):
    """A whole archive, whose checksums are right, with one key exchanged for another."""
    file, evil = tmp_path / "ota.backup", tmp_path / "evil.backup"
    save_backup(places, file, rig.now)
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(evil, "w") as copy:
        for name in archive.namelist():
            other = "keys/root-2.pem" if name == "keys/root-1.pem" else name
            copy.writestr(name, archive.read(other))
    with pytest.raises(DataError, match="damaged"):
        restore_backup(evil, Places(keys=tmp_path / "restored"))


def test_a_backup_with_a_path_upwards_restores_nothing(rig, places, tmp_path):
    file = tmp_path / "ota.backup"
    save_backup(places, file, rig.now)
    with zipfile.ZipFile(file) as archive:
        manifest = archive.read("manifest.json").replace(b'"keys/root-1.pem"', b'"keys/../x.pem"')
    with zipfile.ZipFile(tmp_path / "evil.backup", "w") as archive:
        archive.writestr("manifest.json", manifest)
    with pytest.raises(DataError, match="not ours"):
        restore_backup(tmp_path / "evil.backup", Places(keys=tmp_path / "restored"))


def test_nothing_is_restored_over_something(rig, places, tmp_path):
    save_backup(places, tmp_path / "ota.backup", rig.now)
    with pytest.raises(ConfigError, match="over something"):
        restore_backup(tmp_path / "ota.backup", places)


def test_what_is_no_backup_is_told(tmp_path):
    (tmp_path / "x").write_bytes(b"no zip")
    with pytest.raises(DataError):
        restore_backup(tmp_path / "x", Places(keys=tmp_path / "keys"))
    with pytest.raises(ReachError):
        restore_backup(tmp_path / "absent", Places(keys=tmp_path / "keys"))


def test_a_stick_is_accepted_for_its_days_and_the_repository_after_it(rig, client, tmp_path):
    honest(rig)
    stick = tmp_path / "stick"
    order = StickPlan(valid_for=timedelta(days=90))
    exported = export_stick(rig.repository, stick, order, rig.signatory, rig.now)
    assert exported.targets == (target_path(OLD),)
    device = client()
    assert device.see(stick) == {target_path(OLD)}
    assert device.take(stick, target_path(OLD)) == client().take(rig.repository.path, target_path(OLD))
    late = Examination(now=rig.now + timedelta(days=89), trusted_root=rig.root)
    assert verify_repository(stick, late).is_sound
    assert not verify_repository(stick, Examination(now=rig.now + timedelta(days=91))).is_sound
    rig.publish(NEW, NEW_BYTES)
    assert target_path(NEW) in device.see(rig.repository.path)


def test_a_stick_holds_what_was_asked_for_and_a_second_export_replaces_it(rig, tmp_path):
    honest(rig)
    rig.publish(model_release("1.0.0", 1, name="siren"), model_bytes("1.0.0", name="siren"))
    stick = tmp_path / "stick"
    for name in ("doorbell", "siren"):
        order = StickPlan(valid_for=timedelta(days=30), wanted=lambda release, name=name: release.name == name)
        export_stick(rig.repository, stick, order, rig.signatory, rig.now)
    assert verify_repository(stick, Examination(now=rig.now, is_partial=True)).findings == []
    assert len(list((stick / "metadata").glob("*.snapshot.json"))) == 1


def test_no_stick_outlives_what_people_have_signed(rig, tmp_path):
    with pytest.raises(ConfigError, match="expires before the stick"):
        export_stick(rig.repository, tmp_path / "s", StickPlan(valid_for=timedelta(days=400)), rig.signatory, rig.now)


def test_a_release_that_is_withdrawn_is_found_no_more_and_its_counter_stays_taken(rig, client):
    honest(rig)
    rig.publish(NEW, NEW_BYTES)
    device = client()
    amend(rig.repository, Amendment(withdraw=(("model/doorbell", "2.0.0"),)), rig.signatory, rig.now)
    assert device.see(rig.repository.path) == {target_path(OLD)}
    with pytest.raises(ConflictError, match="counter must rise"):
        rig.publish(model_release("2.0.1", NEW.counter), model_bytes("2.0.1"))
    rig.publish(model_release("2.0.1", NEW.counter + 1), model_bytes("2.0.1"))


def test_a_withdrawal_of_what_is_not_there_asks_after_what_is(rig):
    honest(rig)
    with pytest.raises(ConfigError) as refused:
        amend(rig.repository, Amendment(withdraw=(("model/dorbell", "1.0.0"),)), rig.signatory, rig.now)
    assert refused.value.todo == "did you mean 'model/doorbell 1.0.0'?"


def test_a_floor_is_signed_rises_and_never_sinks(rig):
    honest(rig)
    amend(rig.repository, Amendment(floors={"model/doorbell": 5}), rig.signatory, rig.now)
    signed = rig.repository.newest_targets().signed
    assert decode_floors(signed.unrecognized_fields).counters == {"model/doorbell": 5}
    with pytest.raises(ConflictError, match="never sinks"):
        amend(rig.repository, Amendment(floors={"model/doorbell": 4}), rig.signatory, rig.now)
    with pytest.raises(ConfigError, match="nothing published reaches"):
        amend(rig.repository, Amendment(floors={"model/doorbell": 9}), rig.signatory, rig.now)


def test_the_server_signs_what_is_due_and_nothing_else(rig, custody_of):
    online = OnlineRepository.open(rig.repository.path, rig.custody.online.folder)
    assert online.refresh_when_due(rig.now, every=HOUR) is None
    assert online.refresh_when_due(rig.now + 2 * HOUR, every=HOUR).timestamp == 2
    offline, _ = custody_of(rig)
    publish(rig.repository, [Offer.of_bytes(OLD, model_bytes("1.0.0"))], offline, rig.now)
    assert online.refresh_when_due(rig.now + 2 * HOUR, every=HOUR).targets == 2
    assert online.refresh_when_due(rig.now + 2 * HOUR, every=HOUR) is None
