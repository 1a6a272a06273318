"""Run one suite of faults by name: `python -m chaos agent`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

SUITES = tuple(sorted(one.stem.removeprefix("suite_") for one in Path(__file__).parent.glob("suite_*.py")))


def main() -> None:
    """Hand over to the suite's own ``main(arguments)``; an unknown name lists those that there are."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in SUITES:
        print(f"no suite '{name}'; there are: {', '.join(SUITES)}", file=sys.stderr)
        sys.exit(2)
    importlib.import_module(f"chaos.suite_{name}").main(sys.argv[2:])


if __name__ == "__main__":
    main()
