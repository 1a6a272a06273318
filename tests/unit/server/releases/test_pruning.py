"""What goes from a repository, and above all what stays: whatever a device may still load, go back to, or follow."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from chaos.ota_repositories import BOARD, model_bytes, model_release

from skerry_edge.contracts.release import decode_release
from skerry_edge.foundation.errors import ConfigError
from skerry_server.errors import ConflictError
from skerry_server.releases.amending import Amendment, amend
from skerry_server.releases.offers import Offer
from skerry_server.releases.pruning import Plan, foresee, prune, superfluous
from skerry_server.releases.publishing import publish
from skerry_server.releases.refreshing import refresh
from skerry_server.releases.repository import Disk, Repository
from skerry_server.releases.signing import Signatory
from skerry_server.releases.verification import Examination, verify_repository

WEEK = timedelta(days=7)
LATER = timedelta(days=8)
OTHER = "jetson-nano"


def _path(version):
    return f"model/doorbell/{version}.0.0/onnx-fp32.skerry"


@pytest.fixture
def published(rig):
    """Versions 1 to 5, each with bytes of its own, and a patch from 4 to 5."""
    weights = os.urandom(20_000)
    for number in range(1, 6):
        shared = weights if number >= 4 else os.urandom(20_000)
        rig.publish(model_release(f"{number}.0.0", number), model_bytes(f"{number}.0.0", weights=shared))
    return rig


@pytest.fixture
def thin(published):
    """Return a function that prunes as if so much later."""

    def act(*, keep=None, after=timedelta(0), signatory=None, repository=None):
        here = repository or published.repository
        plan = Plan(keep=keep, grace=WEEK)
        return prune(here, plan, signatory or published.signatory, published.now + after)

    return act


def test_the_newest_stay_and_the_files_of_the_others_go_a_week_later(published, thin, client):
    device = client()
    pruned = thin(keep=2)
    assert pruned.delisted == (_path(1), _path(2), _path(3))
    assert pruned.removed == (), "a device may be loading one of them"
    assert thin(after=LATER).removed != ()
    seen = device.see(published.repository.path)
    assert {_path(4), _path(5)} < seen
    assert any(path.endswith(".zst") for path in seen)
    assert sorted(path.name for path in published.repository.targets.rglob("doorbell/*")) == ["4.0.0", "5.0.0"]
    assert verify_repository(published.repository.path, Examination(now=published.now)).findings == []


def test_a_dry_run_says_what_would_go_and_changes_nothing(published, thin):
    before = sorted(published.repository.path.rglob("*"))
    plan = Plan(keep=2, grace=WEEK)
    prospect = foresee(published.repository, plan, published.now)
    assert sorted(published.repository.path.rglob("*")) == before
    assert prospect.delisted == thin(keep=2).delisted


def test_a_board_that_got_nothing_new_keeps_what_it_has(rig):
    rig.publish(model_release("1.0.0", 1, boards=(BOARD, OTHER)), model_bytes("1.0.0"))
    for number in range(2, 6):
        rig.publish(model_release(f"{number}.0.0", number), model_bytes(f"{number}.0.0", weights=os.urandom(20_000)))
    gone = superfluous(rig.repository.newest_targets().signed, 2)
    assert gone == [_path(2), _path(3)]


def test_what_lies_below_a_signed_floor_is_not_counted(published):
    amend(published.repository, Amendment(floors={"model/doorbell": 4}), published.signatory, published.now)
    gone = superfluous(published.repository.newest_targets().signed, 3)
    assert gone == [_path(1), _path(2), _path(3)], "of the three newest only two are still allowed"


def test_a_patch_goes_with_the_file_that_it_makes_and_not_with_the_one_it_is_made_from(published):
    targets = published.repository.newest_targets().signed
    (patch,) = (path for path in targets.targets if path.endswith(".zst"))
    assert decode_release(patch, targets.targets[patch].custom).version == "5.0.0"
    assert patch not in superfluous(targets, 1)
    published.publish(model_release("6.0.0", 6), model_bytes("6.0.0", weights=os.urandom(500)))
    assert patch in superfluous(published.repository.newest_targets().signed, 1)


def test_nothing_is_signed_where_all_releases_are_kept(published, thin):
    nobody = Signatory((), lambda _: "")
    amend(published.repository, Amendment(withdraw=(("model/doorbell", "1.0.0"),)), published.signatory, published.now)
    pruned = thin(after=LATER, signatory=nobody)
    assert pruned.installed is None
    assert [path for path in pruned.removed if "1.0.0" in path] != []
    with pytest.raises(ConfigError, match="no key of the targets role"):
        thin(keep=2, signatory=nobody)


def test_a_list_that_is_not_served_yet_keeps_its_files_and_those_that_are_served(published, custody_of, thin):
    """The online key is elsewhere, and has not come by for more than a week."""
    offline, online = custody_of(published)
    new = Offer.of_bytes(model_release("6.0.0", 6), model_bytes("6.0.0", weights=os.urandom(500)))
    publish(published.repository, [new], offline, published.now)
    thin(keep=2, signatory=offline)
    thin(after=LATER, signatory=offline)
    assert verify_repository(published.repository.path, Examination(now=published.now)).is_sound
    refresh(published.repository, online, published.now)
    assert verify_repository(published.repository.path, Examination(now=published.now)).findings == []


def test_roots_are_never_removed_and_a_device_of_the_first_day_can_follow(published, thin, client):
    device = client()
    published.rotate("root-1")
    published.rotate("targets-1")
    thin(keep=2)
    thin(after=LATER)
    assert published.repository.versions("root") == [1, 2, 3]
    assert _path(5) in device.see(published.repository.path)


def test_what_waits_for_signatures_stops_it(published, thin):
    published.repository.staging.mkdir()
    newest = published.repository.versions("targets")[-1]
    source = published.repository.metadata / f"{newest}.targets.json"
    (published.repository.staging / f"{newest + 1}.targets.json").write_bytes(source.read_bytes())
    with pytest.raises(ConflictError, match="waits for signatures"):
        thin(keep=2)


def test_cut_off_at_any_change_it_leaves_a_sound_repository(published, thin, tmp_path):
    """Lists first, files last; what is removed is named by nothing that is served."""
    thin(keep=2)
    for number in range(100):
        here = Repository(published.copy(tmp_path / str(number)), disk=_dying_after(number))
        try:
            thin(after=LATER, repository=here)
        except _PowerCutError:
            assert verify_repository(here.path, Examination(now=published.now)).findings == []
        else:
            assert number > 5
            return
    pytest.fail("pruning never ended")


class _PowerCutError(Exception):
    pass


def _dying_after(changes):
    left = [changes]

    def remove(path):
        if left[0] == 0:
            raise _PowerCutError
        left[0] -= 1
        path.unlink()

    return Disk(remove=remove)
