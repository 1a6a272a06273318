"""Which builder makes a target, with an aim for the accuracy and without."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from skerry_converters.accuracy.recipe import Aim, Recipe
from skerry_converters.accuracy.report import SearchReport
from skerry_converters.families.base import Built, Macs, Target
from skerry_converters.sources.base import Description, SourceFacts
from skerry_edge.contracts.manifest import Raw, Tensor, TensorInput
from skerry_edge.foundation.errors import ConfigError

TENSOR = Tensor(name="x", shape=(1, 4), layout="NC")
FACTS = SourceFacts(
    kind="test",
    where="net",
    files={},
    inputs=(TENSOR,),
    outputs=(TENSOR,),
    description=Description(task="other", labels=(), input=TensorInput(), output=Raw()),
    forms={"onnx": None},
    options={},
)
AIM = Aim(max_drop=2.0, budget_s=60.0)
SAMPLES = [np.zeros((1, 4), np.float32)]


class Source:
    """Has facts and nothing else."""

    def __init__(self, facts=FACTS):
        self.facts = facts


def built(folder, search=None):
    return Built(
        files=(folder / "model",),
        inputs=(TENSOR,),
        outputs=(TENSOR,),
        macs=Macs(total=1, integer=1),
        tools={},
        search=search,
    )


def plainly(_source, _form, _samples, folder):
    return built(folder)


def accurately(_source, _form, _samples, folder, aim):
    return built(folder, SearchReport(aim=aim, chosen=Recipe(), trials=()))


PLAIN = Target(
    name="onnx-int8",
    format="onnx",
    precision="int8",
    forms=("onnx",),
    tools=(),
    build=plainly,
    backend="onnx",
    calibrated=True,
    keeps_quantized=True,
)
ACCURATE = dataclasses.replace(PLAIN, build_accurate=accurately)


def test_an_aim_is_searched_for_and_the_search_told_of():
    search = ACCURATE.make(Source(), SAMPLES, Path("made"), AIM).search
    assert search is not None
    assert search.aim == AIM


def test_without_an_aim_the_file_is_a_plain_one():
    assert ACCURATE.make(Source(), SAMPLES, Path("made")).search is None


def test_a_target_that_cannot_search_makes_a_plain_file():
    assert PLAIN.make(Source(), SAMPLES, Path("made"), AIM).search is None


def test_a_source_that_is_quantized_already_is_not_searched_with():
    quantized = Source(dataclasses.replace(FACTS, quantized=True))
    assert ACCURATE.make(quantized, SAMPLES, Path("made"), AIM).search is None


def test_a_search_needs_calibration_data():
    with pytest.raises(ConfigError, match="needs calibration data"):
        ACCURATE.make(Source(), None, Path("made"), AIM)
