"""The order of recipes, the ranking of layers, and what is enough."""

from __future__ import annotations

import dataclasses

import numpy as np

from skerry_converters.accuracy.recipe import Recipe
from skerry_converters.accuracy.report import LayerSensitivity, Score
from skerry_converters.accuracy.sensitivity import measuring_order, ranked, spare_macs, worth_keeping
from skerry_converters.accuracy.stages import clean, enough, growing, recipe_stages, worth_taking


def layer(name: str, sqnr_db: float, macs: int) -> LayerSensitivity:
    return LayerSensitivity(name=name, sqnr_db=sqnr_db, macs=macs)


def test_every_stage_varies_the_best_recipe_so_far():
    best = Recipe(preset="mixed")
    for stage in recipe_stages(presets=("mixed", "symmetric"), linked=True, corrects_biases=False):
        best = stage(best)[0]
    assert best == Recipe(equalised="weights", ranges="least-error", bias_corrected=True, preset="symmetric")


def test_a_network_without_links_is_not_equalised():
    stages = recipe_stages(presets=("",), linked=False, corrects_biases=False)
    assert not any(recipe.equalised for stage in stages for recipe in stage(Recipe()))


def test_biases_are_not_corrected_twice():
    stages = recipe_stages(presets=("",), linked=True, corrects_biases=True)
    assert not any(recipe.bias_corrected for stage in stages for recipe in stage(Recipe()))


def test_ever_more_layers_are_tried_and_all_of_them_last():
    assert list(growing("abcdef")) == [("a",), ("a", "b"), tuple("abcd"), tuple("abcdef")]
    assert list(growing(())) == []


def test_less_noise_is_taken_whatever_single_boxes_say():
    assert worth_taking(Score(sqnr_db=20, kept_points=97), Score(sqnr_db=18, kept_points=98))


def test_a_gain_that_may_be_chance_is_not_taken():
    assert not worth_taking(Score(sqnr_db=18.4, kept_points=99), Score(sqnr_db=18, kept_points=98))


def test_it_is_enough_when_the_float_networks_detections_are_kept():
    assert enough(Score(sqnr_db=3, kept_points=98.0), max_drop=2.0)
    assert not enough(Score(sqnr_db=40, kept_points=97.9), max_drop=2.0)


def test_a_plain_file_is_left_alone_only_where_boxes_and_noise_are_good():
    assert clean(Score(sqnr_db=20.0, kept_points=98.0), max_drop=2.0)
    assert not clean(Score(sqnr_db=19.9, kept_points=100.0), max_drop=2.0)
    assert not clean(Score(sqnr_db=50.0, kept_points=97.0), max_drop=2.0)


def test_where_nothing_is_found_nothing_is_enough():
    assert not enough(Score(sqnr_db=40), max_drop=2.0)


def test_the_most_sensitive_layers_are_kept_while_their_work_fits():
    ranking = ranked([layer("cheap", 9.0, 10), layer("dear", 8.0, 60), layer("worst", 3.0, 30), layer("good", 50.0, 5)])
    assert [one.name for one in ranking] == ["worst", "dear", "cheap", "good"]
    assert worth_keeping(ranking, 45) == ("worst", "cheap", "good")


def test_the_ends_of_the_network_and_depthwise_layers_are_measured_first(lopsided):
    many = [dataclasses.replace(one, macs=1) for one in lopsided.multipliers]
    wide = dataclasses.replace(many[0], name="wide", macs=10_000)
    inner = dataclasses.replace(many[0], name="inner")
    order = measuring_order([many[0], inner, many[1], wide, many[2]])
    assert [one.name for one in order] == ["first", "last", "middle", "inner"]
    assert spare_macs([*many, wide]) == int(np.floor(0.05 * 10_003))
