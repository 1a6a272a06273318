"""The server's own repository: what it can roll out, and signed anew while a process has the job."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta, timezone

import pytest

from skerry_edge.contracts.release import Release
from skerry_edge.foundation.errors import ConfigError
from skerry_server.config.ota import Ota, check_ota
from skerry_server.config.server import ServerConfig, Settings
from skerry_server.errors import ConflictError, NotFoundError
from skerry_server.health import Health
from skerry_server.releases.founding import Charter, found
from skerry_server.releases.keyring import Custody, KeyRing
from skerry_server.releases.offers import Offer
from skerry_server.releases.publishing import publish
from skerry_server.releases.repository import Repository
from skerry_server.releases.signing import Signatory
from skerry_server.rollouts.catalogue import Catalogue, completed
from skerry_server.rollouts.refreshing import open_refreshing

AN_HOUR_AGO = datetime.now(timezone.utc) - timedelta(hours=1)


def release(version, counter, variant="onnx-int8"):
    return Release(
        v=1, kind="model", name="signs", version=version, counter=counter, boards=("pi-5", "pi-4"), variant=variant
    )


@pytest.fixture
def repository(tmp_path):
    """A repository with two versions of a model, signed an hour ago; its online key lies apart."""
    there = Repository(tmp_path / "ota")
    custody = Custody(offline=KeyRing(tmp_path / "offline"), online=KeyRing(tmp_path / "online"), secret=None)
    found(there, custody, Charter(), lambda _name: "", AN_HOUR_AGO)
    signatory = Signatory((custody.offline, custody.online), lambda _name: "")
    for version, counter in (("1.0.0", 1), ("2.0.0", 2)):
        offers = [
            Offer.of_bytes(release(version, counter, variant), hashlib.sha256(f"{version}{variant}".encode()).digest())
            for variant in ("onnx-int8", "onnx-fp32")
        ]
        publish(there, offers, signatory, AN_HOUR_AGO)
    return there


@pytest.fixture
def refreshing(tmp_path):
    """The job of a server whose configuration names the repository and the online key."""
    config = ServerConfig(ota=Ota(repository="ota", online_keys="online", refresh_s=600))
    health = Health([])
    return open_refreshing(Settings(config=config, base=tmp_path, state=tmp_path), health), health


def test_releases_are_listed_with_what_they_are_signed_with(repository):
    newest, oldest = Catalogue(repository.path).releases()
    assert (newest.version, newest.counter, newest.boards) == ("2.0.0", 2, ("pi-4", "pi-5"))
    assert newest.files == {"onnx-int8": 32, "onnx-fp32": 32}
    assert oldest.version == "1.0.0"


def test_a_wish_is_completed_from_the_signed_release_and_cannot_contradict_it(repository):
    catalogue, wish = Catalogue(repository.path), {"kind": "model", "name": "signs", "version": "2.0.0"}
    assert completed(wish, catalogue) == wish | {"counter": 2, "boards": ["pi-4", "pi-5"]}
    with pytest.raises(ConflictError, match="another counter"):
        completed(wish | {"counter": 3}, catalogue)
    assert completed(wish | {"boards": ["pi-5"]}, catalogue)["boards"] == ["pi-5"]
    with pytest.raises(ConflictError, match="jetson-nano"):
        completed(wish | {"boards": ["pi-5", "jetson-nano"]}, catalogue)
    with pytest.raises(NotFoundError, match="no such release"):
        completed(wish | {"version": "3.0.0"}, catalogue)
    with pytest.raises(ConflictError, match="no repository"):
        completed(wish, None)


def test_the_timestamp_is_signed_anew_and_says_when(repository, refreshing):
    job, health = refreshing
    before = repository.timestamp().signed
    assert job.turn()
    after = repository.timestamp().signed
    assert after.version == before.version + 1
    assert after.expires > before.expires
    assert health.remarks() == {}
    assert job.turn(), "nothing is due"
    assert repository.timestamp().signed.version == after.version


def test_a_failure_is_told_and_tried_again_soon(repository, refreshing):
    job, health = refreshing
    with repository.locked():
        assert not job.turn()
    assert "ota refresh" in health.remarks()
    assert job.pause_s(0) < job.pause_s(1) < job.pause_s(3)
    assert job.turn()
    assert health.remarks() == {}


def test_a_server_without_the_online_key_signs_nothing(tmp_path):
    config = ServerConfig(ota=Ota(repository="ota"))
    assert open_refreshing(Settings(config=config, base=tmp_path, state=tmp_path), Health([])) is None
    with pytest.raises(ConfigError, match=r"ota\.repository"):
        check_ota(Ota(online_keys="online"), where="server.toml")


@pytest.mark.parametrize(
    ("name", "version", "told"), [("sign", "1.0.0", "did you mean 'signs'?"), ("signs", "3.0.0", "it has 2.0.0, 1.0.0")]
)
def test_a_release_that_is_not_there_brings_up_what_is(repository, name, version, told):
    with pytest.raises(NotFoundError) as caught:
        Catalogue(repository.path).find("model", name, version)
    assert told in str(caught.value)
