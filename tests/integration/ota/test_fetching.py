"""Files on their way to the disk: gone on with, patched, paced, and never at the cost of the last free space."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from chaos.ota_transfer_cells import NEW, NEW_BYTES, OLD, OLD_BYTES

from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.ota.choice import Target
from skerry_edge.ota.errors import TransferError
from skerry_edge.ota.transfer import fetching
from skerry_edge.ota.transfer.fetching import verify
from skerry_edge.transfer.resumption import TransientError


@pytest.fixture
def old(rig, device) -> None:
    """The device runs OLD, and NEW is published."""
    rig.publish(OLD, OLD_BYTES)
    device.commit(OLD, device.bring(OLD))
    rig.publish(NEW, NEW_BYTES)


def asked(server, ending: str) -> list[str | None]:
    """Return the ranges of all requests for files of that ending."""
    return [wanted for path, wanted in server.seen if path.endswith(ending)]


def test_an_interrupted_download_goes_on_in_the_next_process(rig, device, server) -> None:
    rig.publish(OLD, OLD_BYTES)

    def interrupt(done: int, total: int) -> None:
        if done > 200_000:
            raise KeyboardInterrupt

    device.told = interrupt
    with pytest.raises(KeyboardInterrupt):
        device.bring(OLD)
    device.told = lambda done, total: None
    assert device.bring(OLD).read_bytes() == OLD_BYTES
    first, second = asked(server, ".skerry")
    assert first is None
    assert int((second or "").removeprefix("bytes=").removesuffix("-")) > 200_000


def test_a_file_that_is_there_is_not_brought_again(rig, device, server) -> None:
    rig.publish(OLD, OLD_BYTES)
    assert device.bring(OLD) == device.bring(OLD)
    assert len(asked(server, ".skerry")) == 1


def test_a_file_that_was_damaged_on_the_disk_is_brought_again(rig, device, server) -> None:
    rig.publish(OLD, OLD_BYTES)
    path = device.bring(OLD)
    path.write_bytes(path.read_bytes()[::-1])
    assert device.bring(OLD).read_bytes() == OLD_BYTES


def test_a_patch_from_what_is_held_brings_the_new_file(old, device, server) -> None:
    server.seen.clear()
    assert device.bring(NEW).read_bytes() == NEW_BYTES
    assert (len(asked(server, ".zst")), len(asked(server, ".skerry"))) == (1, 0)
    assert [one.name for one in device.incoming.iterdir() if one.name.endswith(".zst")] == []


def test_where_what_is_held_has_changed_meanwhile_the_full_file_is_brought(old, device, server) -> None:
    device.slot.write_bytes(OLD_BYTES[:-1] + b"?")
    server.seen.clear()
    assert device.bring(NEW).read_bytes() == NEW_BYTES
    assert len(asked(server, ".skerry")) == 1


def test_a_download_keeps_to_its_pace(rig, device) -> None:
    rig.publish(OLD, OLD_BYTES)
    waits: list[float] = []
    device.patience = replace(device.patience, most_rate=100_000.0, sleep=waits.append)
    device.bring(OLD)
    assert max(waits) == pytest.approx(len(OLD_BYTES) / 100_000, rel=0.1)


def test_the_last_free_space_is_left_alone(rig, device) -> None:
    rig.publish(OLD, OLD_BYTES)
    device.patience = replace(device.patience, reserve_bytes=1 << 60)
    with pytest.raises(TransferError) as caught:
        device.bring(OLD)
    assert caught.value.reason == "no-space"
    assert [one for one in device.incoming.iterdir() if one.stat().st_size > 1000] == []


def test_what_lies_on_the_disk_is_what_is_verified(tmp_path) -> None:
    target = Target(path="model/x", location="x", sha256=hashlib.sha256(b"good").hexdigest(), length=4)
    path = tmp_path / "file"
    for content, reason in ((b"good", None), (b"goo", "length"), (b"evil", "hash")):
        path.write_bytes(content)
        if reason is None:
            verify(target, path)
            continue
        with pytest.raises(ReleaseError) as caught:
            verify(target, path)
        assert caught.value.reason == reason


@pytest.mark.parametrize("comes_on", [False, True])
def test_a_patch_that_stalls_bars_the_full_file_only_while_it_comes_on(
    comes_on: bool, old, device, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = fetching.download

    def stalling(source, part, *others):
        if source.url.endswith(".skerry"):
            return real(source, part, *others)
        if comes_on:
            part.path.write_bytes(b"some of it")
        raise TransientError("slow", where=source.url, stalled=True)

    monkeypatch.setattr(fetching, "download", stalling)
    if comes_on:
        with pytest.raises(TransferError) as caught:
            device.bring(NEW)
        assert caught.value.reason == "stalled"
    else:
        assert device.bring(NEW).read_bytes() == NEW_BYTES
