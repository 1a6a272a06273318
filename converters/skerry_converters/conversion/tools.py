"""The versions of what has a part in several files of a bundle, and which of a bundle's tools are others here."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec

import cv2
import numpy as np

from skerry_edge.backends.registry import BACKENDS


def shared_tools(backends: Iterable[str]) -> dict[str, str]:
    """Return the versions of what reads pictures and arrays, and of the runtimes behind ``backends``, by name."""
    modules = {module for name in backends for module in BACKENDS[name].runtimes if find_spec(module)}
    providers = packages_distributions()
    runtimes = {package: version(package) for module in modules for package in providers.get(module, ())}
    return {"numpy": np.__version__, "opencv": cv2.__version__, **runtimes}
