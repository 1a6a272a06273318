"""An agent's release from wheels: what they need together, and the same bytes each time."""

from __future__ import annotations

import io
import tarfile

import msgspec
import pytest

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.foundation.errors import ConfigError, DataError
from skerry_server.releases.offers import Terms
from skerry_server.releases.wheelhouse import agent_offer, check_wheel_tar

SKERRY = "skerry-0.2.0-py3-none-any.whl"
TERMS = Terms(counter=4, boards=("raspberry-pi-5",))


@pytest.fixture
def wheelhouse(tmp_path):
    """Return a function that makes a folder with wheels of these names."""

    def make(*names, folder="wheels"):
        made = tmp_path / folder
        made.mkdir()
        for name in names:
            (made / name).write_bytes(b"PK\x03\x04" + name.encode())
        return made

    return make


def _bytes(offer):
    file = io.BytesIO()
    offer.content(file)
    return file.getvalue()


def _tags(release):
    return release.python, release.abi, release.platform


@pytest.mark.parametrize(
    ("others", "tags"),
    [
        ([], ("py3", "none", "any")),
        (["numpy-2.1.0-cp311-cp311-manylinux_2_28_aarch64.whl"], ("cp311", "cp311", "manylinux_2_28_aarch64")),
        (
            [
                "numpy-2.1.0-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
                "psutil-7.0.0-cp36-abi3-manylinux_2_12_aarch64.manylinux2010_aarch64.whl",
            ],
            ("cp311", "cp311", "manylinux_2_17_aarch64"),
        ),
        (
            [
                "cryptography-45.0.0-cp37-abi3-manylinux_2_28_x86_64.whl",
                "psutil-7.0.0-cp36-abi3-manylinux_2_12_x86_64.manylinux2010_x86_64.whl",
            ],
            ("cp37", "abi3", "manylinux_2_28_x86_64"),
        ),
        (
            ["a-1-cp311-none-manylinux_2_28_aarch64.whl", "b-1-cp311-cp311-manylinux_2_28_aarch64.whl"],
            ("cp311", "cp311", "manylinux_2_28_aarch64"),
        ),
        (["spidev-3.6-cp311-cp311-linux_armv7l.whl"], ("cp311", "cp311", "linux_armv7l")),
    ],
)
def test_tags_are_the_least_that_all_wheels_can_do_with(wheelhouse, others, tags):
    assert _tags(agent_offer(wheelhouse(SKERRY, *others), TERMS).release) == tags


@pytest.mark.parametrize(
    ("names", "word"),
    [
        (["numpy-2.1.0-py3-none-any.whl"], "a wheel of Skerry itself"),
        ([SKERRY, "skerry-0.3.0-py3-none-any.whl"], "one wheel of each project"),
        ([SKERRY, "a-1-cp311-cp311-any.whl", "b-1-cp312-cp312-any.whl"], "different Pythons"),
        ([SKERRY, "a-1-cp311-cp311-any.whl", "b-1-cp312-abi3-any.whl"], "different Pythons"),
        ([SKERRY, "a-1-cp311-none-any.whl", "b-1-cp312-cp312-any.whl"], "different Pythons"),
        ([SKERRY, "a-1-py3-none-linux_aarch64.whl", "b-1-py3-none-linux_x86_64.whl"], "different platforms"),
        ([SKERRY, "a-1-py3-none-win_amd64.whl"], "not for Linux"),
        ([SKERRY, "notes.txt"], "wheels and nothing else"),
        ([SKERRY, "nonsense.whl"], "does not say what it is"),
    ],
)
def test_wheels_that_do_not_go_together_are_refused(wheelhouse, names, word):
    with pytest.raises(ConfigError, match=word):
        agent_offer(wheelhouse(*names), TERMS)


def test_a_wheel_that_is_none_is_refused(wheelhouse):
    folder = wheelhouse(SKERRY)
    (folder / SKERRY).write_bytes(b"<html>")
    with pytest.raises(DataError, match="no wheel"):
        agent_offer(folder, TERMS)


def test_every_wheel_is_pinned_by_its_hash(wheelhouse):
    offer = agent_offer(wheelhouse(SKERRY, "numpy-2.1.0-py3-none-any.whl"), TERMS)
    with tarfile.open(fileobj=io.BytesIO(_bytes(offer))) as archive:
        lines = archive.extractfile("requirements.txt").read().decode().splitlines()
        assert archive.getnames() == ["requirements.txt", "wheels/numpy-2.1.0-py3-none-any.whl", f"wheels/{SKERRY}"]
    assert [line.split(" --hash=sha256:")[0] for line in lines] == ["numpy==2.1.0", "skerry==0.2.0"]
    assert all(len(line.split("sha256:")[1]) == 64 for line in lines)


def test_the_same_wheels_give_the_same_bytes(wheelhouse):
    names = (SKERRY, "numpy-2.1.0-py3-none-any.whl")
    one = agent_offer(wheelhouse(*names, folder="a"), TERMS)
    two = agent_offer(wheelhouse(*names[::-1], folder="b"), TERMS)
    assert _bytes(one) == _bytes(two)


def test_a_wheel_that_changes_while_it_is_packed_is_told(wheelhouse):
    folder = wheelhouse(SKERRY)
    offer = agent_offer(folder, TERMS)
    (folder / SKERRY).write_bytes(b"PK\x03\x04others")
    with pytest.raises(DataError, match="changed while it was packed"):
        _bytes(offer)


def test_a_tar_of_another_release_is_told(wheelhouse, tmp_path):
    offer = agent_offer(wheelhouse(SKERRY), TERMS)
    file = tmp_path / "agent.tar"
    file.write_bytes(_bytes(offer))
    check_wheel_tar(file, offer.release)
    with pytest.raises(ReleaseError, match="not the release"):
        check_wheel_tar(file, msgspec.structs.replace(offer.release, version="0.3.0"))
