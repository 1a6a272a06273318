"""What the kernel tells about the machine that it runs on: names, processor, and what hangs on USB and PCI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MAX_BYTES = 65536


@dataclass(frozen=True, kw_only=True, slots=True)
class UsbDevice:
    """A device on USB: ``id`` is vendor:product; ``speed_mbps`` is what it was attached with, None where unknown."""

    id: str
    product: str | None = None
    speed_mbps: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PciDevice:
    """A function on PCI: ``id`` is vendor:device, ``class_code`` the base class and subclass in hexadecimal."""

    id: str
    class_code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """A machine as its kernel describes it; what the kernel does not tell is None or empty.

    ``architecture`` is aarch64, x86_64 or "unknown"; ``dmi`` is maker and product of a PC.
    """

    architecture: str
    model: str | None = None
    compatible: tuple[str, ...] = ()
    cpu_vendor: str | None = None
    dmi: str | None = None
    usb: tuple[UsbDevice, ...] = ()
    pci: tuple[PciDevice, ...] = ()


def read_machine(root: Path = Path("/")) -> Machine:
    """Read /proc and /sys below ``root``. What is absent or cannot be read counts as not told."""
    tree = root / "sys/firmware/devicetree/base"
    cpuinfo = _read(root / "proc/cpuinfo") or ""
    dmi = root / "sys/class/dmi/id"
    return Machine(
        architecture=_architecture(cpuinfo),
        model=_read(tree / "model"),
        compatible=tuple((_read(tree / "compatible") or "").split("\0")) if (tree / "compatible").exists() else (),
        cpu_vendor=_field(cpuinfo, "vendor_id"),
        dmi=" ".join(filter(None, (_read(dmi / name) for name in ("sys_vendor", "product_name")))) or None,
        usb=tuple(_usb_devices(root / "sys/bus/usb/devices")),
        pci=tuple(_pci_devices(root / "sys/bus/pci/devices")),
    )


def _architecture(cpuinfo: str) -> str:
    # Long mode on x86; on Arm a 64-bit kernel writes version 8, and a 32-bit one 7 on the same chip.
    if "lm" in (_field(cpuinfo, "flags") or "").split():
        return "x86_64"
    return "aarch64" if _field(cpuinfo, "CPU architecture") == "8" else "unknown"


def _field(cpuinfo: str, name: str) -> str | None:
    for line in cpuinfo.splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip() == name:
            return value.strip()
    return None


def _usb_devices(folder: Path) -> Iterator[UsbDevice]:
    for device in _entries(folder):
        vendor, product = _read(device / "idVendor"), _read(device / "idProduct")
        if vendor and product:
            yield UsbDevice(
                id=f"{vendor}:{product}".lower(),
                product=_read(device / "product"),
                speed_mbps=_number(_read(device / "speed")),
            )


def _pci_devices(folder: Path) -> Iterator[PciDevice]:
    for device in _entries(folder):
        vendor, product, code = (_read(device / name) for name in ("vendor", "device", "class"))
        if vendor and product and code:
            yield PciDevice(
                id=f"{vendor.removeprefix('0x')}:{product.removeprefix('0x')}".lower(),
                class_code=code.removeprefix("0x")[:4].lower(),
            )


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []  # a machine without that bus


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None  # "unknown", which some virtual controllers write


def _read(path: Path) -> str | None:
    """Return a file's text without the NUL and line ends around it, None where there is none."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES)
    except OSError:
        return None
    return raw.decode("utf-8", errors="replace").strip("\0\n\r\t ") or None
