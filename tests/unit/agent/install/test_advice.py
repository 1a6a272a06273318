"""What is left to do after an installation."""

from __future__ import annotations

from skerry_boards.loader import load_board
from skerry_edge.agent.install.advice import advice


def told(board: str, *, here: set[str] | None, backends: set[str]) -> str:
    return "\n".join(advice(load_board(board), here=here, backends=backends))


def test_what_is_there_already_is_not_asked_for() -> None:
    here = {"alsa-utils", "python3-venv", "rpicam-apps"}
    assert "apt install" not in told("raspberry-pi-5", here=here, backends={"litert"})
    assert "sudo apt install alsa-utils" in told("raspberry-pi-5", here=here - {"alsa-utils"}, backends={"litert"})
    assert "sudo apt install alsa-utils" in told("raspberry-pi-5", here=None, backends={"litert"})


def test_an_accelerator_that_nothing_uses_is_told_with_what_turns_it_on() -> None:
    text = told("coral-usb-raspberry-pi", here=None, backends={"litert"})
    assert 'backends = ["edgetpu", "litert"]' in text
    assert "Coral's package source" in text
    assert "edgetpu" not in told("coral-usb-raspberry-pi", here={"libedgetpu1-std"}, backends={"edgetpu"})
    assert '"onnx:tensorrt"' in told("jetson-orin-nano", here=None, backends={"litert"})


def test_the_doctor_is_always_next() -> None:
    assert "sudo skerry doctor" in told("generic-x86", here=None, backends=set())
