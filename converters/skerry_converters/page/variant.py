"""The section of one file: its verdict's reasons, figures, pictures, layers and operators."""

from __future__ import annotations

from base64 import b64encode

from skerry_converters.gates.metrics import OutputFigures
from skerry_converters.gates.showcase import SamplePicture
from skerry_converters.page import words
from skerry_converters.page.content import VariantContent
from skerry_converters.page.layers import layer_section
from skerry_converters.page.search import search_section
from skerry_converters.page.summary import badge
from skerry_converters.page.tables import folded, table
from skerry_edge.bench.page.markup import Markup, element, together

_MOST_NAMED = 6
"""As many layers are named in a sentence; more are a list to open."""


def variant_section(variant: VariantContent) -> Markup:
    """Return everything about one file."""
    report = variant.report
    parts = [
        element("h2", variant.name, " ", badge(variant)),
        element("ul", *(element("li", reason) for reason in report.verdict.reasons), class_="reasons"),
        element("p", "; ".join(_facts(variant)), "."),
        *(element("p", note) for note in variant.notes),
        _kept_float(variant.kept_float),
    ]
    if report.outputs:
        parts += [element("h3", "Outputs"), _outputs(report.outputs)]
    parts += [_boxes(variant), _pictures(variant), layer_section(report), search_section(report), _operators(variant)]
    return element("section", *parts, id=variant.name, class_="variant")


def _facts(variant: VariantContent) -> list[str]:
    facts = [f"Precision {variant.report.precision}", words.size(variant.size_bytes)]
    if variant.integer_share is not None:
        facts.append(f"{variant.integer_share:.1%} of multiply-accumulates on integers")
    if variant.tools:
        facts.append("made by " + ", ".join(f"{tool} {number}" for tool, number in variant.tools.items()))
    return facts


def _kept_float(names: tuple[str, ...]) -> Markup:
    shown = [words.layer(name) for name in names]
    if not shown:
        return Markup("")
    if len(shown) <= _MOST_NAMED:
        return element("p", "Kept float: ", ", ".join(shown), ".")
    return folded(f"{len(shown)} layers kept float", element("p", ", ".join(shown)))


def _outputs(outputs: tuple[OutputFigures, ...]) -> Markup:
    integer = any(one.share_within_lsb for one in outputs)
    headings = ["output", "SQNR", "cosine", "largest error", "mean error"]
    headings += ["within 1 LSB", "at the type's ends"] if integer else []
    rows = []
    for one in outputs:
        row = [one.name, words.decibels(one), words.figure(one.cosine, ".6f")]
        row += [words.figure(one.max_abs_error), words.figure(one.mean_error)]
        if integer:
            row.append(words.share(one.share_within_lsb["1"] if one.share_within_lsb else None))
            row.append(words.share(one.saturated_share))
        rows.append(row)
    return table(headings, rows)


def _boxes(variant: VariantContent) -> Markup:
    boxes, accuracy = variant.report.boxes, variant.report.accuracy
    rows: list[tuple[str, str]] = []
    parts: list[Markup] = []
    if boxes and not boxes.source_boxes:
        told = f"The source finds nothing above {boxes.threshold:g} in these pictures: {words.no_boxes(boxes)}."
        parts.append(element("p", told))
    elif boxes:
        rows += [
            (f"boxes above {boxes.threshold:g}: source, file", f"{boxes.source_boxes}, {boxes.variant_boxes}"),
            ("matched at IoU 0.5", f"{boxes.matched} ({boxes.matched_share:.0%})"),
            ("found below the threshold only", str(boxes.faded)),
            ("score difference: mean", words.figure(boxes.mean_score_difference, "+.3f")),
            ("score difference: largest", words.figure(boxes.largest_score_difference, "+.3f")),
            ("mean IoU of matched boxes", words.figure(boxes.mean_iou, ".3f")),
        ]
    if accuracy:
        rows += [
            ("mAP at IoU 0.5: source, file", f"{accuracy.source_ap50:.1f}, {accuracy.variant_ap50:.1f}"),
            ("points lost, 95 % interval", words.lost(variant.report)),
            ("pictures, labelled objects", f"{accuracy.images}, {accuracy.objects}"),
        ]
    parts += [table((), rows)] if rows else []
    return together((element("h3", "Boxes"), *parts)) if parts else Markup("")


def _pictures(variant: VariantContent) -> Markup:
    if not variant.pictures:
        return Markup("")
    pairs = [_pair(one, variant.name) for one in variant.pictures]
    if not any(one.differing for one in variant.pictures):
        return folded("Pictures, none of which differs", *pairs)
    return together((element("h3", "Pictures that differ most"), *pairs))


def _pair(picture: SamplePicture, name: str) -> Markup:
    sides = [
        ("source", picture.source_jpeg, picture.source_boxes),
        (name, picture.variant_jpeg, picture.variant_boxes),
    ]
    shown = [
        element(
            "div",
            element("img", src=data_uri(jpeg, "image/jpeg"), alt=f"{picture.name} with the boxes of {side}"),
            element("span", f"{side}: {words.boxes(boxes)}"),
        )
        for side, jpeg, boxes in sides
    ]
    caption = f"{picture.name}: {words.boxes(picture.differing)} without a match"
    return element("figure", element("div", *shown, class_="pair"), element("figcaption", caption))


def _operators(variant: VariantContent) -> Markup:
    if not variant.operators:
        return Markup("")
    rows = sorted(variant.operators.items(), key=lambda one: (-one[1], one[0]))
    total = words.counted(sum(variant.operators.values()), "operator", "operators")
    return folded(f"{total} of {words.counted(len(rows), 'kind', 'kinds')}", table(("operator", "count"), rows))


def data_uri(data: bytes, media_type: str) -> str:
    """Return a file's content as an address that needs no other file."""
    return f"data:{media_type};base64,{b64encode(data).decode('ascii')}"
