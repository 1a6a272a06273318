"""Bundles on disk: reproducible, whole, and safe to open whoever made them."""

from __future__ import annotations

import hashlib
import io
import os
import random
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from skerry_edge.contracts.bundle import MAX_MANIFEST_BYTES, Bundle, artifact, pack, write_bundle
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import Artifact, Manifest, artifacts, encode_manifest
from skerry_edge.foundation.errors import ReachError, SkerryError

PACKED_SHA256 = "94b764e8c804583aa1676906ab1e4b610c3a7004a2bb46e51a1ac5a68986959d"


def zipped(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def refusal(path: Path, read: Artifact | None = None) -> BundleError:
    with pytest.raises(BundleError) as caught:
        open_and_read(path, read)
    return caught.value


def open_and_read(path: Path, read: Artifact | None) -> bytes:
    bundle = Bundle.open(path)
    return bundle.read(read or bundle.variant("onnx-fp32"))


def test_a_bundle_has_these_bytes_whenever_and_wherever_it_is_packed(
    manifest: Manifest, files: dict[str, bytes]
) -> None:
    backwards = dict(reversed(list(files.items())))
    assert pack(manifest, files) == pack(manifest, backwards)
    assert hashlib.sha256(pack(manifest, files)).hexdigest() == PACKED_SHA256


def test_both_shapes_give_every_file_that_the_manifest_lists(bundle_path: Path, files: dict[str, bytes]) -> None:
    bundle = Bundle.open(bundle_path)
    assert {one.file: bundle.read(one) for one in artifacts(bundle.manifest)} == files


def test_what_was_measured_may_lie_beside_the_model(manifest: Manifest, files: dict[str, bytes]) -> None:
    assert pack(manifest, {**files, "gates.json": b"{}"}) != pack(manifest, files)


def test_a_variant_that_is_not_there_is_named_with_those_that_are(packed: Path) -> None:
    with pytest.raises(BundleError, match="tflite-int8") as caught:
        Bundle.open(packed).variant("tflite-int8")
    assert caught.value.found == "onnx-fp32"


@pytest.mark.parametrize("extra_or_missing", ["extra.bin", "model.onnx", "manifest.json"])
def test_only_the_files_that_the_manifest_lists_are_packed(
    manifest: Manifest, files: dict[str, bytes], extra_or_missing: str
) -> None:
    changed = dict(files)
    if changed.pop(extra_or_missing, None) is None:
        changed[extra_or_missing] = b"x"
    with pytest.raises(BundleError, match="not those") as caught:
        pack(manifest, changed)
    assert caught.value.found == extra_or_missing


def test_a_file_that_differs_from_the_manifest_is_not_packed(manifest: Manifest, files: dict[str, bytes]) -> None:
    with pytest.raises(BundleError, match=r"model\.onnx"):
        pack(manifest, {**files, "model.onnx": b"another one"})


def test_a_manifest_that_could_not_be_read_back_is_not_packed(manifest: Manifest, files: dict[str, bytes]) -> None:
    with pytest.raises(BundleError):
        pack(replace(manifest, labels=("cat",)), files)
    with pytest.raises(BundleError):
        pack(replace(manifest, input=replace(manifest.input, scale=(float("nan"),))), files)


def test_a_file_that_was_changed_on_disk_is_refused(unpacked: Path, packed: Path, files: dict[str, bytes]) -> None:
    same_size = files["model.onnx"].replace(b"really", b"unlike")
    (unpacked / "model.onnx").write_bytes(same_size)
    raw = packed.read_bytes()
    packed.write_bytes(zipped({**entries_of(raw), "model.onnx": same_size}))
    for path in (unpacked, packed):
        assert "not what its manifest says" in str(refusal(path))


def entries_of(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_file_that_is_shorter_or_longer_or_gone_is_refused(unpacked: Path) -> None:
    model = unpacked / "model.onnx"
    whole = model.read_bytes()
    model.write_bytes(whole[:-1])
    assert "not what its manifest says" in str(refusal(unpacked))
    model.write_bytes(whole + b"x")
    assert "too large" in str(refusal(unpacked))
    model.unlink()
    assert "no file 'model.onnx'" in str(refusal(unpacked))


def test_a_link_that_leads_out_of_the_bundle_is_not_followed(unpacked: Path, files: dict[str, bytes]) -> None:
    outside = unpacked.parent / "outside.onnx"
    outside.write_bytes(files["model.onnx"])
    (unpacked / "model.onnx").unlink()
    (unpacked / "model.onnx").symlink_to(outside)
    assert "no file 'model.onnx'" in str(refusal(unpacked))


def test_a_link_that_stays_in_the_bundle_is_followed(unpacked: Path, files: dict[str, bytes]) -> None:
    (unpacked / "model.onnx").rename(unpacked / "real.onnx")
    (unpacked / "model.onnx").symlink_to("real.onnx")
    bundle = Bundle.open(unpacked)
    assert bundle.read(bundle.variant("onnx-fp32")) == files["model.onnx"]


@pytest.mark.parametrize("name", ["../outside.bin", "/etc/hostname", "golden/../../outside.bin", "absent"])
def test_no_name_reaches_outside_the_bundle_even_past_the_manifest(bundle_path: Path, name: str) -> None:
    (bundle_path.parent / "outside.bin").write_bytes(b"secret")
    assert "no file" in str(refusal(bundle_path, Artifact(file=name, size=6, sha256="0" * 64)))


def test_names_in_an_archive_that_would_lead_outside_are_never_written(packed: Path, files: dict[str, bytes]) -> None:
    packed.write_bytes(zipped({**entries_of(packed.read_bytes()), "../evil.bin": b"x", "/evil.bin": b"x"}))
    bundle = Bundle.open(packed)
    assert bundle.read(bundle.variant("onnx-fp32")) == files["model.onnx"]
    assert not (packed.parent.parent / "evil.bin").exists()


def test_a_compressed_file_is_refused_so_that_nothing_unpacks_to_more_than_the_archive(packed: Path) -> None:
    packed.write_bytes(zipped(entries_of(packed.read_bytes()), zipfile.ZIP_DEFLATED))
    assert "compressed" in str(refusal(packed))


def test_a_manifest_that_unpacks_to_gigabytes_is_refused(packed: Path) -> None:
    packed.write_bytes(zipped({"manifest.json": b" " * (MAX_MANIFEST_BYTES + 1)}, zipfile.ZIP_DEFLATED))
    assert "too large" in str(refusal(packed))


def test_a_file_larger_than_the_manifest_says_is_refused_before_it_is_read(
    manifest: Manifest, files: dict[str, bytes], packed: Path
) -> None:
    sparse = packed.with_name("sparse")
    sparse.mkdir()
    (sparse / "manifest.json").write_bytes(encode_manifest(manifest))
    with (sparse / "model.onnx").open("wb") as file:
        file.truncate(1 << 40)  # a terabyte: reading it would end the test
    assert "too large" in str(refusal(sparse))


def test_an_archive_that_lies_about_a_size_is_refused(packed: Path, files: dict[str, bytes]) -> None:
    raw = bytearray(packed.read_bytes())
    directory_entry = raw.rindex(b"model.onnx") - 46  # the fixed part of an entry, APPNOTE 4.3.12
    assert struct.unpack_from("<II", raw, directory_entry + 20) == (len(files["model.onnx"]),) * 2
    struct.pack_into("<II", raw, directory_entry + 20, 5, 5)
    packed.write_bytes(raw)
    refusal(packed)


def test_of_two_sizes_in_an_archive_the_directory_s_counts(packed: Path, files: dict[str, bytes]) -> None:
    raw = bytearray(packed.read_bytes())
    with zipfile.ZipFile(packed) as archive:
        struct.pack_into("<II", raw, archive.getinfo("model.onnx").header_offset + 18, 5, 5)
    packed.write_bytes(raw)
    bundle = Bundle.open(packed)
    assert bundle.read(bundle.variant("onnx-fp32")) == files["model.onnx"]


def test_two_entries_of_one_name_are_refused_as_readers_differ_about_which_counts(packed: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("model.onnx", b"another one")
    assert "same name" in str(refusal(packed))


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04", b"\x00" * 100], ids=repr)
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.skerry"
    path.write_bytes(content)
    assert "no model bundle" in str(refusal(path))


def test_an_archive_or_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.skerry"
    path.write_bytes(zipped({"model.onnx": b"x"}))
    for one in (path, tmp_path):
        assert "no file 'manifest.json'" in str(refusal(one))


def test_a_path_that_is_nothing_or_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("absent.skerry", "pipe", "a\x00b"):
        with pytest.raises(SkerryError) as caught:
            Bundle.open(tmp_path / name)
        assert caught.value.exit_code == 4


def test_a_truncated_archive_is_refused_wherever_it_ends(packed: Path) -> None:
    raw = packed.read_bytes()
    for end in range(0, len(raw), 37):
        packed.write_bytes(raw[:end])
        refusal(packed)


def test_a_damaged_archive_gives_its_files_or_a_bundle_error_and_nothing_else(
    packed: Path, files: dict[str, bytes]
) -> None:
    raw = packed.read_bytes()
    chance = random.Random(7)
    for _ in range(1500):
        damaged = bytearray(raw)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        packed.write_bytes(damaged)
        with suppress(BundleError):
            bundle = Bundle.open(packed)
            assert bundle.read(bundle.variant("onnx-fp32")) == files["model.onnx"]


def test_a_bundle_is_written_whole_or_not_at_all(
    tmp_path: Path, manifest: Manifest, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tiny.skerry"
    write_bundle(path, manifest, files)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    changed = replace(manifest, version="2.0.0")
    with pytest.raises(ReachError, match="No space left"):
        write_bundle(path, changed, files)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["tiny.skerry"]


def test_an_artifact_describes_its_bytes() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert artifact("a/b.bin", b"") == Artifact(file="a/b.bin", size=0, sha256=empty)


def test_unknown_fields_do_not_change_what_is_read(
    unpacked: Path, edited: Callable[..., bytes], files: dict[str, bytes]
) -> None:
    (unpacked / "manifest.json").write_bytes(edited({"later": 1}))
    bundle = Bundle.open(unpacked)
    assert bundle.read(bundle.variant("onnx-fp32")) == files["model.onnx"]
