"""The models that simulated devices run: several versions of each, so that there is something to compare."""

from __future__ import annotations

import re
from dataclasses import dataclass

from skerry_edge.contracts.manifest import NAME_PATTERN
from skerry_edge.contracts.patterns import whole
from skerry_edge.contracts.release import VERSION_PATTERN
from skerry_edge.foundation.errors import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Network:
    """A model's version: its cost against that of the first (1.0), its usual score, and the share that it drops."""

    name: str
    version: str
    cost: float
    score: float
    drops: float


CAMERA, EAR = "camera", "ear"
WORD = "Okay Nabu"
NETWORKS = {
    CAMERA: (
        Network(name="yolov2-tiny-voc", version="1.0.0", cost=1.0, score=0.71, drops=0.02),
        Network(name="yolov2-tiny-voc", version="1.1.0", cost=0.8, score=0.69, drops=0.01),
        Network(name="yolov2-tiny-voc", version="2.0.0-rc.1", cost=1.3, score=0.82, drops=0.06),
    ),
    EAR: (
        Network(name="okay_nabu", version="1.0.0", cost=0.05, score=0.9, drops=0.0),
        Network(name="okay_nabu", version="2.0.0", cost=0.06, score=0.94, drops=0.0),
    ),
}
"""By pipeline; most devices run an earlier version, few the newest."""
MIX = (0.6, 0.92, 1.0)
"""Up to which draw from 0 to 1 a device runs the first, the second, the third version."""


def usual_network(pipeline: str, draw: float) -> Network:
    """Return the network that a device runs whose draw, from 0 to 1, is ``draw``."""
    networks = NETWORKS[pipeline]
    return networks[min(sum(draw >= edge for edge in MIX), len(networks) - 1)]


def find_network(pipeline: str, model: str) -> Network | None:
    """Return the network called ``model``, with or without `@version` (then the newest); None where there is none."""
    name, _, version = model.partition("@")
    fitting = [one for one in NETWORKS[pipeline] if one.name == name and version in ("", one.version)]
    return fitting[-1] if fitting else None


def named_network(model: str) -> Network:
    """Return a network of any name for `NAME[@VERSION]`, version 1.0.0 unless it says another. Raises ConfigError."""
    name, at, version = model.partition("@")
    version = version if at else "1.0.0"
    if not re.search(whole(NAME_PATTERN), name) or not re.search(whole(VERSION_PATTERN), version):
        todo = "write NAME or NAME@VERSION, as 'skerry-signs@1.0.0': the name that its releases have"
        raise ConfigError("a model cannot be called so", where="--model", found=f"'{model}'", todo=todo)
    first = NETWORKS[CAMERA][0]
    return Network(name=name, version=version, cost=first.cost, score=first.score, drops=first.drops)
