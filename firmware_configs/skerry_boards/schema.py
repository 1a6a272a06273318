"""What a board profile says: the facts of a board and the defaults that Skerry takes from them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"

Name = Annotated[str, Meta(pattern=NAME_PATTERN)]
Text = Annotated[str, Meta(min_length=1, max_length=500)]
Positive = Annotated[int, Meta(ge=1, le=2**40)]
Amount = Annotated[float, Meta(gt=0, le=1e6)]
Url = Annotated[str, Meta(pattern=r"^https://[^\s]+$", max_length=500)]
Version = Annotated[str, Meta(pattern=r"^3\.[0-9]{1,2}$")]
DeviceId = Annotated[str, Meta(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")]
"""Vendor and product as `lsusb` and `lspci -n` write them."""


class _Part(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of a profile's parts: immutable, named arguments; what is absent is not known or does not apply."""


class Processor(_Part, frozen=True, kw_only=True):
    """The main processor; a generic profile knows its architecture only.

    ``vendor`` is `vendor_id` of /proc/cpuinfo, for profiles of everything that one maker's processors are in.
    """

    architecture: Literal["aarch64", "x86_64", "armv6-m", "armv7-m", "armv8-m", "riscv32", "xtensa"]
    vendor: Text | None = None
    name: Text | None = None
    core: Text | None = None
    cores: Annotated[int, Meta(ge=1, le=1024)] | None = None
    clock_mhz: Positive | None = None


class Microcontroller(_Part, frozen=True, kw_only=True):
    """Memory of a board that runs no operating system with processes; sizes in KiB.

    ``sram_kb`` is on the chip; ``data_block_kb`` is the largest piece of it that one array can have, where gaps between
    addresses or memory that only code can lie in leave less. ``flash_kb`` and ``psram_kb`` are the sizes that modules
    are sold with.
    """

    sram_kb: Positive
    data_block_kb: Positive | None = None
    rom_kb: Positive | None = None
    flash_kb: tuple[Positive, ...] = ()
    psram_kb: tuple[Positive, ...] = ()
    toolchain: Text


class Accelerator(_Part, frozen=True, kw_only=True):
    """Something beside the processor's cores that computes networks.

    ``tops_int8`` is the maker's peak figure. ``exclusive`` says that it serves one process at a time. It is found by
    ``ids`` on its bus; some have another id before their firmware is loaded. ``usb_mbps`` is the rate at which it
    should be attached; one that is soldered to a slower bus has none.
    """

    name: Text
    kind: Literal["gpu", "tpu", "npu", "vector"]
    attached: Literal["on-chip", "usb", "pcie"]
    precisions: tuple[Literal["fp32", "fp16", "int16", "int8"], ...]
    tops_int8: Amount | None = None
    exclusive: bool = False
    driver: Text | None = None
    ids: tuple[DeviceId, ...] = ()
    usb_mbps: Amount | None = None


EDGETPU = "edgetpu"
"""The accelerator that has a backend of its own, though a general runtime drives it."""


class Runtime(_Part, frozen=True, kw_only=True):
    """One choice of inference runtime; ``threads`` 0 leaves the number to the runtime."""

    backend: Text
    device: Text = "cpu"
    threads: Annotated[int, Meta(ge=0, le=1024)] = 0

    @property
    def choice(self) -> str:
        """What a pipeline's ``backends`` call it: `litert`, `openvino:gpu`, and for an Edge TPU `edgetpu`."""
        if self.device == "cpu":
            return self.backend
        return self.device if self.device == EDGETPU else f"{self.backend}:{self.device}"


class Camera(_Part, frozen=True, kw_only=True):
    """How pictures come in, and the size and rate to begin with; ``elements`` are GStreamer's up to raw video."""

    interface: Literal["csi", "usb", "rtsp"]
    width_px: Positive
    height_px: Positive
    fps: Amount
    program: Text | None = None
    elements: Text | None = None


class Audio(_Part, frozen=True, kw_only=True):
    """How sound comes in: ALSA's name of the microphone, or the bus on a microcontroller."""

    device: Text
    sample_rate_hz: Positive = 16000


class Thermal(_Part, frozen=True, kw_only=True):
    """Where the temperature is read and from where on the board slows down.

    ``zone_types`` are contents of `/sys/class/thermal/thermal_zone*/type`, the best first; the temperature is in the
    file `temp` beside it, in thousandths of a degree. The number of a zone is no name, as kernels change it; a zone
    that reads empty is switched off, and the next one counts.
    """

    zone_types: tuple[Text, ...] = ()
    throttles_from_c: Amount | None = None
    throttle_command: tuple[Text, ...] = ()


class Power(_Part, frozen=True, kw_only=True):
    """What the board takes: the supply that its maker asks for, and the power modes that can be set."""

    supply_v: Amount | None = None
    supply_a: Amount | None = None
    modes_w: tuple[Amount, ...] = ()


class System(_Part, frozen=True, kw_only=True):
    """The operating system that Skerry is meant for on the board, and what it installs there.

    ``stock_python`` is set where the maker's own system has an older Python than Skerry needs; ``stock_remedy`` then
    says what to do. ``stock_systemd`` is the version of systemd that comes with it, the oldest where several do.
    ``extras`` are what of Skerry's wheel the board takes, ``udev_rules`` are lines that give the service access to its
    accelerators. ``devices`` are such devices beside cameras, sound, USB and the kernel's own classes for graphics and
    NPUs, as systemd's DeviceAllow= takes them; ``sockets`` lie in /tmp and are talked to.
    """

    os: Text
    python_min: Version = "3.10"
    stock_python: Version | None = None
    stock_remedy: tuple[Text, ...] = ()
    stock_systemd: Annotated[int, Meta(ge=200, le=999)] | None = None
    extras: tuple[Annotated[str, Meta(pattern=r"^[a-z]+$")], ...] = ()
    apt_packages: tuple[Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.+-]+$")], ...] = ()
    udev_rules: tuple[Annotated[str, Meta(pattern=r'^SUBSYSTEMS?=="[^\n]+$', max_length=500)], ...] = ()
    devices: tuple[Annotated[str, Meta(pattern=r"^(?:/dev/|char-)[^\s]+$")], ...] = ()
    sockets: tuple[Annotated[str, Meta(pattern=r"^/tmp/[^\s:]+$")], ...] = ()


class Source(_Part, frozen=True, kw_only=True):
    """A document that the profile's facts are from."""

    title: Text
    url: Url


class Board(_Part, frozen=True, kw_only=True):
    """One board profile. ``memory_mb`` are the sizes it is sold with; ``runtimes`` are tried in this order.

    ``device_tree`` are beginnings of `/sys/firmware/devicetree/base/model`, by which the kernel tells the board from
    others, and ``compatible`` entries of the file of that name beside it; a profile without any is told by its
    accelerators or its processor. ``aliases`` are other names that people give it.
    """

    schema: Literal[1]
    name: Name
    aliases: tuple[Name, ...] = ()
    title: Text
    kind: Literal["computer", "microcontroller"]
    processor: Processor
    device_tree: tuple[Text, ...] = ()
    compatible: tuple[Text, ...] = ()
    memory_mb: tuple[Positive, ...] = ()
    microcontroller: Microcontroller | None = None
    accelerators: tuple[Accelerator, ...] = ()
    runtimes: tuple[Runtime, ...] = ()
    camera: Camera | None = None
    audio: Audio | None = None
    thermal: Thermal | None = None
    power: Power | None = None
    system: System | None = None
    notes: tuple[Text, ...] = ()
    sources: Annotated[tuple[Source, ...], Meta(min_length=1)]
