"""Write the figures and pictures of docs/models/skerry-signs.md: measured on the shipped model, here and now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from benchmarks.signs import BUNDLE, COUNT, SEED, SIZES, Judged, baseline, judge

from skerry_converters.training.summary import Summary, read_summary
from skerry_edge.bench.evaluation import words
from skerry_edge.bench.evaluation.detection.figures import DetectionReport, VariantFigures
from skerry_edge.bench.evaluation.detection.operating import JudgedPicture
from skerry_edge.bench.evaluation.detection.wording import against, alarms, size_name
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.vision.draw import DrawnBox, draw_boxes
from skerry_edge.vision.images import Pixels, read_image

ROOT = Path(__file__).resolve().parent.parent
CARD = ROOT / "docs" / "models" / "skerry-signs.md"
HALVES = [ROOT / "build" / "skerry-signs" / half / "training.json" for half in ("first", "finish")]
WORST = ROOT / "docs" / "images" / "skerry-signs-worst.jpg"
_BEGIN, _END = "<!-- made by `make model-card`: begin {} -->\n", "<!-- made by `make model-card`: end {} -->\n"
_COLUMNS, _ROWS = 3, 2
_CONFUSIONS = 8
_GREEN, _RED, _AMBER = (60, 200, 60), (50, 50, 240), (0, 170, 255)
_COLOURS = {"found": _GREEN, "false": _RED, "missed": _AMBER}


def main() -> None:
    """Evaluate the shipped model, and write what came of it into the card."""
    judged = judge()
    text = CARD.read_text(encoding="utf-8")
    made = sections(judged)
    halves = [half for half in map(read_summary, HALVES) if half is not None]
    # What only a training can tell stays as it is where none was run.
    if len(halves) == len(HALVES):
        made["training"] = _training(halves)
    for name, section in made.items():
        text = with_section(text, name, section)
    CARD.write_text(text, encoding="utf-8")
    worst = judged.held_out.measured[judged.held_out.report.baseline or ""].operating.worst()
    cv2.imwrite(str(WORST), montage(worst[: _COLUMNS * _ROWS], judged.held_out.labels), [cv2.IMWRITE_JPEG_QUALITY, 88])


def sections(judged: Judged) -> dict[str, str]:
    """Return the made parts of the card by name."""
    held_out, signless = judged.held_out.report, judged.signless.report
    return {
        "variants": _variants(held_out, signless),
        "sizes": _sizes(held_out),
        "classes": _classes(baseline(held_out)),
        "confusions": _confusions(baseline(held_out)),
        "data": f"{COUNT} scenes with {held_out.data.objects} signs that count, and {COUNT} with look-alikes alone; "
        f"`--split test --seed {SEED}`, `--sizes {SIZES}`.\n",
    }


def _training(halves: Sequence[Summary]) -> str:
    """Return what came of both halves of the training; the weights' hash is that of the bundle's own source."""
    finished = halves[-1]
    source = Bundle.open(BUNDLE).manifest.source
    weights = next(digest for file, digest in source.files.items() if source.roles[file] == "weights")
    rows = [
        ("parameters", f"{finished.parameters:,}"),
        ("steps", f"{' and then '.join(f'{half.steps:,}' for half in halves)} of 16 pictures"),
        (
            "hours",
            f"{' and '.join(f'{half.minutes / 60:.1f}' for half in halves)}, on two cores that other work shared",
        ),
        ("seeds", " and ".join(f"{half.seed}" for half in halves)),
        ("anchors, in cells of 32 pixels", ", ".join(f"{width:g}x{height:g}" for width, height in finished.anchors)),
        ("made with", ", ".join(f"{name} {version}" for name, version in finished.versions.items())),
        ("recipes' fingerprints", "<br>".join(f"`{half.fingerprint}`" for half in halves)),
        ("weights' sha256", f"`{weights}`"),
    ]
    return table(("training", ""), rows)


def with_section(text: str, name: str, made: str) -> str:
    """Return the card with one part as it is now. Raises ValueError for a card that lacks its marks."""
    begin, end = _BEGIN.format(name), _END.format(name)
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{CARD.name} has no place for '{name}'")
    return f"{before}{begin}\n{made}\n{end}{after}"


def _variants(held_out: DetectionReport, signless: DetectionReport) -> str:
    sizes_kb = _sizes_kb()
    headings = (
        "variant",
        "KB",
        "AP50",
        f"points against {held_out.baseline}",
        "COCO AP",
        "recall",
        "precision",
        "false detections a signless scene",
    )
    rows = []
    for name, one in held_out.evaluated.items():
        points, ends = against(one.against_baseline)
        at = one.at_threshold
        rows.append(
            (
                name,
                f"{sizes_kb[name]:,}",
                words.share(one.ap50),
                points if not ends else f"{points} ({ends})",
                words.share(one.coco_ap),
                words.percent(at.recall if at else None),
                words.percent(at.precision if at else None),
                alarms(signless.variants[name].false_alarms),
            )
        )
    return table(headings, rows)


def _sizes_kb() -> dict[str, int]:
    manifest = Bundle.open(BUNDLE).manifest
    return {
        name: round((one.size + sum(file.size for file in one.extra_files)) / 1000)
        for name, one in manifest.variants.items()
    }


def _sizes(report: DetectionReport) -> str:
    rows_of = {name: one.by_size for name, one in report.evaluated.items()}
    first = baseline(report).by_size
    headings = ("variant", *(f"{size_name(one)}<br>{one.objects:,} signs" for one in first))
    return table(headings, [(name, *(words.share(one.ap50) for one in sizes)) for name, sizes in rows_of.items()])


def _classes(figures: VariantFigures) -> str:
    rows = [
        (label, f"{one.objects}", words.share(one.ap50), words.share(one.coco_ap))
        for label, one in figures.per_class.items()
    ]
    return table(("sign", "number", "AP50", "COCO AP"), rows)


def _confusions(figures: VariantFigures) -> str:
    rows = [(one.object, one.taken_for, f"{one.count}") for one in figures.confusions[:_CONFUSIONS]]
    return table(("sign", "taken for", "times"), rows)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, numbers to the right."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def montage(worst: Sequence[JudgedPicture], labels: tuple[str, ...]) -> Pixels:
    """Return the worst pictures side by side, with what was found, missed and invented."""
    drawn = [_drawn(one, labels) for one in worst]
    rows = [np.hstack(drawn[start : start + _COLUMNS]) for start in range(0, len(drawn), _COLUMNS)]
    made: Pixels = np.vstack(rows)
    return made


def _drawn(judged: JudgedPicture, labels: tuple[str, ...]) -> Pixels:
    # Found ones first: mistakes are what the picture is shown for.
    order = sorted(judged.boxes, key=lambda one: list(_COLOURS).index(one.kind))
    boxes = [
        DrawnBox(
            box_px=one.box_px,
            text=labels[one.class_id] if one.kind == "found" else f"{one.kind}: {labels[one.class_id]}",
            colour=_COLOURS[one.kind],
        )
        for one in order
    ]
    return draw_boxes(read_image(judged.picture.path), boxes)


if __name__ == "__main__":
    main()
