"""How to install what an extra of the distribution brings, worded once for every error that names one."""

from __future__ import annotations


def install_hint(extras: str) -> str:
    """Return the command that adds ``extras`` (commas between), wherever Skerry itself was installed from."""
    return f"pip install 'skerry[{extras}]' (in a checkout: pip install '.[{extras}]')"
