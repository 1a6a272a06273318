"""Networks pulled from a server that cuts, lies, stalls, redirects and refuses."""

from __future__ import annotations

import hashlib
import json
import resource
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from skerry_edge.foundation.errors import DataError, MissingError, ReachError, SkerryError
from skerry_edge.models.entries import DarknetEntry
from skerry_edge.models.pulled import ModelPlace, pulled_files
from skerry_edge.models.pulling import Mirror, pull, remove

NAME = "yolov2-tiny-voc"
Pull = Callable[..., ModelPlace]


@pytest.fixture
def pulled(entry, patience, notes) -> Pull:
    """Return a function that pulls with the patience of tests."""

    def run(described: DarknetEntry | None = None, *, mirror: Mirror | None = None, **changed: object) -> ModelPlace:
        return pull(described or entry(), mirror=mirror, patience=replace(patience, **changed), progress=notes)

    return run


def kept_parts(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*.part*"))


@pytest.fixture
def refused(pulled, entry) -> Callable[..., SkerryError]:
    """Return a function that pulls what must fail: nothing may be there then for a later command to find."""

    def run(described: DarknetEntry | None = None, **options: object) -> SkerryError:
        with pytest.raises(SkerryError) as caught:
            pulled(described, **options)
        assert not ModelPlace(name=NAME).weights.exists()
        with pytest.raises(MissingError, match="skerry models pull"):
            pulled_files(described or entry())
        return caught.value

    return run


def test_a_network_is_there_with_all_that_a_converter_needs(site, pulled, content, cache) -> None:
    site.answers = [lambda request: request.body(content)]
    place = pulled()
    assert place.weights.read_bytes() == content
    assert place.cfg.read_text().startswith("[net]")
    assert place.labels.read_text().split()[14] == "person"
    assert not kept_parts(cache)


def test_what_is_here_and_right_is_not_downloaded_again(site, pulled, content) -> None:
    site.answers = [lambda request: request.body(content)]
    pulled()
    pulled()
    assert len(site.seen) == 1


def test_a_file_that_was_damaged_in_the_cache_is_refused_and_brought_again(site, pulled, entry, content) -> None:
    site.answers = [lambda request: request.body(content)]
    place = pulled()
    place.weights.write_bytes(b"x" + content[1:])
    with pytest.raises(DataError, match="not what was pulled"):
        pulled_files(entry())
    assert pulled().weights.read_bytes() == content


def test_a_download_that_is_cut_goes_on_where_it_stopped(site, pulled, content, waits, notes) -> None:
    site.answers = [lambda request: request.cut(content, 300_000), lambda request: request.body(content)]
    assert pulled().weights.read_bytes() == content
    assert site.ranges() == [None, "bytes=300000-"]
    assert site.seen[1][1]["If-Range"] == '"v1"'
    assert waits == [1]
    assert "trying again" in notes.notes[0]


def test_a_later_run_goes_on_where_an_earlier_one_gave_up(site, pulled, refused, content, cache) -> None:
    site.answers = [lambda request: request.cut(content, 300_000)]
    refused(attempts=1)
    assert kept_parts(cache) == ["yolov2-tiny-voc.weights.part", "yolov2-tiny-voc.weights.part.json"]
    site.answers = [lambda request: request.body(content)]
    assert pulled().weights.read_bytes() == content
    assert site.ranges() == [None, "bytes=300000-"]


def test_a_part_that_was_whole_when_the_run_was_killed_is_not_downloaded_again(
    site, pulled, content, monkeypatch
) -> None:
    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    site.answers = [lambda request: request.body(content)]
    with monkeypatch.context() as patched:
        patched.setattr("skerry_edge.models.pulling.publish", killed)
        with pytest.raises(KeyboardInterrupt):
            pulled()
    assert pulled().weights.read_bytes() == content
    assert len(site.seen) == 1


def test_what_the_disk_may_have_lost_in_a_power_cut_is_not_gone_on_with(site, pulled, refused, content, cache) -> None:
    site.answers = [lambda request: request.cut(content, 300_000)]
    refused(attempts=1)
    with next(cache.rglob("*.part")).open("ab") as file:
        file.write(b"\0" * 4096)
    site.answers = [lambda request: request.body(content)]
    assert pulled().weights.read_bytes() == content
    assert site.ranges() == [None, "bytes=300000-"]


def test_a_part_that_lost_bytes_is_begun_anew(site, pulled, refused, content, cache) -> None:
    site.answers = [lambda request: request.cut(content, 300_000)]
    refused(attempts=1)
    next(cache.rglob("*.part")).write_bytes(content[:1000])
    site.answers = [lambda request: request.body(content)]
    assert pulled().weights.read_bytes() == content
    assert site.ranges() == [None, None]


def test_an_interrupted_pull_goes_on_later(site, pulled, content, notes, monkeypatch) -> None:
    def interrupt(done_bytes: int, total_bytes: int) -> None:
        raise KeyboardInterrupt

    site.answers = [lambda request: request.body(content)]
    with monkeypatch.context() as patched:
        patched.setattr(notes, "at", interrupt)
        with pytest.raises(KeyboardInterrupt):
            pulled()
    assert pulled().weights.read_bytes() == content
    assert (site.ranges()[1] or "").startswith("bytes=")


def test_a_long_download_is_made_sure_of_on_the_way(site, pulled, content, notes, cache, monkeypatch) -> None:
    kept = []

    def look(done_bytes: int, total_bytes: int) -> None:
        kept.append(json.loads(next(cache.rglob("*.part.json")).read_text())["kept"])

    monkeypatch.setattr("skerry_edge.transfer.download.KEEP_EVERY_BYTES", 100_000)
    monkeypatch.setattr(notes, "at", look)
    site.answers = [lambda request: request.body(content)]
    pulled()
    assert len(content) > kept[-1] >= 300_000


def test_a_server_that_ignores_ranges_is_asked_for_all_of_it(site, pulled, content) -> None:
    def whole(request) -> None:
        request.head(200, Content_Length=len(content))
        request.wfile.write(content)

    site.answers = [lambda request: request.cut(content, 300_000), whole]
    assert pulled().weights.read_bytes() == content


def test_a_file_that_changed_between_two_attempts_is_not_stitched_together(site, pulled, content) -> None:
    old = content[::-1]
    site.answers = [lambda request: request.cut(old, 300_000, tag='"v0"'), lambda request: request.body(content)]
    assert pulled().weights.read_bytes() == content


def test_a_part_from_another_address_is_not_gone_on_with(site, pulled, refused, content) -> None:
    site.answers = [lambda request: request.cut(content, 300_000)]
    refused(attempts=1)
    site.answers = [lambda request: request.body(content)]
    pulled(mirror=f"{site.address}/mirror/")
    assert site.seen[-1][0] == "/mirror/yolov2-tiny-voc.weights"
    assert site.ranges()[-1] is None


def test_a_part_that_was_damaged_on_the_disk_is_brought_once_more(site, pulled, refused, content, cache) -> None:
    site.answers = [lambda request: request.cut(content, 300_000)]
    refused(attempts=1)
    part = next(cache.rglob("*.part"))
    part.write_bytes(b"\0" * 300_000)
    site.answers = [lambda request: request.body(content)]
    assert pulled().weights.read_bytes() == content
    assert site.ranges()[1:] == ["bytes=300000-", None]


def test_a_server_that_goes_on_elsewhere_than_asked_makes_it_begin_anew(site, pulled, content) -> None:
    def elsewhere(request) -> None:
        request.head(206, Content_Length=10, Content_Range=f"bytes 5-14/{len(content)}", ETag='"v1"')
        request.wfile.write(content[5:15])

    site.answers = [
        lambda request: request.cut(content, 300_000),
        elsewhere,
        lambda request: request.body(content),
    ]
    assert pulled().weights.read_bytes() == content
    assert site.ranges() == [None, "bytes=300000-", None]


def test_a_file_of_another_length_is_refused_unread(site, refused, cache) -> None:
    site.answers = [lambda request: request.head(200, Content_Length=10**12)]
    assert "1000000000000 bytes instead of 512000" in str(refused())
    assert not kept_parts(cache)


def test_a_server_that_sends_without_end_is_left(site, refused, content, cache) -> None:
    def endless(request) -> None:
        request.head(200)
        try:
            while not site.closing.is_set():
                request.wfile.write(content)
        except OSError:
            return

    site.answers = [endless]
    assert isinstance(refused(), DataError)
    assert not kept_parts(cache)


def test_a_server_that_says_no_length_and_sends_too_little_is_asked_again(site, pulled, content) -> None:
    def short(request) -> None:
        request.head(200)
        request.wfile.write(content[:-1])

    site.answers = [short, lambda request: request.body(content)]
    assert pulled().weights.read_bytes() == content


def test_other_bytes_of_the_right_length_are_never_kept(site, refused, content, cache) -> None:
    site.answers = [lambda request: request.body(content[::-1])]
    error = refused()
    assert isinstance(error, DataError)
    assert hashlib.sha256(content[::-1]).hexdigest() in str(error)
    assert not kept_parts(cache)


def test_a_file_without_a_known_hash_is_held_against_its_first_pull(
    site, pulled, refused, entry, content, cache
) -> None:
    unhashed = entry(hashed=False, sizes=(len(content), len(content) + 4))
    site.answers = [lambda request: request.body(content)]
    place = pulled(unhashed)
    noted = json.loads(place.record.read_text())["files"]["yolov2-tiny-voc.weights"]
    assert noted["sha256"] == hashlib.sha256(content).hexdigest()
    assert noted["source"] == f"{site.address}/some.weights"
    assert len(remove(unhashed)) == 3

    site.answers = [lambda request: request.body(content[::-1])]
    error = refused(unhashed)
    assert "pulled first" in str(error)
    assert str(place.record) in str(error)
    site.answers = [lambda request: request.body(content + b"four")]
    refused(unhashed)

    site.answers = [lambda request: request.body(content)]
    assert pulled(unhashed).weights.read_bytes() == content
    assert json.loads(place.record.read_text())["files"]["yolov2-tiny-voc.weights"] == noted


@pytest.mark.parametrize("damaged", [b"{", b'{"files": {"\xff": {}}}', b"[" * 100_000])
def test_a_damaged_record_is_an_error_and_no_new_first_pull(site, pulled, entry, content, damaged: bytes) -> None:
    site.answers = [lambda request: request.body(content)]
    place = pulled(entry(hashed=False))
    place.record.write_bytes(damaged)
    place.weights.unlink()
    with pytest.raises(DataError, match="record of the first pull is damaged"):
        pulled(entry(hashed=False))


def test_a_server_that_falls_silent_is_left_and_asked_again(site, pulled, content) -> None:
    def stall(request) -> None:
        request.head(200, Content_Length=len(content), ETag='"v1"')
        request.wfile.write(content[:1000])
        site.closing.wait(timeout=60)

    site.answers = [stall, lambda request: request.body(content)]
    assert pulled(stall_s=1.0).weights.read_bytes() == content
    assert site.ranges() == [None, "bytes=1000-"]


def test_a_server_that_trickles_is_left(site, refused, content) -> None:
    def trickle(request) -> None:
        request.head(200, Content_Length=len(content), ETag='"v1"')
        try:
            while not site.closing.wait(timeout=0.01):
                request.wfile.write(b"x")
        except OSError:
            return

    site.answers = [trickle]
    error = refused(stall_s=1.0, least_rate=1e9, attempts=1)
    assert "too slow" in str(error)


def test_a_server_that_redirects_without_end_is_left(site, refused) -> None:
    site.answers = [lambda request: request.head(302, Location=f"{request.path}x", Content_Length=0)]
    assert "redirects without end" in str(refused(redirects=4))
    assert len(site.seen) == 5


def test_a_redirection_is_followed_with_the_range_that_was_asked_for(site, pulled, content) -> None:
    site.answers = [
        lambda request: request.cut(content, 300_000),
        lambda request: request.head(307, Location="/elsewhere", Content_Length=0),
        lambda request: request.body(content),
    ]
    assert pulled().weights.read_bytes() == content
    assert [path for path, _ in site.seen][-1] == "/elsewhere"
    assert site.ranges()[-1] == "bytes=300000-"


def test_a_redirection_to_a_file_of_this_machine_is_not_followed(site, refused) -> None:
    site.answers = [lambda request: request.head(302, Location="file:///etc/passwd", Content_Length=0)]
    assert "not safe" in str(refused())


def test_a_file_that_is_gone_is_asked_for_once(site, refused) -> None:
    site.answers = [lambda request: request.head(404, Content_Length=0)]
    assert "--from" in str(refused())
    assert len(site.seen) == 1


@pytest.mark.parametrize("status", [429, 500])
def test_a_server_in_trouble_is_asked_a_bounded_number_of_times(site, refused, waits, status: int) -> None:
    site.answers = [lambda request: request.head(status, Content_Length=0)]
    assert f"status {status}" in str(refused())
    assert len(site.seen) == 3
    assert waits == [1, 2]


def test_a_server_that_asks_to_be_left_alone_is_left_alone_so_long(site, pulled, content, waits) -> None:
    site.answers = [
        lambda request: request.head(429, Retry_After=7, Content_Length=0),
        lambda request: request.head(503, Retry_After=86_400, Content_Length=0),
        lambda request: request.body(content),
    ]
    pulled()
    assert waits == [7, 60]


def test_where_nobody_answers_the_attempts_are_bounded(refused, free_port, waits) -> None:
    error = refused(mirror=f"http://127.0.0.1:{free_port()}")
    assert isinstance(error, ReachError)
    assert len(waits) == 2


def test_a_server_with_a_certificate_of_its_own_is_not_trusted_however_often(stranger, refused, content, waits) -> None:
    stranger.answers = [lambda request: request.body(content)]
    assert "cannot be trusted" in str(refused(mirror=stranger.address))
    assert not waits
    assert not stranger.seen


def test_a_server_that_talks_something_else_is_an_error(site, refused) -> None:
    site.answers = [lambda request: request.wfile.write(b"\x15\x03\x01 this is no HTTP\r\n\r\n")]
    assert "connection failed" in str(refused())


def test_a_full_disk_is_told_and_the_pull_goes_on_when_there_is_room(site, pulled, refused, content, cache) -> None:
    site.answers = [lambda request: request.body(content)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        error = refused()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "make room" in str(error)
    assert pulled().weights.read_bytes() == content


def test_two_pulls_at_once_download_it_once(site, pulled, content, notes) -> None:
    def when_the_other_waits(request) -> None:
        assert notes.noted.wait(timeout=60)
        request.body(content)

    site.answers = [when_the_other_waits]
    threads = [threading.Thread(target=pulled) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(site.seen) == 1
    assert ModelPlace(name=NAME).weights.read_bytes() == content
    assert "waiting for it" in notes.notes[0]


def test_a_folder_may_stand_for_the_server(pulled, content, tmp_path) -> None:
    (tmp_path / "yolov2-tiny-voc.weights").write_bytes(content)
    assert pulled(mirror=tmp_path).weights.read_bytes() == content


@pytest.mark.parametrize(("held", "told"), [(None, "does not give"), (b"short", "5 bytes"), ("reversed", "sha256")])
def test_a_folder_without_the_right_file_is_refused(content, refused, tmp_path, held, told: str) -> None:
    if held is not None:
        (tmp_path / "yolov2-tiny-voc.weights").write_bytes(content[::-1] if held == "reversed" else held)
    assert told in str(refused(mirror=tmp_path))


def test_where_the_cache_cannot_be_the_error_says_so(pulled, monkeypatch, tmp_path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ReachError, match="XDG_CACHE_HOME"):
        pulled()
