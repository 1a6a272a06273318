"""The inference runtimes that board and pipelines count on: whether they can be imported here."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from skerry_boards.schema import Board
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.pipelines import DetectionPipeline, WakeWordPipeline
from skerry_edge.agent.doctor.findings import Finding
from skerry_edge.backends.registry import BACKENDS, entry_of

_DENIAL = re.compile(r"^MemoryDenyWriteExecute=(\S+)", re.MULTILINE)


def wanted_backends(board: Board | None, config: AgentConfig | None) -> list[str]:
    """Return the backends that count here, the first choice first: the pipelines' own, else the board's."""
    named = [
        name
        for one in (config.pipelines if config else ())
        if isinstance(one, DetectionPipeline)
        for name in one.backends
    ]
    words = ["litert"] if config and any(isinstance(one, WakeWordPipeline) for one in config.pipelines) else []
    general = [one.choice for one in board.runtimes] if board else []
    return list(dict.fromkeys((*named, *words) or general))


def judge_confinement(unit: str | None, wanted: Sequence[str]) -> tuple[Finding, ...]:
    """Judge whether the service lets its runtimes write the code that they run; ``unit`` is its text with drop-ins."""
    name = "service's bounds"
    if unit is None or all(entry_of(one) is not BACKENDS["openvino"] for one in wanted):
        return (Finding(name=name, status="not applicable", found="no runtime here needs more than every unit allows"),)
    said = _DENIAL.findall(unit)
    if said and said[-1] in ("yes", "true", "1", "on"):
        todo = (
            "run `sudo skerry agent install` again, or put MemoryDenyWriteExecute=no below [Service] (systemctl edit)"
        )
        return (
            Finding(name=name, status="failed", found="the service keeps OpenVINO from writing kernels", todo=todo),
        )
    return (Finding(name=name, status="ok", found="OpenVINO may write the kernels that it runs"),)


def judge_runtimes(wanted: Sequence[str], *, missing_reason: Callable[[str], str | None]) -> tuple[Finding, ...]:
    """Judge whether the backends can be used; ``missing_reason`` tells why one cannot, or None."""
    if not wanted:
        return (Finding(name="runtimes", status="not applicable", found="no pipeline infers"),)
    missing = {name: reason for name in wanted if (reason := missing_reason(name))}
    here = [name for name in wanted if name not in missing]
    if not missing:
        return (Finding(name="runtimes", status="ok", found=", ".join(here)),)
    found = "; ".join(f"{name}: {reason}" for name, reason in missing.items())
    if not here:
        return (Finding(name="runtimes", status="failed", found=found, todo="install one of them"),)
    if here[0] == wanted[0]:
        return (Finding(name="runtimes", status="ok", found=f"{', '.join(here)}; {found}; {here[0]} will run"),)
    todo = f"install what is missing, or leave it out of 'backends'; {here[0]} will run"
    return (Finding(name="runtimes", status="warning", found=found, todo=todo),)
