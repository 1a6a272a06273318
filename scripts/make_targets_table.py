"""Write the README's table of what converts to what, as `skerry convert --targets --markdown` prints it."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from skerry_edge.cli import root

DOCUMENT = Path(__file__).resolve().parent.parent / "README.md"
BEGIN = "<!-- made by `make docs`: begin -->\n"
END = "<!-- made by `make docs`: end -->\n"


def table() -> str:
    """Return what the command prints."""
    return CliRunner().invoke(root, ["convert", "--targets", "--markdown"], catch_exceptions=False).output


def with_table(text: str) -> str:
    """Return the README ``text`` with the table as it is now. Raises ValueError for a README without its two marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{DOCUMENT.name} has no place for the table")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
