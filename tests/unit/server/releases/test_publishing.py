"""Releases on their way to devices: what is published when, which counters are free, and crashes in between."""

from __future__ import annotations

import os
import threading

import pytest
from chaos.ota_repositories import BOARD, model_bytes, model_release

from skerry_edge.contracts.bundle import Bundle
from skerry_edge.foundation.atomic import publish as give_name
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ConfigError, DataError
from skerry_server.errors import ConflictError
from skerry_server.releases.listing import listing_of
from skerry_server.releases.offers import Offer, Terms, model_offers
from skerry_server.releases.patches import apply_patch, make_patch
from skerry_server.releases.publishing import publish
from skerry_server.releases.refreshing import refresh
from skerry_server.releases.repository import Disk, Repository
from skerry_server.releases.verification import Examination, verify_repository

ONE = model_release("1.0.0", 1)
TWO = model_release("2.0.0", 2)
ONE_PATH = "model/doorbell/1.0.0/onnx-fp32.skerry"
TWO_PATH = "model/doorbell/2.0.0/onnx-fp32.skerry"


def _offer(release, data):
    return Offer.of_bytes(release, data)


class _PowerCutError(Exception):
    pass


def _dying_after(writes):
    """Return a disk that changes so many times and then ends the process, so to say."""
    left = [writes]

    def write(path, data):
        if left[0] == 0:
            path.with_name(f".{path.name}.tmp").write_bytes(data[: len(data) // 2])
            raise _PowerCutError
        left[0] -= 1
        write_atomic(path, data)

    def give(aside, path):
        if left[0] == 0:
            raise _PowerCutError
        left[0] -= 1
        give_name(aside, path)

    return Disk(write=write, give=give)


def test_a_bundle_becomes_one_target_for_each_variant_that_devices_can_open(rig, client, discs, tmp_path):
    offers = model_offers(discs, Terms(counter=1, boards=(BOARD,)))
    published = publish(rig.repository, offers, rig.signatory, rig.now)
    assert published.targets == ("model/discs/1.0.0/onnx-fp32.skerry", "model/discs/1.0.0/tflite-fp32.skerry")
    file = tmp_path / "taken.skerry"
    file.write_bytes(client().take(rig.repository.path, "model/discs/1.0.0/tflite-fp32.skerry"))
    taken, whole = Bundle.open(file), Bundle.open(discs)
    assert list(taken.manifest.variants) == ["tflite-fp32"]
    assert taken.read(taken.variant("tflite-fp32")) == whole.read(whole.variant("tflite-fp32"))
    assert taken.strays() == ()
    assert list(taken.manifest.golden.outputs) == ["tflite-fp32"]


def test_a_variant_that_the_bundle_lacks_is_named(discs):
    with pytest.raises(ConfigError, match="no variant"):
        model_offers(discs, Terms(counter=1, boards=(BOARD,)), ["onnx-int8"])


def test_to_publish_the_same_again_changes_nothing(rig, client):
    first = rig.publish(ONE, model_bytes("1.0.0"))
    before = {path: path.read_bytes() for path in rig.repository.metadata.iterdir()}
    again = rig.publish(ONE, model_bytes("1.0.0"))
    assert (again.targets, again.known, again.installed) == ((), (ONE_PATH,), first.installed)
    assert {path: path.read_bytes() for path in rig.repository.metadata.iterdir()} == before
    assert client().see(rig.repository.path) == {ONE_PATH}


@pytest.mark.parametrize(
    ("release", "word"),
    [
        (model_release("2.0.0", 3), "with another counter"),
        (model_release("3.0.0", 2), "belongs to another version"),
        (model_release("1.5.0", 1), "belongs to another version"),
    ],
)
def test_a_counter_or_version_that_is_taken_is_refused_with_the_next_free_one(rig, release, word):
    rig.publish(ONE, model_bytes("1.0.0"))
    rig.publish(TWO, model_bytes("2.0.0"))
    with pytest.raises(ConflictError, match=word):
        rig.publish(release, model_bytes(release.version))


def test_a_counter_never_sinks(rig):
    rig.publish(model_release("1.0.0", 5), model_bytes("1.0.0"))
    with pytest.raises(ConflictError) as refused:
        rig.publish(model_release("0.9.0", 4), model_bytes("0.9.0"))
    assert refused.value.todo == "take at least 6"


def test_other_bytes_under_a_version_that_is_published_are_refused(rig, client):
    rig.publish(ONE, model_bytes("1.0.0"))
    with pytest.raises(ConflictError, match="published with other contents"):
        rig.publish(ONE, model_bytes("1.0.0", weights=b"others"))
    assert client().see(rig.repository.path) == {ONE_PATH}


def test_a_release_may_get_further_boards(rig):
    rig.publish(ONE, model_bytes("1.0.0"))
    rig.publish(model_release("1.0.0", 1, boards=("jetson-nano",)), model_bytes("1.0.0"))
    (listed,) = listing_of(rig.repository).releases
    assert listed.boards == (BOARD, "jetson-nano")


def test_a_patch_is_published_where_it_is_much_shorter_and_makes_the_full_file(rig, client):
    weights = os.urandom(200_000)
    old, new = model_bytes("1.0.0", weights=weights), model_bytes("2.0.0", weights=weights + b"more")
    rig.publish(ONE, old)
    published = rig.publish(TWO, new)
    (patch,) = (path for path in published.targets if path.endswith(".zst"))
    taken = client().take(rig.repository.path, patch)
    assert len(taken) < 0.05 * len(new)
    assert apply_patch(old, taken, len(new)) == new


def test_a_patch_finds_again_what_has_moved_far_away_in_a_large_file():
    """Sixteen megabytes, two halves of them exchanged: levels of zstd leave most of it in the patch."""
    old = os.urandom(16 << 20)
    new = old[8 << 20 :] + b"and more" + old[: 8 << 20]
    patch = make_patch(old, new)
    assert len(patch) < 0.001 * len(new)
    assert apply_patch(old, patch, len(new)) == new


@pytest.mark.parametrize("old", [b"", b"x", b"short"])
def test_a_patch_from_almost_nothing_makes_the_file(old):
    assert apply_patch(old, make_patch(old, b"new" * 1000), 3000) == b"new" * 1000


def test_no_patch_is_published_where_it_would_save_little(rig):
    rig.publish(ONE, model_bytes("1.0.0", weights=os.urandom(50_000)))
    assert rig.publish(TWO, model_bytes("2.0.0", weights=os.urandom(50_000))).targets == (TWO_PATH,)


@pytest.mark.parametrize("length", [0, 10, 1 << 40])
def test_a_patch_is_not_applied_to_make_more_or_less_than_was_signed(length):
    with pytest.raises(DataError):
        apply_patch(b"old" * 100, make_patch(b"old" * 100, b"new" * 100), length)


def test_a_crash_at_any_write_leaves_devices_with_the_old_or_the_new_and_the_next_try_ends_it(rig, client, tmp_path):
    weights = os.urandom(100_000)
    rig.publish(ONE, model_bytes("1.0.0", weights=weights))
    for writes in range(12):
        device = client()
        here = Repository(rig.copy(tmp_path / f"copy-{writes}"), disk=_dying_after(writes))
        there = Repository(here.path)
        new = [_offer(TWO, model_bytes("2.0.0", weights=weights + b"x"))]
        try:
            publish(here, new, rig.signatory, rig.now)
        except _PowerCutError:
            assert device.see(here.path) == {ONE_PATH}, f"after {writes} writes"
            publish(there, new, rig.signatory, rig.now)
            assert TWO_PATH in device.see(here.path)
            assert verify_repository(there.path, Examination(now=rig.now)).findings == []
        else:
            assert writes == 5, "two files, targets, snapshot and timestamp"
            return
    pytest.fail("publishing never ended")


def test_only_one_command_changes_a_repository_at_a_time(rig):
    refusals = []

    def second():
        try:
            publish(Repository(rig.repository.path), [_offer(ONE, model_bytes("1.0.0"))], rig.signatory, rig.now)
        except ConflictError as error:
            refusals.append(error.what)

    with rig.repository.locked():
        other = threading.Thread(target=second)
        other.start()
        other.join()
    assert refusals == ["another command is changing the repository"]


def test_a_patient_command_waits_for_the_one_before(rig):
    """The server's job signs for a moment now and then; nobody's command should fail for that."""
    patient = Repository(rig.repository.path, patience_s=60.0)
    published, tried = [], threading.Event()

    def second():
        tried.set()
        published.append(publish(patient, [_offer(ONE, model_bytes("1.0.0"))], rig.signatory, rig.now))

    with rig.repository.locked():
        other = threading.Thread(target=second)
        other.start()
        assert tried.wait(60)
    other.join(60)
    assert published[0].targets == (ONE_PATH,)


def test_the_server_publishes_targets_signed_elsewhere_when_their_files_have_come(rig, client, custody_of, tmp_path):
    offline, online = custody_of(rig)
    desk = Repository(rig.copy(tmp_path / "desk"))
    published = publish(desk, [_offer(ONE, model_bytes("1.0.0"))], offline, rig.now)
    assert published.installed.refreshed is None
    device, server = client(), rig.repository
    name = f"{published.installed.version}.targets.json"
    (server.metadata / name).write_bytes((desk.metadata / name).read_bytes())
    refresh(server, online, rig.now)
    assert device.see(server.path) == set(), "the file that they name has not come yet"
    target = desk.newest_targets().signed.targets[ONE_PATH]
    server.give_target(target, desk.target_file(target))
    refresh(server, online, rig.now)
    assert device.see(server.path) == {ONE_PATH}


def test_nothing_is_signed_that_only_the_repository_s_folder_vouches_for(rig, client):
    rig.publish(ONE, model_bytes("1.0.0"))
    evil = {"length": 4, "hashes": {"sha256": "ab" * 32}, "custom": {"skerry": {}}}
    rig.forge("targets", lambda signed: signed["targets"].update({"model/evil/1/x.skerry": evil}), keys=())
    rig.publish(TWO, model_bytes("2.0.0", weights=os.urandom(5000)))
    assert client().see(rig.repository.path) == {ONE_PATH, TWO_PATH}


def test_a_root_that_nobody_signed_stops_everything(rig):
    rig.forge("root", lambda signed: signed["roles"]["targets"].update(threshold=1), keys=("root-1",))
    with pytest.raises(DataError, match="not signed by the one before"):
        rig.publish(ONE, model_bytes("1.0.0"))


def test_a_timestamp_that_nobody_signed_is_not_carried_on(rig):
    rig.forge("timestamp", lambda signed: signed.update(version=2**31), keys=())
    with pytest.raises(DataError, match="the timestamp is not signed"):
        rig.refresh()


def test_a_repository_whose_timestamp_is_gone_does_not_begin_again(rig, client):
    rig.publish(ONE, model_bytes("1.0.0"))
    device = client()
    device.see(rig.repository.path)
    rig.newest("timestamp").unlink()
    with pytest.raises(DataError, match="the timestamp is gone"):
        rig.refresh()
    refresh(rig.repository, rig.signatory, rig.now, leaving=1000)
    assert device.see(rig.repository.path) == {ONE_PATH}


@pytest.mark.parametrize("years", [-5, 5])
def test_nothing_is_signed_with_a_clock_that_cannot_be_right(rig, now, years):
    with pytest.raises(ConfigError, match="clock"):
        refresh(rig.repository, rig.signatory, now.replace(year=now.year + years, day=1))
