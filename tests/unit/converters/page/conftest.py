"""A conversion's content, made up: three files, one of them failing."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import msgspec
import numpy as np
import pytest

from skerry_converters.accuracy.recipe import Aim, Recipe
from skerry_converters.accuracy.report import LayerSensitivity, Score, SearchReport, Trial
from skerry_converters.gates.accuracy import AccuracyFigures
from skerry_converters.gates.boxes import BoxFigures
from skerry_converters.gates.metrics import OutputFigures
from skerry_converters.gates.report import GateReport, HeldOutFacts
from skerry_converters.gates.showcase import SamplePicture
from skerry_converters.gates.verdict import Limits, Verdict
from skerry_converters.layer_errors.report import LayerError, LayerErrors
from skerry_converters.page.content import PageContent, VariantContent


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
        held_out = HeldOutFacts(
            origin="set aside", kind="pictures", samples=25, items=25, labelled=True, cautions=(text,)
        )
        outputs = (
            OutputFigures(name=text, values=100, sqnr_db=13.9, cosine=0.98, max_abs_error=17.6, mean_error=0.1),
            OutputFigures(name="exact", values=100, cosine=1.0, max_abs_error=0.0, mean_error=0.0),
        )

        layers = LayerErrors(
            layers=(
                LayerError(name=text, kind=text, sqnr_db=31.0),
                LayerError(name="fused/first;fused/second", kind="CONV_2D", sqnr_db=None, kept_float=True),
                LayerError(name="lost", kind="CONV_2D", sqnr_db=-2.5),
            ),
            multiplying=4,
            inputs=4,
        )
        chosen = Recipe(equalised="weights", ranges="least-error", kept_float=(text,))
        search = SearchReport(
            aim=Aim(max_drop=2.0, budget_s=600.0),
            chosen=chosen,
            trials=(
                Trial(recipe=Recipe(), score=Score(sqnr_db=9.5, kept_points=81.25)),
                Trial(recipe=Recipe(preset=text), reason=text),
                Trial(recipe=chosen, score=Score(sqnr_db=24.5, kept_points=98.5)),
            ),
            layers=(
                LayerSensitivity(name=text, sqnr_db=12.25, macs=3_000, kept_float=True),
                *(LayerSensitivity(name=f"layer {place}", sqnr_db=20.0 + place, macs=50) for place in range(20)),
            ),
            equalised_max_abs_error=2e-5,
            samples=32,
            elapsed_s=93.4,
            stopped=text,
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
                layers=layers,
                search=search,
            ),
            size_bytes=1_219_000,
            pictures=(picture,),
            operators={text: 3, "Conv": 85},
            kept_float=(text,),
            integer_share=0.973,
            tools={text: text},
            notes=(text,),
        )
        undecided = VariantContent(
            report=report(
                "tflite-int8",
                Verdict(outcome="undecided", decided_by="nothing", reasons=(text,)),
                boxes=msgspec.structs.replace(boxes, source_boxes=0, variant_boxes=0, matched=0),
                layers=LayerErrors(reason=text),
            ),
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
        )

    return make
