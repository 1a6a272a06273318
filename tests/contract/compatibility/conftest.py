"""The contracts of earlier versions, as they were recorded when they landed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

RECORDED = sorted(path for path in Path(__file__).parent.iterdir() if (path / "understood.json").exists())


@dataclass(frozen=True)
class Recorded:
    """What one version's devices send, by kind, and the JSON Schemas of what they understand."""

    sent: dict
    understood: dict


@pytest.fixture(params=RECORDED, ids=lambda path: path.name)
def recorded(request):
    """Each recorded version."""
    kinds = ("status", "heartbeat", "event", "state", "result", "update")
    return Recorded(
        sent={kind: json.loads((request.param / f"{kind}.json").read_text()) for kind in kinds},
        understood=json.loads((request.param / "understood.json").read_text()),
    )
