"""A conversion's content, made up: three files, one of them failing."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from skerry_converters.gates.accuracy import AccuracyFigures
from skerry_converters.gates.boxes import BoxFigures
from skerry_converters.gates.metrics import OutputFigures
from skerry_converters.gates.report import GateReport, HeldOutFacts
from skerry_converters.gates.showcase import SamplePicture
from skerry_converters.gates.verdict import Limits, Verdict
from skerry_converters.page.content import LayerError, PageContent, Picture, VariantContent


def jpeg(shade: int) -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((60, 90, 3), shade, np.uint8))[1].tobytes())


@pytest.fixture
def content() -> Callable[..., PageContent]:
    """Return a function that makes a page's content around a text that stands wherever a text can stand."""

    def make(text: str = "head") -> PageContent:
        boxes = BoxFigures(
            threshold=0.25,
            source_boxes=55,
            variant_boxes=51,
            matched=44,
            faded=9,
            mean_score_difference=0.001,
            largest_score_difference=-0.25,
            mean_iou=0.878,
        )
        accuracy = AccuracyFigures(
            images=25, objects=52, source_ap50=77.5, variant_ap50=69.6, drop=7.9, drop_low=-1.7, drop_high=16.4
        )
        held_out = HeldOutFacts(origin="set aside", kind="pictures", samples=25, labelled=True, cautions=(text,))
        outputs = (
            OutputFigures(name=text, values=100, sqnr_db=13.9, cosine=0.98, max_abs_error=17.6, mean_error=0.1),
            OutputFigures(name="exact", values=100, cosine=1.0, max_abs_error=0.0, mean_error=0.0),
        )

        def report(name: str, verdict: Verdict, **more: object) -> GateReport:
            return GateReport(
                variant=name,
                precision="int8",
                backend="onnx",
                processor=text,
                held_out=held_out,
                verdict=verdict,
                limits=Limits(),
                **more,  # type: ignore[arg-type]
            )

        picture = SamplePicture(
            name=text, source_jpeg=jpeg(40), variant_jpeg=jpeg(90), source_boxes=1, variant_boxes=2, differing=3
        )
        passed = VariantContent(
            report=report(
                "onnx-int8",
                Verdict(outcome="passed", decided_by="accuracy", reasons=(text,)),
                outputs=outputs,
                boxes=boxes,
                accuracy=accuracy,
            ),
            size_bytes=1_219_000,
            pictures=(picture,),
            operators={text: 3, "Conv": 85},
            layers=(LayerError(name=text, sqnr_db=31.0), LayerError(name="last", sqnr_db=None, kept_float=True)),
            kept_float=(text,),
            integer_share=0.973,
            tools={text: text},
        )
        undecided = VariantContent(
            report=report("tflite-int8", Verdict(outcome="undecided", decided_by="nothing", reasons=(text,))),
            size_bytes=800,
        )
        failed = VariantContent(
            report=report("openvino-int8", Verdict(outcome="failed", decided_by="load", reasons=(text,))),
            size_bytes=9_000,
        )
        return PageContent(
            name=text,
            version=text,
            license=text,
            source_kind=text,
            source_files={text: "ab" * 32},
            variants=(passed, undecided, failed),
            left_out={"mcu-int8": text},
            cautions=(text,),
            calibration_sha256="cd" * 32,
            sensitivity=Picture(
                png=bytes(cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tobytes()), caption=text
            ),
        )

    return make
