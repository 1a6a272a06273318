"""The page's parts: summary, one section a file, and what was doubtful or left out."""

from __future__ import annotations

from base64 import b64encode

from skerry_converters.gates.metrics import OutputFigures
from skerry_converters.gates.showcase import SamplePicture
from skerry_converters.page import words
from skerry_converters.page.charts import MOST_POINTS, drop_chart, layer_bar, size_bar
from skerry_converters.page.content import LayerError, PageContent, VariantContent
from skerry_converters.page.markup import Html, joined, table, tag

_NUMBERS = ("size", "SQNR", "largest error", "boxes matched", "mAP points lost")
_OUTCOMES = {"passed": "passed", "failed": "failed", "undecided": "passed, too little to judge by"}


def heading(content: PageContent) -> Html:
    """Return the title, the outcome in one line, and what the files were made from."""
    passed = sum(one.report.verdict.passed for one in content.variants)
    outcome = f"{passed} of {len(content.variants)} files passed their gates."
    files = (f"{name} ({digest[:12]}…)" for name, digest in content.source_files.items())
    facts = [
        ("Version", content.version),
        ("Licence", content.license),
        ("Source", f"{content.source_kind}: {', '.join(files)}"),
        ("Calibration", f"manifest {content.calibration_sha256[:12]}…" if content.calibration_sha256 else "none"),
    ]
    listed = [joined((tag("dt", title), tag("dd", text))) for title, text in facts]
    good = passed == len(content.variants)
    return tag(
        "header",
        tag("h1", content.name),
        tag("p", outcome, class_=f"outcome {'passed' if good else 'failed'}"),
        tag("dl", *listed),
    )


def gate_table(content: PageContent) -> Html:
    """Return the table of all files, and their lost points as a chart where there were labels."""
    largest = max((one.size_bytes for one in content.variants), default=0)
    headings = ("file", "outcome", "by", "run by", "", *_NUMBERS)
    rows = [_gate_row(one, largest) for one in content.variants]
    parts = [tag("h2", "Gates"), *_held_out(content), table(headings, rows, numbers_from=5)]
    labelled = [(one.name, one.report.accuracy) for one in content.variants if one.report.accuracy is not None]
    if labelled:
        limit = content.variants[0].report.limits.max_drop
        caption = (
            "Points of mAP (IoU 0.5) lost against the source; lines are 95 % intervals over resampled pictures. "
            f"Beyond {MOST_POINTS:g} points they end at the edge."
        )
        parts.append(tag("figure", drop_chart(labelled, limit), tag("figcaption", caption)))
    return tag("section", *parts)


def _held_out(content: PageContent) -> list[Html]:
    sentences = dict.fromkeys(words.held_out(one.report.held_out) for one in content.variants)
    processors = dict.fromkeys(one.report.processor for one in content.variants)
    return [tag("p", " ".join(sentences), " On: ", "; ".join(processors), ".")] if content.variants else []


def _gate_row(variant: VariantContent, largest_bytes: int) -> list[Html | str | int]:
    report = variant.report
    worst = words.worst(report.outputs)
    return [
        tag("a", variant.name, href=f"#{variant.name}"),
        _badge(variant),
        words.DECIDED_BY[report.verdict.decided_by],
        report.backend,
        size_bar(variant.size_bytes, largest_bytes),
        words.size(variant.size_bytes),
        words.decibels(worst) if worst else words.NONE,
        words.figure(max((one.max_abs_error or 0.0 for one in report.outputs), default=None)),
        words.matched(report),
        words.lost(report),
    ]


def _badge(variant: VariantContent) -> Html:
    outcome = variant.report.verdict.outcome
    return tag("span", _OUTCOMES[outcome], class_=f"badge {outcome}")


def doubts(content: PageContent) -> Html:
    """Return what is doubtful about the data, and the targets that were not made; nothing where there is neither."""
    cautions = dict.fromkeys(
        (*content.cautions, *(text for one in content.variants for text in one.report.held_out.cautions))
    )
    parts: list[Html] = []
    if cautions:
        parts += [tag("h2", "Cautions"), tag("ul", *(tag("li", text) for text in cautions))]
    if content.left_out:
        rows = content.left_out.items()
        parts += [tag("h2", "Not made"), table(("target", "reason"), rows, numbers_from=2)]
    return tag("section", *parts) if parts else Html("")


def variant_section(variant: VariantContent) -> Html:
    """Return everything about one file."""
    report = variant.report
    facts = [f"Precision {report.precision}", words.size(variant.size_bytes)]
    if variant.integer_share is not None:
        facts.append(f"{variant.integer_share:.1%} of multiply-accumulates on integers")
    if variant.tools:
        facts.append("made by " + ", ".join(f"{tool} {number}" for tool, number in variant.tools.items()))
    parts = [
        tag("h2", variant.name, " ", _badge(variant)),
        tag("ul", *(tag("li", reason) for reason in report.verdict.reasons), class_="reasons"),
        tag("p", "; ".join(facts), "."),
    ]
    if variant.kept_float:
        parts.append(tag("p", "Kept float: ", ", ".join(variant.kept_float), "."))
    if report.outputs:
        parts += [tag("h3", "Outputs"), _outputs(report.outputs)]
    if report.boxes or report.accuracy:
        parts.append(_task(variant))
    parts += [part(variant) for part in (_pictures, _layers, _operators)]
    return tag("section", *parts, id=variant.name, class_="variant")


def _outputs(outputs: tuple[OutputFigures, ...]) -> Html:
    headings = ("output", "SQNR", "cosine", "largest error", "mean error", "within 1 LSB", "at the type's ends")
    rows = [
        (
            one.name,
            words.decibels(one),
            words.figure(one.cosine, ".6f"),
            words.figure(one.max_abs_error),
            words.figure(one.mean_error),
            words.share(one.share_within_lsb["1"] if one.share_within_lsb else None),
            words.share(one.saturated_share),
        )
        for one in outputs
    ]
    return table(headings, rows)


def _task(variant: VariantContent) -> Html:
    rows: list[tuple[str, str]] = []
    boxes, accuracy = variant.report.boxes, variant.report.accuracy
    if boxes:
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
    return joined((tag("h3", "Boxes"), table((), rows)))


def _pictures(variant: VariantContent) -> Html:
    if not variant.pictures:
        return Html("")
    pairs = [_pair(one, variant.name) for one in variant.pictures]
    return joined((tag("h3", "Pictures that differ most"), *pairs))


def _pair(picture: SamplePicture, name: str) -> Html:
    sides = [
        ("source", picture.source_jpeg, picture.source_boxes),
        (name, picture.variant_jpeg, picture.variant_boxes),
    ]
    shown = [
        tag(
            "div",
            tag("img", src=data_uri(jpeg, "image/jpeg"), alt=f"{picture.name} with the boxes of {side}"),
            tag("span", f"{side}: {words.boxes(boxes)}"),
        )
        for side, jpeg, boxes in sides
    ]
    caption = f"{picture.name}: {words.boxes(picture.differing)} without a match"
    return tag("figure", tag("div", *shown, class_="pair"), tag("figcaption", caption))


def _layers(variant: VariantContent) -> Html:
    if not variant.layers:
        return Html("")
    rows = [(layer.name, layer_bar(layer), _layer_words(layer)) for layer in variant.layers]
    return joined((tag("h3", "Error by layer"), table(("layer", "", "SQNR"), rows, numbers_from=2)))


def _layer_words(layer: LayerError) -> str:
    ratio = "exact" if layer.sqnr_db is None else f"{layer.sqnr_db:.1f} dB"
    return f"{ratio}, kept float" if layer.kept_float else ratio


def _operators(variant: VariantContent) -> Html:
    if not variant.operators:
        return Html("")
    rows = sorted(variant.operators.items(), key=lambda one: (-one[1], one[0]))
    return joined((tag("h3", "Operators"), table(("operator", "count"), rows)))


def sensitivity(content: PageContent) -> Html:
    """Return the picture of the layers' sensitivity, where one was made."""
    picture = content.sensitivity
    if picture is None:
        return Html("")
    image = tag("img", src=data_uri(picture.png, "image/png"), alt=picture.caption)
    return tag("section", tag("h2", "Sensitivity"), tag("figure", image, tag("figcaption", picture.caption)))


def data_uri(data: bytes, media_type: str) -> str:
    """Return a file's content as an address that needs no other file."""
    return f"data:{media_type};base64,{b64encode(data).decode('ascii')}"
