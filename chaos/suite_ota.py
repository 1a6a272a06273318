"""Updates under attack and under faults: every cell of docs/ota-tables.md is tried, and each must end well."""

from __future__ import annotations

import argparse
import json
import sys

from chaos.ota_cells import Report, chosen_cells, try_cells, working_folder


def main(arguments: list[str]) -> None:
    """Try all cells, or those whose name holds every word given; exit code 1 where one was lost."""
    parser = argparse.ArgumentParser(prog="python -m chaos ota", description=__doc__)
    parser.add_argument("words", nargs="*", help="only cells whose name holds all of these")
    parser.add_argument("--list", action="store_true", help="print the cells' names and try none")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--table", action="store_true", help="print the rows of docs/ota-tables.md")
    given = parser.parse_args(arguments)
    cells = chosen_cells([word.strip() for word in given.words])
    if given.list:
        for cell in cells:
            print(cell.name, flush=True)
        return
    is_quiet = given.json or given.table
    with working_folder() as folder:
        report = try_cells(cells, folder, lambda line: None if is_quiet else print(line, flush=True))
    if given.json:
        print(json.dumps(_plain(report), indent=2))
    elif given.table:
        print(report.as_table())
    else:
        print(*(f"  lost: {one}" for one in report.lost), sep="\n", end="\n" if report.lost else "")
        print(f"accepted {report.accepted}, lost {len(report.lost)}")
    sys.exit(1 if report.lost else 0)


def _plain(report: Report) -> dict[str, object]:
    rows = [{"table": table, "row": row, "endings": ends} for (table, row), ends in report.endings.items()]
    return {"accepted": report.accepted, "lost": list(report.lost), "rows": rows}
