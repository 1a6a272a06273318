"""Tables of a conversion's page."""

from __future__ import annotations

from skerry_converters.page.tables import stacking_table, table


def test_a_table_without_headings_has_no_head() -> None:
    made = table((), [("a", 1)])
    assert "<thead>" not in made
    assert made == (
        '<div class="scroll"><table><tbody><tr><td>a</td><td class="number">1</td></tr></tbody></table></div>'
    )


def test_a_stacking_table_has_its_heading_at_every_value() -> None:
    made = stacking_table(("file", "size"), [("a", 1)], numbers_from=1)
    assert '<td data-label="file">a</td><td class="number" data-label="size">1</td>' in made
