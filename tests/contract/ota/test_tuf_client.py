"""The client against the cases of the public TUF conformance suite, as its documents describe them."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner

from skerry_edge.ota import tuf_client

FIRST = {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}


def test_the_script_is_what_the_suite_calls(client, project_root: Path) -> None:
    script = project_root / "scripts" / "tuf-client"
    assert script.read_text().splitlines()[0] == "#!/usr/bin/env python3"
    assert script.stat().st_mode & 0o111 == 0o111
    line = [sys.executable, str(script), "--metadata-dir", str(client.metadata)]
    line += ["--metadata-url", f"{client.repository.address}/metadata", "refresh"]
    assert subprocess.run(line, check=False).returncode == 0
    assert client.versions() == FIRST


@pytest.mark.parametrize("words", [("refresh",), ("--metadata-url", "http://127.0.0.1:1/", "download"), ("else",)])
def test_a_command_line_that_does_not_fit_is_told(client, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        tuf_client.main(["--metadata-dir", str(client.metadata), *words])
    assert ended.value.code == 2


def test_a_refresh_asks_for_each_role_once(client, repository) -> None:
    assert client.refresh() == 0
    assert repository.asked_metadata() == ["2.root", "timestamp", "1.snapshot", "1.targets"]
    assert client.versions() == FIRST
    assert client.refresh() == 0
    assert repository.asked_metadata() == ["2.root", "timestamp"]


def test_a_repository_without_versioned_names_is_followed(client, repository) -> None:
    repository.root.consistent_snapshot = False
    repository.publish("root")
    repository.add_target("x", b"content")
    repository.publish_all()
    assert client.download("x") == 0
    assert client.downloaded() == [b"content"]


def test_a_download_refreshes_first_and_fails_for_an_unknown_target(client, repository) -> None:
    assert client.download("nonexistent artifact") == 1
    assert repository.asked_metadata() == ["2.root", "timestamp", "1.snapshot", "1.targets"]
    assert client.versions() == FIRST


@pytest.mark.parametrize("damage", ["version", "signature", "text"])
def test_a_bad_first_root_is_refused_before_anything_is_asked(client, repository, damage: str) -> None:
    root = json.loads(repository.files["/metadata/1.root.json"])
    if damage == "version":
        del root["signed"]["version"]
    elif damage == "signature":
        root["signatures"][0]["sig"] = "30" * 64
    client.init(b"no JSON" if damage == "text" else json.dumps(root).encode())
    assert client.refresh() == 1
    assert repository.asked == []


def test_trusted_metadata_is_kept_byte_for_byte(client, repository) -> None:
    assert client.refresh() == 0
    for role, name in (("root", "1.root"), ("timestamp", "timestamp"), ("snapshot", "1.snapshot")):
        assert (client.metadata / f"{role}.json").read_bytes() == repository.files[f"/metadata/{name}.json"]


def test_unknown_fields_are_part_of_what_is_signed(client, repository) -> None:
    repository.root.unrecognized_fields["custom-field"] = {"a": [1, 2]}
    repository.root.roles["root"].unrecognized_fields["another-field"] = "value"
    repository.publish("root")
    assert client.refresh() == 0
    assert client.version("root") == 2


def test_a_timestamp_that_changed_under_its_version_is_not_taken(client, repository) -> None:
    assert client.refresh() == 0
    before = (client.metadata / "timestamp.json").read_bytes()
    repository.signed("timestamp").snapshot_meta.version = 100
    repository.sign("timestamp")
    assert client.refresh() == 0
    assert (client.metadata / "timestamp.json").read_bytes() == before


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
@pytest.mark.parametrize("with_hashes", [False, True])
def test_older_metadata_is_refused(client, repository, role: str, with_hashes: bool) -> None:
    repository.hashes_in_meta = with_hashes
    repository.publish_all()
    assert client.refresh() == 0
    repository.set_version(role, 1)
    for above in ("snapshot", "timestamp")[("targets", "snapshot", "timestamp").index(role) :]:
        repository.publish(above)
    assert client.refresh() == 1
    assert client.version(role) == 2


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_older_metadata_is_refused_with_all_caches_lost(client, repository, role: str) -> None:
    repository.publish_all()
    assert client.refresh() == 0
    client.forget()
    repository.set_version(role, 1)
    for above in ("snapshot", "timestamp")[("targets", "snapshot", "timestamp").index(role) :]:
        repository.publish(above)
    assert client.refresh() == 1
    assert client.version(role) is None


def test_a_snapshot_of_another_version_than_named_ends_there(client, repository) -> None:
    repository.signed("snapshot").version += 1
    raw = repository.sign("snapshot")
    repository.files["/metadata/1.snapshot.json"] = raw
    repository.signed("timestamp").snapshot_meta.version = 1
    repository.sign("timestamp")
    assert client.refresh() == 1
    assert client.versions() == {"root": 1, "timestamp": 1, "snapshot": None, "targets": None}


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_metadata_that_is_another_than_its_hash_is_refused(client, repository, role: str) -> None:
    repository.hashes_in_meta = True
    repository.publish_all()
    repository.signed(role).unrecognized_fields["changed"] = True
    snapshot_meta = repository.signed("timestamp").snapshot_meta
    repository.sign(role)
    repository.signed("timestamp").snapshot_meta = snapshot_meta
    assert client.refresh() == 1
    assert client.version(role) is None


RECOVERIES = {"timestamp": ("timestamp",), "snapshot": ("snapshot", "timestamp"), "targets": ("snapshot",)}


@pytest.mark.parametrize("role", RECOVERIES)
@pytest.mark.parametrize("caches", ["kept", "lost"])
def test_new_keys_end_a_fast_forward_attack(client, repository, role: str, caches: str) -> None:
    repository.set_version(role, 99_999)
    for above in ("snapshot", "timestamp")[("targets", "snapshot", "timestamp").index(role) :]:
        repository.publish(above)
    assert client.refresh() == 0
    assert client.version(role) == 99_999
    repository.rotate(*RECOVERIES[role])
    repository.set_version(role, 1)
    for above in ("snapshot", "timestamp")[("targets", "snapshot", "timestamp").index(role) :]:
        repository.publish(above)
    if role == "timestamp":
        repository.publish("snapshot")
        repository.set_version("timestamp", 1)
    if caches == "lost":
        client.forget()
    assert client.refresh() == 0
    assert client.version(role) == 1


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets"])
def test_expired_metadata_is_not_taken(client, repository, role: str) -> None:
    assert client.refresh() == 0
    repository.signed(role).expires = client.clock.now - timedelta(days=1)
    repository.publish(role)
    for above in ("snapshot", "timestamp"):
        if above != role:
            repository.publish(above)
    assert client.refresh() == 1
    assert client.version(role) == (2 if role == "root" else 1)
    assert client.version("targets") == 1


def test_an_expired_root_on_the_way_to_a_newer_one_is_no_obstacle(client, repository) -> None:
    good = repository.root.expires
    repository.root.expires = client.clock.now - timedelta(days=1)
    repository.publish("root")
    repository.root.expires = good
    repository.publish("root")
    assert client.refresh() == 0
    assert client.version("root") == 3


def test_expired_local_metadata_still_guards_against_older(client, repository) -> None:
    repository.signed("timestamp").expires = client.clock.now + timedelta(days=7)
    repository.publish_all()
    assert client.refresh() == 0
    client.clock.now += timedelta(days=18)
    repository.signed("timestamp").expires = client.clock.now + timedelta(days=3)
    repository.set_version("timestamp", 1)
    assert client.refresh() == 1
    repository.signed("timestamp").version = 2
    repository.publish_all()
    assert client.refresh() == 0
    assert client.version("timestamp") == 3


def test_a_threshold_needs_so_many_signatures(client, repository, new_key) -> None:
    keys = [new_key() for _ in range(3)]
    repository.give_keys("snapshot", *keys, threshold=3)
    repository.publish("root")
    repository.signers["snapshot"] = keys[:2]
    repository.publish("snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.version("snapshot") is None
    repository.signers["snapshot"] = keys
    repository.publish("snapshot", "timestamp")
    assert client.refresh() == 0
    assert client.version("snapshot") == 3


def test_one_key_under_many_ids_counts_once(client, repository, new_key, same_key_again) -> None:
    key = new_key()
    again = [same_key_again(key, f"{number:064x}") for number in range(5)]
    repository.give_keys("snapshot", key, *again, threshold=6)
    repository.publish("root")
    repository.publish("snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.version("snapshot") is None


def test_a_root_with_one_key_under_two_ids_is_refused_on_the_way_to_a_better_one(
    client, repository, new_key, same_key_again
) -> None:
    key = new_key()
    repository.give_keys("snapshot", key, same_key_again(key, "0" * 64), threshold=2)
    repository.publish("root")
    repository.give_keys("snapshot", key)
    repository.publish("root")
    repository.publish_all()
    assert client.refresh() == 1
    assert (client.metadata / "root.json").read_bytes() == repository.files["/metadata/1.root.json"]


def test_an_odd_hash_algorithm_of_a_key_does_not_matter(client, repository) -> None:
    keyid = repository.root.roles["snapshot"].keyids[0]
    repository.root.keys[keyid].unrecognized_fields["keyid_hash_algorithms"] = ["md5"]
    repository.publish("root")
    repository.publish_all()
    assert client.refresh() == 0


ROTATIONS = {
    "one key by another": ([([1], 1, [1]), ([2], 1, [2, 1]), ([2], 1, [2])], True),
    "unused signatures": ([([1], 1, [3, 1, 4]), ([2], 1, [3, 2, 1, 4]), ([2], 1, [3, 2, 4])], True),
    "other combinations": ([([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 2, 3, 4], 3, [0, 4, 1])], True),
    "one of five": ([([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 1])], True),
    "all of five": (
        [([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]), ([5, 6, 7, 8, 9], 3, [5, 6, 7])],
        True,
    ),
    "a higher threshold": ([([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [1, 2])], True),
    "a lower threshold": ([([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [1, 2]), ([1, 2, 3], 1, [1])], True),
    "three at once": ([([1], 1, [1]), ([2], 1, [1, 2]), ([3], 1, [2, 3]), ([4], 1, [3, 4])], True),
    "without the old key": ([([1], 1, [1]), ([2], 1, [2, 3, 4])], False),
    "without the new key": ([([1], 1, [1]), ([2], 1, [1, 3, 4])], False),
    "too few new keys": ([([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 2, 4])], False),
    "too few old keys": ([([0, 1, 2, 3, 4], 3, [0, 2, 4]), ([0, 1, 3, 4, 5], 3, [0, 4, 5])], False),
    "a new threshold not reached": ([([1, 2, 3], 1, [1]), ([1, 2, 3], 2, [2])], False),
    "an old threshold not reached": ([([1, 2, 3], 2, [1, 2]), ([1, 2, 3], 1, [2])], False),
}


@pytest.mark.parametrize(("steps", "is_good"), ROTATIONS.values(), ids=ROTATIONS)
def test_a_chain_of_roots_is_followed_as_far_as_it_is_signed(client, repository, new_key, steps, is_good: bool) -> None:
    signers = [new_key() for _ in range(10)]
    for number, (keys, threshold, signatures) in enumerate(steps, start=1):
        repository.give_keys("root", *(signers[key] for key in keys), threshold=threshold)
        repository.signers["root"] = [signers[key] for key in signatures]
        repository.set_version("root", number)
    client.init(repository.files["/metadata/1.root.json"])
    assert client.refresh() == (0 if is_good else 1)
    last = len(steps) if is_good else len(steps) - 1
    assert (client.metadata / "root.json").read_bytes() == repository.files[f"/metadata/{last}.root.json"]


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
@pytest.mark.parametrize(
    ("signatures", "is_good"), [((0, 2, 4), True), ((2, 3, 4), True), ((0, 5, 6), False), ((0, 4), False)]
)
def test_other_roles_need_their_threshold_after_a_rotation(
    client, repository, new_key, role, signatures, is_good
) -> None:
    signers = [new_key() for _ in range(7)]
    repository.give_keys(role, *signers[:5], threshold=3)
    repository.publish("root")
    repository.signers[role] = [signers[number] for number in signatures]
    repository.publish_all()
    assert client.refresh() == (0 if is_good else 1)
    assert (client.version(role) == 2) is is_good


@pytest.mark.parametrize("path", ["target_file.txt", "path/to/a/target_file.txt", "odd name/ä+?#.txt", "a+b@c,d=e.txt"])
def test_a_target_is_downloaded(client, repository, path: str) -> None:
    repository.add_target(path, b"target file contents")
    repository.publish_all()
    assert client.refresh() == 0
    assert client.downloaded() == []
    assert client.download(path) == 0
    assert client.downloaded() == [b"target file contents"]


def test_a_path_that_is_quoted_already_is_asked_for_as_it_is(client, repository) -> None:
    at = repository.add_target("a%20b.txt", b"content")
    repository.publish_all()
    assert client.download("a%20b.txt") == 0
    assert at in repository.asked


def test_an_empty_target_is_one(client, repository) -> None:
    repository.add_target("empty", b"")
    repository.publish_all()
    assert client.download("empty") == 0
    assert client.downloaded() == [b""]


def test_the_clock_of_the_machine_counts_for_a_client_that_is_called_by_hand(
    client, project_root, need_program
) -> None:
    line = [need_program("faketime"), "2099-01-01", sys.executable, str(project_root / "scripts" / "tuf-client")]
    line += ["--metadata-dir", str(client.metadata), "--metadata-url", f"{client.repository.address}/metadata"]
    assert subprocess.run([*line, "refresh"], check=False, capture_output=True).returncode == 1
    assert client.versions() == {"root": 1, "timestamp": None, "snapshot": None, "targets": None}


@pytest.mark.parametrize("generate", ["generate_rsa", "generate_ecdsa"])
def test_keys_of_other_kinds_are_verified(client, repository, generate: str) -> None:
    for role in ("root", "targets", "snapshot", "timestamp"):
        before = list(repository.signers[role])
        key = getattr(CryptoSigner, generate)()
        repository.give_keys(role, key)
        if role == "root":
            repository.signers["root"] = [*before, key]
    repository.publish("root")
    repository.publish_all()
    assert client.refresh() == 0
    assert client.version("targets") == 2


def test_a_target_that_is_there_is_not_downloaded_again(client, repository) -> None:
    at = repository.add_target("x", b"content")
    repository.publish_all()
    assert client.download("x") == client.download("x") == 0
    assert repository.asked.count(at) == 1


def test_a_substituted_target_is_refused_and_the_good_one_kept(client, repository) -> None:
    first, second = repository.add_target("one", b"first content"), repository.add_target("two", b"second one")
    repository.publish_all()
    assert client.download("one") == 0
    repository.files[first] = repository.files[second] = b"malicious"
    client.download("one")
    assert client.download("two") == 1
    assert client.downloaded() == [b"first content"]


def test_a_changed_target_takes_the_place_of_the_old_one(client, repository) -> None:
    for number in range(3):
        repository.add_target("x", b"content %d" % number)
        repository.publish_all()
        assert client.download("x") == 0
        assert client.downloaded() == [b"content %d" % number]


GRAPHS = {
    "one level": ([("targets", "A"), ("targets", "B")], ["A", "B"]),
    "depth first": ([("targets", "A"), ("targets", "B"), ("A", "C"), ("A", "D")], ["A", "C", "D", "B"]),
    "terminating": ([("targets", "A"), ("targets", "B"), ("A", "C", True), ("A", "D")], ["A", "C"]),
    "a cycle": ([("targets", "A"), ("targets", "B"), ("B", "C"), ("C", "D"), ("D", "B")], ["A", "B", "C", "D"]),
    "two to a third": ([("targets", "A"), ("targets", "B"), ("B", "C"), ("A", "C")], ["A", "C", "B"]),
}


@pytest.mark.parametrize(("edges", "order"), GRAPHS.values(), ids=GRAPHS)
def test_delegations_are_walked_in_their_order(client, repository, edges, order: list[str]) -> None:
    for parent, name, *terminating in edges:
        repository.delegate(parent, name, ["*"], terminating=bool(terminating))
    for name in {edge[1] for edge in edges}:
        repository.sign(name)
    repository.publish_all()
    assert client.download("missing") == 1
    assert repository.asked_metadata()[4:] == [f"1.{name}" for name in order]


def test_a_delegated_target_is_found_only_where_its_path_is_delegated(client, repository) -> None:
    repository.delegate("targets", "A", ["*.md"])
    repository.delegate("targets", "B", ["releases/*/*"])
    repository.delegate("B", "C", ["releases/x/*"])
    repository.add_target("README.md", b"by A", "A")
    repository.add_target("releases/x/one", b"by C", "C")
    repository.add_target("releases/z/one", b"not for C", "C")
    for name in ("A", "C", "B"):
        repository.sign(name)
    repository.publish_all()
    assert client.download("README.md") == 0
    assert client.download("releases/x/one") == 0
    assert client.download("releases/z/one") == 1
    assert client.downloaded() == [b"by A", b"by C"]


@pytest.mark.parametrize("name", ["?", "#", "/delegatedrole", "../delegatedrole"])
def test_an_unusual_role_name_stays_inside_the_metadata(client, repository, name: str) -> None:
    repository.delegate("targets", name, ["*"])
    repository.sign(name)
    repository.publish_all()
    assert client.download("nonexistent") == 1
    assert len(repository.asked_metadata()) == 5
    assert len([one for one in client.metadata.iterdir() if one.suffix == ".json"]) == 5
