"""How a device appears to Home Assistant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skerry_edge.agent.home_assistant.discovery import Appearance


@pytest.fixture
def make_appearance() -> Callable[..., Appearance]:
    """Return a function that describes a device with a camera and a microphone."""

    def make(**changes: Any) -> Appearance:
        fields: dict[str, Any] = {
            "site": "garden",
            "device": "cam-1",
            "board": "raspberry-pi-5",
            "version": "1.2.3",
            "pipelines": ("gate", "ear"),
            "listening": ("ear",),
            "gives_pictures": True,
            "places": frozenset({"gate", "gate/door"}),
            "counted": frozenset({("gate", "car"), ("gate/door", "traffic light")}),
        }
        return Appearance(**{**fields, **changes})

    return make
