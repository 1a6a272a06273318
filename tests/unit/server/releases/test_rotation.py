"""New keys for old ones: devices follow at every moment, and what a key signed that is gone counts for nothing."""

from __future__ import annotations

import pytest
from chaos.ota_forgeries import NEW, NEW_BYTES, fast_forward, honest, recover, rotate_three_times
from chaos.ota_repositories import SECRET, model_bytes, model_release
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Root

from skerry_edge.contracts.release import target_path
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ConfigError, DataError
from skerry_server.errors import ConflictError
from skerry_server.releases.installing import sign_staged
from skerry_server.releases.keyring import Custody, KeyRing
from skerry_server.releases.offers import Offer
from skerry_server.releases.pins import Pins
from skerry_server.releases.publishing import publish
from skerry_server.releases.repository import Disk, Repository
from skerry_server.releases.rotation import Change, rotate_root
from skerry_server.releases.signing import Signatory
from skerry_server.releases.staged_changes import staged_changes


class _PowerCutError(Exception):
    pass


@pytest.fixture
def rotate(rig):
    """Return a function that rotates with all keys at hand."""
    return lambda **change: rotate_root(rig.repository, rig.custody, Change(**change), rig.signatory, rig.now)


@pytest.mark.parametrize("name", ["root-1", "targets-2", "online-1"])
def test_a_device_follows_when_a_key_is_replaced(rig, client, rotate, name):
    honest(rig)
    device = client()
    device.see(rig.repository.path)
    rotated = rotate(replace=(name,))
    assert rotated.revoked == ({**rig.custody.offline.keys, **rig.custody.online.keys}[name].keyid,)
    rig.publish(NEW, NEW_BYTES)
    assert target_path(NEW) in device.see(rig.repository.path)
    assert target_path(NEW) in client().see(rig.repository.path), "and so does a device that was never here"


def test_a_device_follows_three_rotations_at_once(rig, client):
    honest(rig)
    device = client()
    device.see(rig.repository.path)
    rotate_three_times(rig)
    assert target_path(NEW) in device.see(rig.repository.path)


def test_a_device_recovers_from_versions_that_a_stolen_online_key_signed(rig, client):
    honest(rig)
    device = client()
    device.see(rig.repository.path)
    fast_forward(rig)
    device.see(rig.repository.path)
    recover(rig)
    rig.publish(NEW, NEW_BYTES)
    assert target_path(NEW) in device.see(rig.repository.path)


def test_what_a_replaced_key_signs_counts_for_nothing(rig, client, rotate):
    honest(rig)
    rotate(replace=("online-1",))
    rig.forge("timestamp", lambda _: None, keys=("online-1",))
    with pytest.raises(UnsignedMetadataError):
        client().see(rig.repository.path)


def test_at_every_write_of_a_rotation_devices_can_go_on(rig, client, tmp_path):
    """Old and new keys sign what the old and the new root are to accept, before the new root appears."""
    honest(rig)
    devices = []

    def write(path, data):
        write_atomic(path, data)
        devices[0].see(path.parents[1])
        client().see(path.parents[1])

    here = Repository(rig.copy(tmp_path / "copy"), disk=Disk(write=write))
    devices.append(client())
    change = Change(replace=("root-1", "targets-1", "online-1"))
    rotate_root(here, rig.custody, change, rig.signatory, rig.now)
    assert here.versions("root") == [1, 2]


def test_a_rotation_without_changes_lets_the_root_live_longer(rig, rotate):
    before = rig.repository.root().signed
    assert rotate().made == ()
    after = rig.repository.root().signed
    assert (after.version, after.roles) == (before.version + 1, before.roles)


def test_a_lost_root_key_is_dropped_by_the_others(rig, rotate, client):
    """Two of three root keys must sign; the third one is gone with its disk."""
    rotate(add=("root",))
    lost = rig.custody.offline.keys.pop("root-3")
    device = client()
    rotate(drop=(lost.keyid[:8],), add=("root",))
    rig.publish(NEW, NEW_BYTES)
    assert device.see(rig.repository.path) == {target_path(NEW)}
    assert lost.keyid not in rig.repository.root().signed.keys


def test_keys_kept_apart_sign_one_after_the_other(rig, client):
    keys = rig.custody.offline.keys
    one, two = (
        KeyRing(rig.custody.offline.folder, [keys[f"root-{number}"], keys[f"targets-{number}"]]) for number in (1, 2)
    )
    ann, bob = (Signatory((ring, rig.custody.online), lambda _: SECRET) for ring in (one, two))
    custody = Custody(offline=one, online=rig.custody.online, secret=SECRET)
    first = rotate_root(rig.repository, custody, Change(thresholds={"root": 1}), ann, rig.now)
    assert first.installed.missing == 1
    assert rig.repository.versions("root") == [1]
    (done,) = sign_staged(rig.repository, bob, rig.now)
    assert (done.missing, rig.repository.versions("root"), rig.repository.staged()) == (0, [1, 2], [])
    assert client().updater(rig.repository.path)._trusted_set.root.version == 2


def test_what_waits_for_signatures_is_not_passed_by_another_change(rig):
    alone = Signatory((KeyRing(rig.custody.offline.folder, [rig.custody.offline.keys["targets-1"]]),), lambda _: SECRET)
    release = model_release("1.0.0", 1)
    waiting = publish(rig.repository, [Offer.of_bytes(release, model_bytes("1.0.0"))], alone, rig.now)
    assert waiting.installed.missing == 1
    with pytest.raises(ConflictError, match="waits for signatures"):
        rig.publish(NEW, NEW_BYTES)
    sign_staged(rig.repository, rig.signatory, rig.now)
    rig.publish(NEW, NEW_BYTES)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"drop": ("online-1",)}, "could never sign"),
        ({"thresholds": {"root": 3}}, "could never sign"),
        ({"thresholds": {"target": 1}}, "no such group"),
        ({"replace": ("root-9",)}, "no such key"),
        ({"drop": ("ab",)}, "no such key"),
    ],
)
def test_a_change_that_cannot_be_is_refused_before_a_key_is_made(rig, rotate, change, word):
    keys = list(rig.custody.offline.keys)
    with pytest.raises(ConfigError, match=word):
        rotate(**change)
    assert (list(rig.custody.offline.keys), rig.repository.versions("root")) == (keys, [1])


def test_a_root_from_before_what_the_keys_remember_is_refused(rig, rotate, tmp_path):
    pins = Pins((rig.custody.offline.folder,))
    old = rig.copy(tmp_path / "old")
    rotate()
    pins.keep(rig.repository.root(), 1)
    with pytest.raises(DataError, match="older than what its keys remember"):
        Repository(old, pins=pins).root()


def test_targets_that_were_taken_away_are_not_signed_over(rig):
    repository = Repository(rig.repository.path, pins=Pins((rig.custody.offline.folder,)))
    rigged = type(rig)(repository=repository, custody=rig.custody, signatory=rig.signatory, now=rig.now)
    honest(rigged)
    rigged.newest("targets").unlink()
    with pytest.raises(ConflictError, match="lacks targets that these keys have signed"):
        rigged.publish(NEW, NEW_BYTES)


def test_the_next_root_is_a_root_that_everybody_can_read(rig, rotate):
    rotate(add=("targets",), thresholds={"targets": 3})
    root = rig.repository.read(Root, 2)
    assert (len(root.signed.roles["targets"].keyids), root.signed.roles["targets"].threshold) == (3, 3)


def test_a_rotation_that_is_cut_off_behind_its_root_goes_on_with_what_the_keys_remember(rig, client):
    """The worst case: the old online key is lost, so nothing could be signed for both roots before."""

    def write(path, data):
        if path.name == "timestamp.json":
            raise _PowerCutError
        write_atomic(path, data)

    pins = Pins((rig.custody.offline.folder,))
    cut, whole = (Repository(rig.repository.path, pins=pins, disk=Disk(write=way)) for way in (write, write_atomic))
    publish(whole, [Offer.of_bytes(NEW, NEW_BYTES)], rig.signatory, rig.now)
    del rig.custody.online.keys["online-1"]
    (online,) = rig.repository.root().signed.roles["timestamp"].keyids
    with pytest.raises(_PowerCutError):
        rotate_root(cut, rig.custody, Change(replace=(online,)), rig.signatory, rig.now)
    assert whole.versions("root") == [1, 2]
    release = model_release("3.0.0", 9)
    publish(whole, [Offer.of_bytes(release, model_bytes("3.0.0"))], rig.signatory, rig.now)
    assert target_path(release) in client().see(whole.path)


@pytest.mark.parametrize("name", ["targets-1", "online-1"])
def test_a_lost_key_is_replaced_by_the_root_keys_alone(rig, rotate, client, name):
    """No old key can bridge the moment in between; a device that looks after it goes on."""
    honest(rig)
    device = client()
    device.see(rig.repository.path)
    ring = rig.custody.online if name == "online-1" else rig.custody.offline
    lost = ring.keys.pop(name)
    rotate(replace=(lost.keyid[:12],))
    rig.publish(NEW, NEW_BYTES)
    assert target_path(NEW) in device.see(rig.repository.path)


def test_what_somebody_else_put_there_to_be_signed_is_not_signed(rig):
    """Whoever steals the repository's folder can write to staging; without a first signature of ours it is his."""
    honest(rig)
    rig.repository.staging.mkdir()
    forged = rig.forge("targets", lambda signed: signed["targets"].clear(), keys=("online-1",))
    forged.rename(rig.repository.staging / forged.name)
    with pytest.raises(DataError, match="no key of the role has signed this first"):
        sign_staged(rig.repository, rig.signatory, rig.now)


def test_whoever_signs_is_shown_what(rig):
    honest(rig)
    alone = Signatory((KeyRing(rig.custody.offline.folder, [rig.custody.offline.keys["targets-1"]]),), lambda _: SECRET)
    publish(rig.repository, [Offer.of_bytes(NEW, NEW_BYTES)], alone, rig.now)
    (change,) = staged_changes(rig.repository)
    assert change.lines[0].startswith("new: model/doorbell/2.0.0/onnx-fp32.skerry, counter 6, for generic-x86, sha256 ")


def test_what_was_published_before_a_crash_waits_no_more(rig):
    honest(rig)
    rig.repository.staging.mkdir()
    (rig.repository.staging / "2.targets.json").write_bytes(rig.newest("targets").read_bytes())
    rig.publish(NEW, NEW_BYTES)
    assert list(rig.repository.staging.iterdir()) == []
