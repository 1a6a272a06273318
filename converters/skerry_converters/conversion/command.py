"""A conversion as the command line asks for it: what was given put together, carried out and shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from skerry_converters.accuracy.recipe import Aim
from skerry_converters.conversion import showing
from skerry_converters.conversion.boards import board_for
from skerry_converters.conversion.catalogued import from_catalogue
from skerry_converters.conversion.choosing import choose
from skerry_converters.conversion.data import DataChoice
from skerry_converters.conversion.golden import given_golden
from skerry_converters.conversion.identity import Identity, identify
from skerry_converters.conversion.job import Order, convert_source
from skerry_converters.conversion.opening import SourceOptions, open_any
from skerry_converters.conversion.options import Given
from skerry_converters.conversion.outcome import Outcome
from skerry_converters.conversion.outputs import refuse_one_file_for_both, refuse_overwriting, require_place
from skerry_converters.conversion.setting_aside import PAGE
from skerry_converters.conversion.terminal import shown_progress
from skerry_converters.families.registry import parse_targets
from skerry_converters.gates.verdict import Limits
from skerry_converters.model import Thresholds
from skerry_converters.page.render import render_page
from skerry_converters.sources.base import SourceFacts
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import SURE_SCORE
from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ConfigError

DEFAULT_BUDGET_S = 300.0


def run_convert(given: Given, *, source: Path, targets: str, out: Path) -> None:
    """Convert, and print what came of it. Raises what `convert_source` raises, and VerdictError for failing files."""
    names = parse_targets(targets)
    board = board_for(given.board, names)
    aim = _aim(given)
    given, source = from_catalogue(given, source)
    identity = identify(source, name=given.name, version=given.model_version, license_name=given.license_name)
    require_place(out, "--out")
    if given.report is not None:
        require_place(given.report, "--report")
        refuse_one_file_for_both(out, given.report)
    with shown_progress() as progress:
        progress.note("reading the network")
        model = open_any(source, _source_options(given))
        if given.report is not None:
            refuse_overwriting(given.report, "--report", model.facts, (given.calibration, given.gate_data))
        order = Order(
            source=model,
            choice=choose(names, model.facts, progress, calibrated=given.calibration is not None),
            identity=identity,
            out=out,
            data=_data_choice(given),
            limits=Limits() if aim is None else Limits(max_drop=aim.max_drop),
            aim=aim,
            board=board,
            golden=None if given.golden is None else given_golden(given.golden, model.facts),
        )
        outcome = convert_source(order, progress)
    _show(outcome, identity, given)
    _write_pages(outcome, identity, model.facts, given.report)
    outcome.require_success()


def _source_options(given: Given) -> SourceOptions:
    return SourceOptions(
        weights=given.weights,
        labels=given.labels,
        resize=given.resize,
        thresholds=Thresholds(score=given.score_threshold, nms_iou=given.nms_iou),
        manifest=given.manifest,
        input_shapes=given.input_shapes,
    )


def _aim(given: Given) -> Aim | None:
    if given.max_drop is None:
        if given.budget is not None:
            raise ConfigError(
                "nothing is searched for, so there is nothing to spend time on",
                where="--budget",
                found=f"{given.budget:g}",
                todo="give --max-drop as well",
            )
        return None
    return Aim(max_drop=given.max_drop, budget_s=DEFAULT_BUDGET_S if given.budget is None else given.budget)


def _data_choice(given: Given) -> DataChoice:
    return DataChoice(calibration=given.calibration, gate_data=given.gate_data, limit=given.samples, seed=given.seed)


def _show(outcome: Outcome, identity: Identity, given: Given) -> None:
    for caution in (*outcome.held_out.cautions, *_golden_cautions(outcome, given.golden)):
        click.echo(f"warning: {caution}", err=True)
    if given.as_json:
        click.echo(json.dumps(showing.as_json(outcome), ensure_ascii=False))
        return
    for line in showing.as_lines(outcome, identity):
        click.echo(line)


def _golden_cautions(outcome: Outcome, picture: Path | None) -> Iterator[str]:
    """Say where a picture that was given shows nothing: then no version can be held against another by it."""
    if picture is None or outcome.bundle is None:
        return
    manifest = Bundle.open(outcome.bundle).manifest
    if manifest.task == "detection" and manifest.golden is not None and not manifest.golden.shows:
        yield f"the network is sure of no object in the golden picture {picture}: none has a score of {SURE_SCORE}"


def _write_pages(outcome: Outcome, identity: Identity, facts: SourceFacts, report: Path | None) -> None:
    """Write the page where it was asked for, and beside files that failed."""
    wanted = [path for path in (report, outcome.failed / PAGE if outcome.failed else None) if path]
    if not wanted:
        return
    page = render_page(showing.page_content(outcome, identity, facts)).encode()
    for path in wanted:
        write_atomic(path, page)
