"""What is kept of a gate, and on which processor it ran."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from skerry_converters.gates.metrics import OutputFigures, compare
from skerry_converters.gates.processor import processor_name
from skerry_converters.gates.report import GateReport, HeldOutFacts, decode_reports, encode_reports
from skerry_converters.gates.verdict import Limits, Verdict


def report(output: OutputFigures) -> GateReport:
    return GateReport(
        variant="onnx-int8",
        precision="int8",
        backend="onnx",
        processor="x86_64, Some processor",
        held_out=HeldOutFacts(origin="gate data", kind="pictures", samples=25, labelled=True, sha256="0" * 64),
        verdict=Verdict(outcome="passed", decided_by="sqnr", reasons=("good",)),
        limits=Limits(),
        outputs=(output,),
    )


def test_reports_come_back_as_they_were(output: Callable[..., OutputFigures]) -> None:
    reports = (report(output()), report(output(share_within_lsb={"0": 0.5}, sqnr_db=None)))
    raw = encode_reports(reports)
    assert decode_reports(raw) == reports
    assert raw == encode_reports(decode_reports(raw))
    assert raw.endswith(b"}\n")


def test_figures_of_any_outputs_are_json() -> None:
    import numpy as np

    odd = [compare("a", one, two) for one in (np.zeros(3), np.ones(3)) for two in (np.zeros(3), np.full(3, np.inf))]
    raw = encode_reports([report(one) for one in odd])
    assert b"null" in raw
    assert [one.outputs[0] for one in decode_reports(raw)] == odd


def test_a_processor_is_named_with_what_kernels_are_chosen_by(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(
        "processor : 0\nmodel name : Some Xeon\nflags : fpu avx2 avx512_vnni amx_int8\nmodel name : other\n"
    )
    assert processor_name(cpuinfo).split(", ", 1)[1] == "Some Xeon, avx2 avx512_vnni amx_int8"
    cpuinfo.write_text("processor\t: 0\nFeatures\t: fp asimd asimddp\n\nModel\t\t: Raspberry Pi 5 Model B\n")
    assert processor_name(cpuinfo).split(", ", 1)[1] == "Raspberry Pi 5 Model B, asimddp"
    assert processor_name(tmp_path / "none")
