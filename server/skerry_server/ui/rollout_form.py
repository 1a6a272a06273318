"""What was entered for a new rollout, as `read_spec` takes it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skerry_edge.foundation.errors import ConfigError

ALL = "*"
"""Stands for all devices where a group could be."""


def wish_of(given: Mapping[str, str]) -> dict[str, Any]:
    """Return a rollout's wish. Raises ConfigError for what cannot be read."""
    subject, _, version = given["release"].strip().partition(" ")
    kind, _, name = subject.partition("/")
    wish: dict[str, Any] = {
        "kind": kind,
        "name": name,
        "version": version.strip(),
        "canary": given["canary"].strip(),
        "steps": [one.strip() for one in given["steps"].split(",")],
        "target": {} if given["group"] == ALL else {"groups": [given["group"]]},
        "gates": {
            "success_percent": _number(given["success_percent"], "the percentage"),
            "soak_s": int(_number(given["soak_s"], "the seconds")),
        },
        "rolls_back": given["on_failure"] == "back",
        "needs_approval": given["approval"] == "yes",
    }
    if given.get("counter", "").strip():
        wish["counter"] = int(_number(given["counter"], "the release counter"))
    return wish


def _number(text: str, what: str) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise ConfigError(f"{what} must be a number", found=repr(text[:40])) from error
    if not -1e15 < number < 1e15:
        raise ConfigError(f"{what} must be a number", found=repr(text[:40]))
    return number
