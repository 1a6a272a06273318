"""What each check makes of what it found."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from skerry_boards.loader import load_board
from skerry_boards.machine import Machine, PciDevice, UsbDevice
from skerry_edge.agent.doctor.accelerators import judge_accelerators
from skerry_edge.agent.doctor.access import Device, Who, find_devices, judge_access
from skerry_edge.agent.doctor.broker import judge_limits
from skerry_edge.agent.doctor.examination import judge_packages
from skerry_edge.agent.doctor.findings import Check, Finding, is_healthy
from skerry_edge.agent.doctor.running import run_checks
from skerry_edge.agent.doctor.runtimes import judge_confinement, judge_runtimes, wanted_backends
from skerry_edge.agent.doctor.system import judge_disk, judge_python, judge_shared_memory, look_at_board, look_at_disk
from skerry_edge.contracts.messages import MAX_JSON_BYTES
from skerry_edge.foundation.errors import ReachError

CORAL = load_board("coral-usb-raspberry-pi")
ON_ARM = Machine(architecture="aarch64")
FINE = Finding(name="x", status="ok", found="y")


def there(_: str) -> None:
    """Tell that every backend can be used."""


@pytest.mark.parametrize(
    ("version", "bits", "status"), [((3, 10), 64, "ok"), ((3, 9), 64, "failed"), ((3, 11), 32, "failed")]
)
def test_python_must_be_new_enough_and_64_bit(version: tuple[int, int], bits: int, status: str) -> None:
    assert judge_python(version, bits=bits, machine="aarch64").status == status


@pytest.mark.parametrize(
    ("changes", "status", "part"),
    [
        ({}, "ok", "500 MB free"),
        ({"is_read_only": True}, "failed", "read-only"),
        ({"free_mb": 90.0}, "warning", "90 MB free"),
        ({"free_mb": 3.0}, "failed", "3 MB free"),
        ({"free_inodes": 7}, "failed", "7 inodes"),
        ({"free_inodes": None}, "ok", "free"),
    ],
)
def test_a_disk_must_be_writable_and_have_room(changes: dict[str, object], status: str, part: str) -> None:
    values = {"free_mb": 500.0, "is_read_only": False, "free_inodes": 10_000, "needed_mb": 100.0, **changes}
    finding = judge_disk("/var/lib/skerry", **values)  # type: ignore[arg-type]
    assert (finding.status, part in finding.found) == (status, True)
    assert finding.todo or status == "ok"


def test_the_disk_of_a_directory_that_is_not_there_yet_is_its_parent_s(tmp_path: Path) -> None:
    (finding,) = look_at_disk(tmp_path / "not" / "yet", 0, None)
    assert finding.status in ("ok", "warning")


@pytest.mark.parametrize(("free_mb", "status"), [(64.0, "ok"), (8.0, "warning")])
def test_shared_memory_must_have_some_room(free_mb: float, status: str) -> None:
    assert judge_shared_memory(free_mb).status == status


@pytest.mark.parametrize(
    ("machine", "status", "part"),
    [
        (replace(ON_ARM, usb=(UsbDevice(id="18d1:9302", speed_mbps=5000),)), "ok", "5000 Mbit/s"),
        (replace(ON_ARM, usb=(UsbDevice(id="1a6e:089a", speed_mbps=480),)), "warning", "USB 2 port"),
        (replace(ON_ARM, usb=(UsbDevice(id="1a6e:089a"),)), "ok", "on USB"),
        (replace(ON_ARM, pci=(PciDevice(id="1ac1:089a", class_code="0880"),)), "failed", "not there"),
        (ON_ARM, "failed", "not there"),
    ],
)
def test_an_accelerator_must_be_there_and_on_a_fast_port(machine: Machine, status: str, part: str) -> None:
    (finding,) = judge_accelerators(CORAL, machine, missing_reason=there)
    assert (finding.status, part in finding.found) == (status, True)


def test_an_accelerator_that_is_soldered_to_a_slow_bus_is_not_blamed_for_it() -> None:
    machine = replace(ON_ARM, usb=(UsbDevice(id="18d1:9302", speed_mbps=480),))
    (finding,) = judge_accelerators(load_board("coral-dev-board-mini"), machine, missing_reason=there)
    assert finding.status == "ok"


def test_an_accelerator_needs_its_library_as_well() -> None:
    machine = replace(ON_ARM, usb=(UsbDevice(id="18d1:9302", speed_mbps=5000),))
    findings = judge_accelerators(CORAL, machine, missing_reason=lambda _: "libedgetpu is not installed")
    assert [one.status for one in findings] == ["ok", "failed"]


def test_a_board_without_an_accelerator_has_nothing_to_look_for() -> None:
    (finding,) = judge_accelerators(load_board("raspberry-pi-5"), ON_ARM, missing_reason=there)
    assert finding.status == "not applicable"


@pytest.mark.parametrize(
    ("wanted", "missing", "status"),
    [
        (["litert", "onnx"], {}, "ok"),
        (["edgetpu", "litert"], {"edgetpu"}, "warning"),
        (["litert", "onnx"], {"onnx"}, "ok"),
        (["edgetpu"], {"edgetpu"}, "failed"),
        ([], {}, "not applicable"),
    ],
)
def test_one_runtime_at_least_must_be_there(wanted: list[str], missing: set[str], status: str) -> None:
    (finding,) = judge_runtimes(wanted, missing_reason=lambda name: "not installed" if name in missing else None)
    assert finding.status == status


@pytest.mark.parametrize(
    ("unit", "wanted", "status"),
    [
        ("MemoryDenyWriteExecute=yes\n", ["openvino"], "failed"),
        ("MemoryDenyWriteExecute=yes\n[Service]\nMemoryDenyWriteExecute=no\n", ["openvino"], "ok"),
        ("MemoryDenyWriteExecute=yes\n", ["litert"], "not applicable"),
        (None, ["openvino"], "not applicable"),
    ],
)
def test_openvino_needs_a_service_that_lets_it_write_code(unit: str | None, wanted: list[str], status: str) -> None:
    (finding,) = judge_confinement(unit, wanted)
    assert finding.status == status


def test_a_board_s_accelerated_device_counts_as_its_backend() -> None:
    assert wanted_backends(CORAL, None) == ["edgetpu", "litert"]
    assert wanted_backends(load_board("raspberry-pi-5"), None) == ["litert", "onnx"]


@pytest.mark.parametrize(
    ("version", "payload_bytes", "in_flight", "status"),
    [
        ("5", 268_435_455, 20, "ok"),
        ("5", 100_000, 20, "warning"),
        ("5", 20_000, 20, "warning"),
        ("5", 268_435_455, 3, "warning"),
        ("3.1.1", 0, 0, "not applicable"),
    ],
)
def test_a_broker_must_take_what_the_contract_allows(
    version: str, payload_bytes: int, in_flight: int, status: str
) -> None:
    finding = judge_limits(version, payload_bytes=payload_bytes, in_flight=in_flight)
    assert finding.status == status
    assert finding.todo or status in ("ok", "not applicable")
    assert ("events may not pass" in str(finding.todo)) == (version == "5" and payload_bytes < MAX_JSON_BYTES)


VIDEO = Device(path="/dev/video0", uid=0, group="video", mode=0o660)


@pytest.mark.parametrize(
    ("device", "who", "status"),
    [
        (VIDEO, Who(name="skerry", uid=999, groups=frozenset({"video"})), "ok"),
        (VIDEO, Who(name="skerry", uid=999, groups=frozenset({"audio"})), "failed"),
        (VIDEO, Who(name="root", uid=0, groups=frozenset()), "ok"),
        (replace(VIDEO, mode=0o666), Who(name="skerry", uid=999, groups=frozenset()), "ok"),
        (replace(VIDEO, mode=0o640), Who(name="skerry", uid=999, groups=frozenset({"video"})), "failed"),
        (replace(VIDEO, uid=999, mode=0o600), Who(name="skerry", uid=999, groups=frozenset()), "ok"),
    ],
)
def test_the_service_must_be_allowed_to_use_its_devices(device: Device, who: Who, status: str) -> None:
    finding = judge_access([device], who)
    assert finding.status == status
    assert ("usermod -aG video skerry" in (finding.todo or "")) == (status == "failed")


def test_no_device_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "video0").write_text("no device")
    assert judge_access(find_devices(tmp_path), Who(name="x", uid=1, groups=frozenset())).status == "not applicable"


def test_a_board_that_looks_like_another_is_told() -> None:
    pi = load_board("raspberry-pi-5")
    assert look_at_board(pi, pi)[0].status == "ok"
    assert look_at_board(pi, None)[0].status == "ok"
    (finding,) = look_at_board(CORAL, pi)
    assert (finding.status, 'board = "raspberry-pi-5"' in (finding.todo or "")) == ("warning", True)


def test_packages_that_are_missing_are_named_with_the_command() -> None:
    wanted = ("alsa-utils", "libedgetpu1-std", "rpicam-apps-lite")
    (finding,) = judge_packages(wanted, {"alsa-utils", "rpicam-apps"})
    assert (finding.status, finding.found) == ("warning", "not installed: libedgetpu1-std")
    assert finding.todo is not None
    assert "Coral's package source" in finding.todo
    assert finding.todo.endswith("sudo apt install libedgetpu1-std")


def test_a_check_that_hangs_is_a_finding_and_the_next_one_goes_on() -> None:
    never = threading.Event()

    def hang() -> tuple[Finding, ...]:
        never.wait()
        return (FINE,)

    checks = (Check(name="stuck", look=hang, limit_s=0.05), Check(name="x", look=lambda: (FINE,)))
    (stuck,), (fine,) = run_checks(checks)
    never.set()
    assert (stuck.name, stuck.status, "0.05 s" in stuck.found) == ("stuck", "failed", True)
    assert fine == FINE


@pytest.mark.parametrize("error", [ReachError("gone", where="mqtt://u:geheim@b"), RuntimeError("mqtt://u:geheim@b")])
def test_a_check_that_raises_is_a_finding_without_a_secret(error: Exception) -> None:
    def fail() -> tuple[Finding, ...]:
        raise error

    ((finding,),) = run_checks((Check(name="x", look=fail, todo="look there"),))
    assert finding.status == "failed"
    assert "geheim" not in finding.found
    assert finding.todo


def test_warnings_are_no_failures() -> None:
    assert is_healthy([FINE, replace(FINE, status="warning"), replace(FINE, status="not applicable")])
    assert not is_healthy([FINE, replace(FINE, status="failed")])
