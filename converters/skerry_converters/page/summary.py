"""The page's head: the outcome of the whole conversion, the table of its files, and what was doubtful or left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from skerry_converters.gates.verdict import Outcome
from skerry_converters.page import words
from skerry_converters.page.charts import MOST_POINTS, drop_chart, size_bar
from skerry_converters.page.content import PageContent, VariantContent
from skerry_converters.page.tables import Cell, stacking_table, table
from skerry_edge.bench.page.markup import Markup, element


def heading(content: PageContent) -> Markup:
    """Return the title, the outcome in one line, and what the files were made from."""
    counts = Counter[Outcome](one.report.verdict.outcome for one in content.variants)
    said = words.outcome(counts["passed"], counts["undecided"], counts["failed"])
    worst = next((one for one in ("failed", "undecided") if counts[one]), "passed" if counts else "failed")
    files = (f"{name} ({digest[:12]}…)" for name, digest in content.source_files.items())
    facts = [
        ("Version", content.version),
        ("Licence", content.license),
        ("Source", f"{content.source_kind}: {', '.join(files)}"),
        ("Calibration", f"manifest {content.calibration_sha256[:12]}…" if content.calibration_sha256 else "none"),
    ]
    listed = [element("div", element("dt", title), element("dd", text)) for title, text in facts]
    return element(
        "header",
        element("p", "Conversion", class_="eyebrow"),
        element("h1", content.name),
        element("p", said, class_=f"outcome {worst}"),
        element("dl", *listed),
    )


def gate_table(content: PageContent) -> Markup:
    """Return the table of all files, and their lost points as a chart where there were labels."""
    variants = content.variants
    if not variants:
        return Markup("")
    largest = max(one.size_bytes for one in variants)
    columns: list[tuple[str, Callable[[VariantContent], Cell]]] = [
        ("file", lambda one: element("a", one.name, href=f"#{one.name}")),
        ("outcome", _outcome),
        ("size", lambda one: _size(one, largest)),
        ("SQNR", _ratio),
        ("largest error", _largest_error),
    ]
    if any(one.report.boxes for one in variants):
        columns.append(("boxes matched", lambda one: words.matched(one.report)))
    if any(one.report.accuracy for one in variants):
        columns.append(("mAP points lost", lambda one: words.lost(one.report)))
    rows = [[cell(one) for _, cell in columns] for one in variants]
    parts = [
        element("h2", "Gates"),
        *_held_out(content),
        stacking_table([title for title, _ in columns], rows, numbers_from=2),
    ]
    return element("section", *parts, *_drops(content))


def _drops(content: PageContent) -> list[Markup]:
    labelled = [(one.name, one.report.accuracy) for one in content.variants if one.report.accuracy is not None]
    if not labelled:
        return []
    limit = content.variants[0].report.limits.max_drop
    caption = (
        "Points of mAP (IoU 0.5) lost against the source; lines are 95 % intervals over resampled pictures. "
        f"Beyond {MOST_POINTS:g} points they end at the edge."
    )
    return [element("figure", drop_chart(labelled, limit), element("figcaption", caption))]


def _held_out(content: PageContent) -> list[Markup]:
    sentences = dict.fromkeys(words.held_out(one.report.held_out) for one in content.variants)
    processors = dict.fromkeys(one.report.processor for one in content.variants)
    return [element("p", " ".join(sentences)), element("p", "Run on ", "; ".join(processors), ".", class_="quiet")]


def _outcome(variant: VariantContent) -> Markup:
    by = f"by {words.DECIDED_BY[variant.report.verdict.decided_by]}, on {variant.report.backend}"
    return element("div", badge(variant), element("span", by, class_="by"))


def _size(variant: VariantContent, largest_bytes: int) -> Markup:
    return element(
        "span",
        size_bar(variant.size_bytes, largest_bytes),
        element("span", words.size(variant.size_bytes)),
        class_="sized",
    )


def _ratio(variant: VariantContent) -> str:
    worst = words.worst(variant.report.outputs)
    return words.decibels(worst) if worst else words.NONE


def _largest_error(variant: VariantContent) -> str:
    return words.figure(max((one.max_abs_error or 0.0 for one in variant.report.outputs), default=None))


def badge(variant: VariantContent) -> Markup:
    """Return a file's outcome as a small label."""
    outcome = variant.report.verdict.outcome
    return element("span", words.OUTCOMES[outcome], class_=f"badge {outcome}")


def doubts(content: PageContent) -> Markup:
    """Return what is doubtful about the data, and the targets that were not made; nothing where there is neither."""
    cautions = dict.fromkeys(
        (*content.cautions, *(text for one in content.variants for text in one.report.held_out.cautions))
    )
    parts: list[Markup] = []
    if cautions:
        parts += [
            element("h2", "Cautions"),
            element("ul", *(element("li", text) for text in cautions), class_="cautions"),
        ]
    if content.left_out:
        rows = [
            (", ".join(name for name, own in content.left_out.items() if own == reason), reason)
            for reason in dict.fromkeys(content.left_out.values())
        ]
        parts += [element("h2", "Not made"), table(("target", "reason"), rows, numbers_from=2)]
    return element("section", *parts) if parts else Markup("")
