"""What a signed target says of itself, and what is refused of it."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.contracts.errors import FINAL_REASONS, ReleaseError
from skerry_edge.contracts.release import (
    REASONS,
    Floors,
    Patch,
    Release,
    decode_floors,
    decode_release,
    encode_release,
    full_path,
    target_path,
)

MODEL = Release(v=1, kind="model", name="doorbell", version="1.2.0", counter=3, boards=("pi-5",), variant="onnx-int8")
AGENT = Release(
    v=1,
    kind="agent",
    name="skerry",
    version="0.2.0",
    counter=9,
    boards=("pi-5",),
    python="cp311",
    abi="cp311",
    platform="manylinux_2_28_aarch64",
)
PATCH = Patch(from_sha256="ab" * 32, from_length=100, to_sha256="cd" * 32, to_length=120)


def test_paths_say_what_a_target_is():
    assert target_path(MODEL) == "model/doorbell/1.2.0/onnx-int8.skerry"
    assert target_path(AGENT) == "agent/skerry/0.2.0/cp311-cp311-manylinux_2_28_aarch64.tar"


def test_a_patch_lies_beside_the_file_that_it_makes():
    patched = msgspec.structs.replace(MODEL, patch=PATCH)
    assert target_path(patched) == "model/doorbell/1.2.0/onnx-int8.skerry.from-abababababababab.zst"
    assert full_path(patched) == full_path(MODEL)


@pytest.mark.parametrize("release", [MODEL, AGENT, msgspec.structs.replace(MODEL, patch=PATCH, minimum_agent="0.1.0")])
def test_custom_metadata_comes_back_as_it_went(release):
    custom = msgspec.json.decode(msgspec.json.encode(encode_release(release)))
    assert decode_release(target_path(release), custom) == release


@pytest.mark.parametrize(
    "changes",
    [
        {"moon": "full"},
        {"v": 2},
        {"counter": 0},
        {"counter": True},
        {"counter": 2**53 + 1},
        {"boards": []},
        {"boards": ["pi-5", "pi-5"]},
        {"boards": ["PI 5"]},
        {"name": "../doorbell"},
        {"version": "1.2.0\n"},
        {"variant": None},
        {"python": "cp311"},
        {"kind": "agent"},
        {"version": "1.3.0"},
        {"patch": {"from_sha256": "ab", "from_length": 1, "to_sha256": "cd" * 32, "to_length": 1}},
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(changes):
    custom = encode_release(MODEL)
    custom["skerry"].update(changes)
    with pytest.raises(ReleaseError) as refused:
        decode_release(target_path(MODEL), custom)
    assert refused.value.reason == "terms"


@pytest.mark.parametrize("custom", [None, {}, [], {"skerry": None}, {"other": {}}])
def test_a_target_that_says_nothing_is_refused(custom):
    with pytest.raises(ReleaseError):
        decode_release("model/doorbell/1.2.0/onnx-int8.skerry", custom)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_any_json_is_read_or_refused_with_a_typed_error(tree):
    with pytest.raises(ReleaseError):
        decode_release("model/x/1/y.skerry", {"skerry": tree})


def test_floors_are_empty_where_none_are_signed():
    assert decode_floors({}) == Floors(v=1)


@pytest.mark.parametrize("floors", [[], {"v": 1, "counters": {"doorbell": 3}}, {"v": 1, "counters": {"model/x": 0}}])
def test_floors_that_do_not_fit_are_refused(floors):
    with pytest.raises(ReleaseError):
        decode_floors({"skerry": floors})


def test_only_what_is_signed_speaks_against_a_release_for_good() -> None:
    assert set(REASONS) > FINAL_REASONS
    assert ReleaseError("wrong-board", "for others").is_final
    # A portal, a mirror that is behind and a clock can each make these.
    passing = ("malformed", "mismatch", "not-found", "unsigned", "expired", "frozen", "rollback", "length", "hash")
    assert not any(ReleaseError(reason, "seen now").is_final for reason in passing)
