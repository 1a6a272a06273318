"""A board profile as text for people."""

from __future__ import annotations

from dataclasses import asdict

from skerry_boards.detection import Detection
from skerry_boards.schema import Accelerator, Board, Runtime
from skerry_edge.foundation.extras import install_hint


def processor(board: Board) -> str:
    """Return the processor on one line."""
    part = board.processor
    cores = f"{part.cores} x {part.core or part.architecture}" if part.cores else part.core
    clock = f"{part.clock_mhz} MHz" if part.clock_mhz else None
    return _joined(part.name, cores, clock) or f"any {part.architecture}"


def memory(board: Board) -> str:
    """Return the memory sizes on one line."""
    if board.microcontroller:
        return f"{board.microcontroller.sram_kb} KiB SRAM"
    return " / ".join(_mebibytes(size) for size in board.memory_mb) or "varies"


def rows(board: Board) -> list[list[str]]:
    """Return every part of the profile that has a value as (title, text)."""
    found = [
        ("kind", board.kind),
        ("also called", ", ".join(board.aliases)),
        ("processor", processor(board)),
        ("memory", memory(board)),
        ("model of the device tree", " or ".join(f"{one} …" for one in board.device_tree)),
        ("or compatible with", ", ".join(board.compatible)),
        *_microcontroller(board),
        ("accelerator", "\n".join(_accelerator(one) for one in board.accelerators)),
        ("runtimes, in order", "\n".join(_runtime(one) for one in board.runtimes)),
        *_capture(board),
        *_limits(board),
        *_system(board),
        ("notes", "\n".join(board.notes)),
        ("sources", "\n".join(f"{one.title}\n  {one.url}" for one in board.sources)),
    ]
    return [[title, text] for title, text in found if text]


def _microcontroller(board: Board) -> list[tuple[str, str]]:
    part = board.microcontroller
    if part is None:
        return []
    return [
        ("largest block for data", f"{part.data_block_kb} KiB" if part.data_block_kb else ""),
        ("rom", f"{part.rom_kb} KiB" if part.rom_kb else ""),
        ("flash", " / ".join(_mebibytes(size // 1024) for size in part.flash_kb)),
        ("psram", " / ".join(_mebibytes(size // 1024) for size in part.psram_kb)),
        ("toolchain", part.toolchain),
    ]


def _capture(board: Board) -> list[tuple[str, str]]:
    camera, audio = board.camera, board.audio
    size = f"{camera.width_px}x{camera.height_px} at {camera.fps:g} a second" if camera else None
    return [
        ("camera", _joined(camera.interface.upper(), size, camera.program) if camera else ""),
        ("audio", f"{audio.device}, {audio.sample_rate_hz} Hz" if audio else ""),
    ]


def _limits(board: Board) -> list[tuple[str, str]]:
    thermal, power = board.thermal, board.power
    throttles = f"slows down from {thermal.throttles_from_c:g} °C" if thermal and thermal.throttles_from_c else None
    zones = f"zone {' or '.join(thermal.zone_types)}" if thermal and thermal.zone_types else None
    supply = f"{power.supply_v:g} V" if power and power.supply_v else None
    current = f"{power.supply_a:g} A" if power and power.supply_a else None
    modes = f"modes {' / '.join(f'{mode:g} W' for mode in power.modes_w)}" if power and power.modes_w else None
    return [("thermal", _joined(zones, throttles)), ("power", _joined(supply, current, modes))]


def _system(board: Board) -> list[tuple[str, str]]:
    system = board.system
    if system is None:
        return []
    stock = f"has Python {system.stock_python}, too old for Skerry" if system.stock_python else ""
    return [
        ("system", f"{system.os}, Python {system.python_min} or later"),
        ("the maker's system", "\n".join(filter(None, (stock, *system.stock_remedy)))),
        ("install", install_hint(",".join(system.extras)) if system.extras else ""),
        ("apt packages", " ".join(system.apt_packages)),
        ("udev rules", "\n".join(system.udev_rules)),
    ]


def detection_rows(detection: Detection) -> list[list[str]]:
    """Return what was found on a machine as (title, text)."""
    machine, match = detection.machine, detection.match
    reasons = [*match.evidence.values()] if match else []
    generic = f"nothing tells it from other {machine.architecture} computers" if match and not reasons else None
    candidates = [
        f"{one.board.name}: {'; '.join(one.evidence.values()) or 'any such computer'}" for one in detection.candidates
    ]
    found = [
        ("profile", f"{match.board.name} ({match.board.title})" if match else "none for certain"),
        ("because", "\n".join(filter(None, (*reasons, generic)))),
        ("candidates", "\n".join(candidates)),
        ("for want of better", detection.fallback.name if detection.fallback and not match else ""),
        ("not found", "\n".join(detection.absent)),
        ("also seen", "\n".join(detection.seen)),
        ("machine", _joined(machine.model or machine.dmi, machine.cpu_vendor, machine.architecture)),
    ]
    return [[title, text] for title, text in found if text]


def detection_facts(detection: Detection) -> dict[str, object]:
    """Return what was found on a machine for programs."""
    match = detection.match
    return {
        "board": match.board.name if match else None,
        "because": list(match.evidence.values()) if match else [],
        "candidates": [
            {"board": one.board.name, "because": list(one.evidence.values())} for one in detection.candidates
        ],
        "fallback": detection.fallback.name if detection.fallback else None,
        "absent": list(detection.absent),
        "also_seen": list(detection.seen),
        "machine": asdict(detection.machine),
    }


def _accelerator(one: Accelerator) -> str:
    tops = f"{one.tops_int8:g} TOPS int8" if one.tops_int8 else None
    ids = " or ".join(one.ids)
    return _joined(f"{one.name} ({one.kind}, {one.attached})", "/".join(one.precisions), tops, one.driver, ids)


def _runtime(one: Runtime) -> str:
    threads = "threads as the runtime likes" if one.threads == 0 else f"{one.threads} threads"
    return f"{one.backend} on {one.device}, {threads}"


def _mebibytes(size: int) -> str:
    return f"{size // 1024} GB" if size >= 1024 else f"{size} MB"


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)
