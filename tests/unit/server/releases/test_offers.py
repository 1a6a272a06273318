"""What is offered: written piece by piece, whole or not at all, and warned of where it proves little."""

from __future__ import annotations

import tracemalloc

import msgspec
import pytest
from chaos.ota_repositories import BOARD, model_bytes, model_release

from skerry_edge.contracts.bundle import Bundle, write_bundle
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import artifacts
from skerry_edge.foundation.errors import ConfigError
from skerry_server.releases.backup import Places, save_backup
from skerry_server.releases.bundles import write_variant
from skerry_server.releases.golden import golden_warning
from skerry_server.releases.offers import Offer, Terms, model_offers
from skerry_server.releases.publishing import publish
from skerry_server.releases.repository import MAKING

ONE = model_release("1.0.0", 1)
ONE_PATH = "model/doorbell/1.0.0/onnx-fp32.skerry"


def test_a_file_is_published_and_checked_piece_by_piece(rig):
    """A bundle may be larger than the memory of whoever publishes it; to read metadata takes 16 MB of it."""
    data = bytes(1 << 20)

    def content(file):
        for _ in range(100):
            file.write(data)

    tracemalloc.start()
    try:
        publish(rig.repository, [Offer(release=ONE, content=content)], rig.signatory, rig.now)
        made = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert made < 32 << 20
    assert rig.repository.newest_targets().signed.targets[ONE_PATH].length == 100 << 20


def test_what_a_command_that_was_cut_off_had_begun_is_cleared_and_in_no_backup(rig, tmp_path):
    rig.repository.making.mkdir()
    (rig.repository.making / "0").write_bytes(b"half of a bundle")
    manifest = save_backup(Places(repository=rig.repository.path), tmp_path / "backup", rig.now)
    assert [name for name in manifest.files if MAKING in name] == []
    rig.publish(ONE, model_bytes("1.0.0"))
    assert not rig.repository.making.exists()


def test_a_file_that_is_too_large_for_devices_is_refused_and_nothing_changes(rig, client, monkeypatch):
    monkeypatch.setattr("skerry_server.releases.making.MAX_TARGET_BYTES", 100)
    with pytest.raises(ConfigError, match="too large for devices"):
        rig.publish(ONE, model_bytes("1.0.0"))
    assert client().see(rig.repository.path) == set()
    assert not rig.repository.making.exists()


def test_a_bundle_that_is_damaged_inside_is_refused_and_nothing_changes(rig, client, discs, tmp_path):
    raw = bytearray(discs.read_bytes())
    raw[len(raw) // 2] ^= 1
    (tmp_path / "bad.skerry").write_bytes(raw)
    with pytest.raises(BundleError):
        publish(
            rig.repository,
            model_offers(tmp_path / "bad.skerry", Terms(counter=1, boards=(BOARD,))),
            rig.signatory,
            rig.now,
        )
    assert client().see(rig.repository.path) == set()


def _with_golden(bundle, **changes):
    return msgspec.structs.replace(bundle.manifest, golden=msgspec.structs.replace(bundle.manifest.golden, **changes))


def test_a_detector_whose_golden_picture_shows_nothing_is_published_with_a_warning(rig, discs):
    offers = model_offers(discs, Terms(counter=1, boards=(BOARD,)), ["onnx-fp32"])
    (warning,) = publish(rig.repository, offers, rig.signatory, rig.now).warnings
    assert warning.startswith("model/discs/1.0.0/onnx-fp32.skerry: its golden picture shows no object")


def test_nothing_is_warned_of_where_a_golden_input_shows_something(discs):
    assert golden_warning(_with_golden(Bundle.open(discs), shows=("red",))) is None


def test_what_the_golden_picture_shows_reaches_devices(discs, tmp_path):
    whole = Bundle.open(discs)
    manifest = _with_golden(whole, shows=("red",))
    write_bundle(tmp_path / "shown.skerry", manifest, {one.file: whole.read(one) for one in artifacts(manifest)})
    with (tmp_path / "one.skerry").open("wb") as file:
        write_variant(Bundle.open(tmp_path / "shown.skerry"), "onnx-fp32", file)
    assert Bundle.open(tmp_path / "one.skerry").manifest.golden.shows == ("red",)


@pytest.mark.parametrize(
    ("file", "shows", "is_warned"),
    [("golden/input.wav", ("Alexa",), False), ("golden/input.wav", (), True), ("golden/input.npy", (), True)],
)
def test_a_wake_word_is_judged_by_a_recording_of_it(discs, file, shows, is_warned):
    manifest = Bundle.open(discs).manifest
    golden_input = msgspec.structs.replace(manifest.golden.input, file=file)
    manifest = _with_golden(Bundle.open(discs), input=golden_input, shows=shows)
    assert (golden_warning(msgspec.structs.replace(manifest, task="wakeword")) is not None) is is_warned


def test_a_model_without_a_golden_input_is_warned_of(discs):
    manifest = msgspec.structs.replace(Bundle.open(discs).manifest, golden=None)
    assert "no golden input" in golden_warning(manifest)
