"""What became of orders: kept beside the journal, for every version of the agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.ota.order_book import FILE, MOST, Known, OrderBook, with_order


def test_what_later_versions_add_does_not_hide_what_is_known(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(
        '{"model/a": {"order": "r1", "version": "2.0.0", "outcome": "mended", "mood": "good"},'
        ' "engine/x": {"order": "r2", "version": "1"}}'
    )
    known = OrderBook(tmp_path).read()
    assert known["model/a"] == Known(order="r1", version="2.0.0", outcome="mended")
    assert known["engine/x"].outcome is None


def test_of_too_many_subjects_the_oldest_are_forgotten(tmp_path: Path) -> None:
    book, known = OrderBook(tmp_path), {}
    for number in range(MOST + 3):
        known = with_order(known, f"model/m{number}", Known(order=f"r{number}", version="1"))
    known = with_order(known, "model/m3", Known(order="again", version="1"))
    book.write(known)
    found = book.read()
    assert len(found) == MOST
    assert "model/m2" not in found
    assert list(found)[-1] == "model/m3"


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"model/a": 1}', b"[" * 10_000, b"\xff"])
def test_a_damaged_book_knows_nothing_and_is_written_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / FILE).write_bytes(damage)
    book = OrderBook(tmp_path)
    assert book.read() == {}
    book.write({"model/a": Known(order="r1", version="2.0.0")})
    assert book.read()["model/a"].order == "r1"
