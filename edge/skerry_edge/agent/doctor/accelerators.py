"""Accelerators: whether they are there, how fast they are attached, and whether their driver is."""

from __future__ import annotations

from collections.abc import Callable

from skerry_boards.machine import Machine
from skerry_boards.schema import Accelerator, Board
from skerry_edge.agent.doctor.findings import Finding
from skerry_edge.foundation.extras import install_hint


def judge_accelerators(
    board: Board, machine: Machine, *, missing_reason: Callable[[str], str | None]
) -> tuple[Finding, ...]:
    """Judge each accelerator that can be found by an id; ``missing_reason`` tells why a backend is not here."""
    told = [one for one in board.accelerators if one.ids]
    if not told:
        return (
            Finding(name="accelerator", status="not applicable", found=f"{board.name} has none that is plugged in"),
        )
    findings = [_judge(one, machine) for one in told]
    if any("Edge TPU" in one.name for one in told) and (reason := missing_reason("edgetpu")):
        todo = f"apt install libedgetpu1-std, from Coral's package source; {install_hint('litert')}"
        findings.append(Finding(name="accelerator's driver", status="failed", found=reason, todo=todo))
    return tuple(findings)


def _judge(one: Accelerator, machine: Machine) -> Finding:
    if any(device.id in one.ids for device in machine.pci):
        return Finding(name="accelerator", status="ok", found=f"{one.name} on PCI")
    device = next((device for device in machine.usb if device.id in one.ids), None)
    if device is None:
        where = "the USB port and its cable" if one.attached == "usb" else "lspci, and the kernel's log for PCIe errors"
        todo = f"look at {where}; the processor computes meanwhile"
        return Finding(
            name="accelerator", status="failed", found=f"{one.name} is not there ({one.attached})", todo=todo
        )
    speed = "" if device.speed_mbps is None else f" at {device.speed_mbps:g} Mbit/s"
    if device.speed_mbps is not None and one.usb_mbps is not None and device.speed_mbps < one.usb_mbps:
        todo = "plug it into a USB 3 port (blue), without a hub and with its own cable"
        return Finding(name="accelerator", status="warning", found=f"{one.name} on a USB 2 port{speed}", todo=todo)
    return Finding(name="accelerator", status="ok", found=f"{one.name} on USB{speed}")
