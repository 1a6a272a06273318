"""The search for an accurate int8 file, with ONNX Runtime's quantizer on a network that plain int8 ruins."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import helper, numpy_helper

from skerry_converters.accuracy.onnx_quantizer import OnnxQuantizer
from skerry_converters.accuracy.recipe import Aim, Recipe
from skerry_converters.accuracy.search import GIVEN, search, spread
from skerry_converters.accuracy.sensitivity import LEAST_INTEGER_SHARE
from skerry_converters.conversion.opening import SourceOptions, open_any
from skerry_converters.families.apart import make_apart
from skerry_converters.families.base import turned
from skerry_converters.families.onnx_quantizer import prepare_for_quantization
from skerry_edge.foundation.errors import DataError

CHANNELS, SIDE = 16, 12
LOOSE = Aim(max_drop=2.0, budget_s=3600.0)


def network() -> bytes:
    """Pointwise, depthwise, pointwise …, leaky between them, channels up to 256 times as large as their neighbours."""
    random = np.random.default_rng(11)
    nodes, constants, given = [], [], "x"
    sizes = np.ones(3)
    for place, groups in enumerate((1, CHANNELS, 1, CHANNELS, 1)):
        name = f"conv{place}"
        reads = 1 if groups > 1 else len(sizes)
        kernel = random.normal(size=(CHANNELS, reads, 1 if groups == 1 else 3, 1 if groups == 1 else 3))
        kernel /= np.sqrt(kernel[0].size) * (sizes[:, None, None, None] if groups > 1 else sizes[None, :, None, None])
        sizes = np.ones(CHANNELS) if place == 4 else np.exp2(random.uniform(-4, 4, CHANNELS))
        kernel *= sizes[:, None, None, None]
        bias = random.normal(size=CHANNELS) * 0.3 * sizes
        constants += [
            numpy_helper.from_array(kernel.astype(np.float32), f"{name}_w"),
            numpy_helper.from_array(bias.astype(np.float32), f"{name}_b"),
        ]
        pads = [0] * 4 if groups == 1 else [1] * 4
        nodes.append(
            helper.make_node("Conv", [given, f"{name}_w", f"{name}_b"], [name], name=name, group=groups, pads=pads)
        )
        given = name
        if place < 4:
            given = f"leaky{place}"
            nodes.append(helper.make_node("LeakyRelu", [name], [given], name=given, alpha=0.1))
    shapes = [
        helper.make_tensor_value_info(name, 1, (1, channels, SIDE, SIDE))
        for name, channels in (("x", 3), (given, CHANNELS))
    ]
    graph = helper.make_graph(nodes, "lopsided", shapes[:1], shapes[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


class Samples:
    def __len__(self) -> int:
        return 6

    def __iter__(self):
        random = np.random.default_rng(5)
        return (random.normal(size=(1, 3, SIDE, SIDE)).astype(np.float32) for _ in range(len(self)))


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("net") / "net.onnx"
    path.write_bytes(network())
    return open_any(path, SourceOptions())


@pytest.fixture
def quantizer(source, tmp_path):
    model = source.to_file("onnx", tmp_path)
    prepared = replace(model, path=prepare_for_quantization(model.path, tmp_path, where="net.onnx"))
    return OnnxQuantizer(prepared, turned(Samples(), source.facts.inputs, model.inputs), where="net.onnx")


@pytest.fixture
def folder(tmp_path) -> Path:
    path = tmp_path / "search"
    path.mkdir()
    return path


def test_a_ruined_network_is_rescued_without_any_float_layer(quantizer, source, folder):
    found = search(quantizer, Samples(), "onnx", source.facts, LOOSE, folder)
    plain = found.report.trials[0].score
    rescued = [one for one in found.report.trials if one.recipe == replace_kept(found.report.chosen)]
    assert plain.sqnr_db < 25
    assert rescued[0].score.sqnr_db > plain.sqnr_db + 6
    assert found.report.chosen.equalised
    assert 0 < found.report.equalised_max_abs_error < 1e-3


def replace_kept(recipe: Recipe) -> Recipe:
    return Recipe(equalised=recipe.equalised, ranges=recipe.ranges, bias_corrected=recipe.bias_corrected)


def test_layers_are_ranked_and_kept_only_within_the_share_that_may_be_float(quantizer, source, folder):
    report = search(quantizer, Samples(), "onnx", source.facts, LOOSE, folder).report
    spare = (1 - LEAST_INTEGER_SHARE) * sum(one.macs for one in quantizer.graph.multipliers)
    decibels = [one.sqnr_db for one in report.layers]
    assert decibels == sorted(decibels)
    assert sum(one.macs for one in report.layers if one.kept_float) <= spare
    assert [one.name for one in report.layers if one.kept_float] == sorted(
        report.chosen.kept_float, key=[one.name for one in report.layers].index
    )


def test_without_time_the_plain_file_is_made_and_the_report_says_why(quantizer, source, folder):
    found = search(quantizer, Samples(), "onnx", source.facts, Aim(max_drop=2.0, budget_s=0.0), folder)
    assert found.path.is_file()
    assert [one.recipe for one in found.report.trials] == [Recipe()]
    assert "budget of 0 s" in found.report.stopped


def test_the_budget_is_kept_between_two_trials(quantizer, source, folder):
    seconds = itertools.count()
    aim = Aim(max_drop=2.0, budget_s=7.0)
    found = search(quantizer, Samples(), "onnx", source.facts, aim, folder, clock=lambda: float(next(seconds)))
    assert 1 < len(found.report.trials) < 7
    assert found.report.chosen.kept_float == ()


def test_only_the_chosen_file_stays_on_disk(quantizer, source, folder):
    found = search(quantizer, Samples(), "onnx", source.facts, LOOSE, folder)
    assert list(folder.glob("*/model-int8.onnx")) == [found.path]


def test_a_recipe_is_carried_out_to_the_same_bytes(quantizer, source, folder, tmp_path):
    found = search(quantizer, Samples(), "onnx", source.facts, LOOSE, folder)
    again = tmp_path / "again"
    again.mkdir()
    made = search(quantizer, Samples(), "onnx", source.facts, found.report.chosen, again)
    assert made.path.read_bytes() == found.path.read_bytes()
    assert made.report.chosen == found.report.chosen
    assert made.report.stopped == GIVEN


def test_equalisation_that_changes_the_float_network_is_not_used(quantizer, source, folder, monkeypatch):
    def broken(graph, peaks=None):
        return {"conv0": replace(graph.multipliers[0].weights, bias=graph.multipliers[0].weights.bias + 1)}

    monkeypatch.setattr("skerry_converters.accuracy.preparation.equalise", broken)
    report = search(quantizer, Samples(), "onnx", source.facts, LOOSE, folder).report
    refused = [one for one in report.trials if one.score is None]
    assert {one.recipe.equalised for one in refused} == {"weights", "activations"}
    assert all("changed the float network" in one.reason for one in refused)
    assert not report.chosen.equalised


def test_equalisation_that_gives_no_numbers_is_not_used(quantizer, source, folder, monkeypatch):
    def broken(graph, peaks=None):
        weights = graph.multipliers[-1].weights
        return {graph.multipliers[-1].name: replace(weights, bias=np.where(np.arange(CHANNELS) == 1, np.nan, 0.0))}

    monkeypatch.setattr("skerry_converters.accuracy.preparation.equalise", broken)
    report = search(quantizer, Samples(), "onnx", source.facts, LOOSE, folder).report
    assert {one.recipe.equalised for one in report.trials if one.score is None} == {"weights", "activations"}
    assert not report.chosen.equalised


def test_choices_are_made_on_samples_from_the_first_to_the_last():
    ordered = [np.full(1, number, np.float32) for number in range(300)]
    taken = [int(one[0]) for one in spread(ordered, 64)]
    assert len(taken) == 64
    assert taken[0] == 0
    assert taken[-1] >= 295
    assert max(np.diff(taken)) <= 5
    assert spread(ordered[:7], 64) == ordered[:7]


def test_a_recipe_that_the_tool_refuses_does_not_end_the_search(quantizer, source, folder, monkeypatch):
    quantize = type(quantizer).quantize

    def refusing(self, plan, path):
        if plan.ranges:
            raise DataError("no", where="net.onnx")
        return quantize(self, plan, path)

    monkeypatch.setattr(type(quantizer), "quantize", refusing)
    report = search(quantizer, Samples(), "onnx", source.facts, LOOSE, folder).report
    assert report.chosen.ranges == "tool"
    assert [one.recipe.ranges for one in report.trials if one.score is None] == ["least-error", "percentile"]


def test_a_target_with_an_aim_is_searched_for_in_its_own_process(source, tmp_path):
    told: list[str] = []
    goal = Aim(max_drop=2.0, budget_s=60.0)
    emitted = make_apart("onnx-int8", source, Samples(), tmp_path, goal=goal, on_step=told.append)
    assert told[:2] == ["trying recipe 2", "trying recipe 3"]
    assert emitted.search is not None
    assert emitted.search.chosen.equalised
    assert emitted.macs.integer_share >= LEAST_INTEGER_SHARE
    assert emitted.variant(None).recipe["equalised"] == emitted.search.chosen.equalised
