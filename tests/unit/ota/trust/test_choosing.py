"""Which target a device takes for a release, and why it takes none."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.release import Patch, Release, encode_release, target_path
from skerry_edge.ota.choice import Wanted
from skerry_edge.ota.trust.choosing import Listed, Subject, choose, newest
from skerry_edge.ota.trust.counters import Counters
from skerry_edge.ota.trust.device import Device, Interpreter, version_order

HERE = Interpreter(python="cp311", machine="aarch64", glibc=(2, 36))
DEVICE = Device(board="raspberry-pi-4", agent_version="0.3.0", interpreter=HERE)
MODEL = Release(
    v=1, kind="model", name="door", version="2.0.0", counter=6, boards=("raspberry-pi-4", "jetson"), variant="onnx-int8"
)
AGENT = Release(
    v=1,
    kind="agent",
    name="skerry",
    version="0.4.0",
    counter=4,
    boards=("raspberry-pi-4",),
    python="cp311",
    abi="cp311",
    platform="manylinux_2_28_aarch64",
)
OLD_SHA256, FULL_SHA256 = "a" * 64, "b" * 64
WANTED = Wanted(kind="model", name="door", version="2.0.0", variant="onnx-int8", counter=6)
WANTED_AGENT = Wanted(kind="agent", name="skerry", version="0.4.0")


def listed(release: Release, *, length: int = 1000, sha256: str | None = FULL_SHA256, custom: Any = None) -> Listed:
    path = target_path(release)
    custom = encode_release(release) if custom is None else custom
    return Listed(path=path, location=f"at/{path}", length=length, sha256=sha256, custom=custom)


def changed(release: Release, **changes: Any) -> Release:
    return msgspec.structs.replace(release, **changes)


def patched(**changes: Any) -> Release:
    described = {"from_sha256": OLD_SHA256, "from_length": 900, "to_sha256": FULL_SHA256, "to_length": 1000}
    return changed(MODEL, patch=Patch(**{**described, **changes}))


def reason(wanted: Wanted, *there: Listed, counters: dict[str, int] | None = None, device: Device = DEVICE) -> str:
    with pytest.raises(ReleaseError) as caught:
        choose(wanted, there, device, Counters(committed=counters or {}))
    return caught.value.reason


def test_the_variant_of_the_backend_is_taken_and_no_other() -> None:
    other = listed(changed(MODEL, variant="onnx-fp32"), sha256="c" * 64)
    choice = choose(WANTED, [other, listed(MODEL)], DEVICE, Counters(committed={"model/door": 6}))
    assert (choice.target.path, choice.target.location) == (target_path(MODEL), f"at/{target_path(MODEL)}")
    assert choice.patch is None
    assert choice.total_bytes == 1000


def test_a_choice_survives_a_journal() -> None:
    choice = choose(WANTED, [listed(MODEL), listed(patched(), length=50)], DEVICE, Counters(), have_sha256=OLD_SHA256)
    assert msgspec.json.decode(msgspec.json.encode(choice), type=type(choice)) == choice


def test_the_patch_from_the_file_that_is_held_is_taken_with_the_full_file_as_the_way_out() -> None:
    there = [listed(MODEL), listed(patched(), length=50, sha256="d" * 64)]
    choice = choose(WANTED, there, DEVICE, Counters(), have_sha256=OLD_SHA256)
    assert choice.patch is not None
    assert choice.patch.sha256 == "d" * 64
    assert choice.target.sha256 == FULL_SHA256
    assert choice.total_bytes == 50


@pytest.mark.parametrize(
    ("patch", "length"),
    [
        (patched(from_sha256="e" * 64), 50),
        (patched(to_sha256="e" * 64), 50),
        (patched(to_length=999), 50),
        (patched(), 1000),
        (changed(patched(), boards=("jetson",)), 50),
    ],
    ids=["from another file", "to another file", "to another length", "no shorter", "for another board"],
)
def test_a_patch_that_does_not_fit_is_left_alone(patch: Release, length: int) -> None:
    choice = choose(WANTED, [listed(MODEL), listed(patch, length=length)], DEVICE, Counters(), have_sha256=OLD_SHA256)
    assert choice.patch is None


def test_a_patch_alone_is_no_release() -> None:
    assert reason(WANTED, listed(patched(), length=50)) == "not-found"


def test_what_is_not_there_is_told_from_what_is_for_others() -> None:
    assert reason(WANTED) == "not-found"
    assert reason(WANTED, listed(changed(MODEL, variant="onnx-fp32"))) == "not-found"
    assert reason(WANTED, listed(changed(MODEL, boards=("jetson",)))) == "wrong-board"


def test_a_board_that_only_begins_alike_is_another() -> None:
    assert reason(WANTED, listed(changed(MODEL, boards=("raspberry-pi-4b", "raspberry-pi")))) == "wrong-board"


def test_a_release_below_a_floor_is_refused_and_one_at_it_is_not() -> None:
    assert reason(WANTED, listed(MODEL), counters={"model/door": 7}) == "counter"
    assert choose(WANTED, [listed(MODEL)], DEVICE, Counters(committed={"model/door": 6, "agent/skerry": 9}))


def test_an_order_that_calls_the_release_by_another_counter_is_refused() -> None:
    assert reason(msgspec.structs.replace(WANTED, counter=7), listed(MODEL)) == "counter"


@pytest.mark.parametrize("least", ["0.3.1", "0.4.0.dev1", "1"])
def test_a_release_for_a_newer_agent_is_refused(least: str) -> None:
    assert reason(WANTED, listed(changed(MODEL, minimum_agent=least))) == "agent-too-old"


@pytest.mark.parametrize(
    ("custom", "length", "sha256"),
    [({}, 1000, FULL_SHA256), ({"skerry": {"v": 2}}, 1000, FULL_SHA256), (None, 0, FULL_SHA256), (None, 1000, None)],
)
def test_a_target_that_cannot_be_understood_is_refused(custom: Any, length: int, sha256: str | None) -> None:
    assert reason(WANTED, listed(MODEL, length=length, sha256=sha256, custom=custom)) == "terms"


def test_another_release_that_cannot_be_understood_is_no_obstacle() -> None:
    odd = listed(changed(MODEL, version="3.0.0"), custom={})
    assert choose(WANTED, [odd, listed(MODEL)], DEVICE, Counters())


@pytest.mark.parametrize(
    ("tags", "runs"),
    [
        (("cp311", "cp311", "manylinux_2_28_aarch64"), True),
        (("cp311", "cp311", "manylinux2014_aarch64"), True),
        (("cp311", "abi3", "linux_aarch64"), True),
        (("py3", "none", "any"), True),
        (("cp312", "cp312", "manylinux_2_28_aarch64"), False),
        (("cp311", "cp312", "manylinux_2_28_aarch64"), False),
        (("cp311", "cp311", "manylinux_2_28_x86_64"), False),
        (("cp311", "cp311", "manylinux_2_39_aarch64"), False),
        (("cp311", "cp311", "musllinux_1_2_aarch64"), False),
    ],
)
def test_wheels_are_taken_where_they_run(tags: tuple[str, str, str], runs: bool) -> None:
    release = changed(AGENT, python=tags[0], abi=tags[1], platform=tags[2])
    if runs:
        assert choose(WANTED_AGENT, [listed(release)], DEVICE, Counters()).release == release
    else:
        assert reason(WANTED_AGENT, listed(release)) == "wrong-platform"


def test_of_wheels_for_several_platforms_those_for_the_newest_glibc_are_taken() -> None:
    tags = ("manylinux_2_9_aarch64", "manylinux_2_28_aarch64", "manylinux2014_aarch64", "any")
    there = [listed(changed(AGENT, platform=tag)) for tag in tags]
    assert choose(WANTED_AGENT, there, DEVICE, Counters()).release.platform == "manylinux_2_28_aarch64"


def test_versions_are_ordered_as_semver_and_pep_440_have_it() -> None:
    rising = ["0.9", "0.10.0.dev1", "0.10.0a1", "0.10.0-beta.2", "0.10.0rc1", "0.10.0", "0.10.1", "1.0", "1.0.1+local"]
    assert all(version_order(lower) < version_order(higher) for lower, higher in pairwise(rising))
    assert version_order("1.0.0") == version_order("1")


def test_the_newest_is_the_highest_counter_that_may_be_taken() -> None:
    there = [
        listed(MODEL),
        listed(changed(MODEL, version="1.0.0", counter=5)),
        listed(changed(MODEL, version="3.0.0", counter=7), custom={"skerry": {"v": 2}}),
        listed(changed(MODEL, version="4.0.0", counter=8, boards=("jetson",))),
        listed(changed(MODEL, version="5.0.0", counter=9, minimum_agent="9")),
        listed(changed(MODEL, version="6.0.0", counter=10, variant="onnx-fp32")),
    ]
    subject = Subject(kind="model", name="door", variant="onnx-int8")
    assert newest(subject, there, DEVICE, Counters(committed={"model/door": 6})) == WANTED
    assert newest(subject, there, DEVICE, Counters(committed={"model/door": 7})) is None
    assert newest(Subject(kind="agent", name="skerry"), there, DEVICE, Counters()) is None
