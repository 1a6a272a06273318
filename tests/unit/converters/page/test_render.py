"""The page: complete in itself, safe whatever names it is given, and right."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import msgspec
import pytest

from skerry_converters.gates.report import HeldOutFacts
from skerry_converters.gates.verdict import Verdict
from skerry_converters.page.content import PageContent
from skerry_converters.page.render import render_page

Make = Callable[..., PageContent]
HOSTILE = "</style><script src=//evil.example></script>'\"><img src=x onerror=alert(1)>&amp"
VOID = {"img", "meta"}


class Page(HTMLParser):
    """Reads a page as a browser would, and insists on tags that are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += f"{data} "

    def addresses(self) -> list[str]:
        keys = ("src", "href", "srcset", "data", "action")
        return [value for _, attributes in self.seen for key, value in attributes.items() if key in keys and value]


def test_the_page_is_well_formed_and_shows_every_part(content: Make) -> None:
    page = Page(render_page(content()))
    headings = [tag for tag, _ in page.seen if tag in ("h1", "h2")]
    assert headings == ["h1", *["h2"] * 7]
    for part in (
        "passed, too little to judge by",
        "by mAP, on onnx",
        "+7.9 (-1.7 to +16.4)",
        "44 of 55",
        "13.9 dB",
        "exact",
        "1.22 MB",
        "9.00 kB",
        "800 B",
        "97.3% of multiply-accumulates on integers",
        "head: 3 boxes without a match",
        "source: 1 box ",
        "Judged on 25 pictures, with labels: a part of the calibration data that was set aside.",
    ):
        assert part in page.text, part


@pytest.mark.parametrize(
    ("outcomes", "said", "kind"),
    [
        (("passed", "passed"), "All 2 files passed their gates.", "passed"),
        (("passed",), "The file passed its gate.", "passed"),
        (("passed", "undecided"), "1 of 2 files passed; for 1 there was too little to judge by.", "undecided"),
        (("undecided", "undecided"), "2 files made, with too little to judge them by.", "undecided"),
        (("passed", "failed"), "1 of 2 files failed its gate.", "failed"),
        (
            ("undecided", "failed", "failed"),
            "2 of 3 files failed their gate; for 1 there was too little to judge by.",
            "failed",
        ),
    ],
)
def test_the_head_is_as_good_as_its_worst_file(content: Make, outcomes: tuple[str, ...], said: str, kind: str) -> None:
    by_outcome = {one.report.verdict.outcome: one for one in content().variants}
    page = Page(render_page(replace(content(), variants=tuple(by_outcome[one] for one in outcomes))))
    assert said in page.text
    assert [one["class"] for tag, one in page.seen if tag == "p" and "outcome" in (one.get("class") or "")] == [
        f"outcome {kind}"
    ]


def test_each_layer_has_a_column_as_high_as_its_ratio_with_its_name(content: Make) -> None:
    page = Page(render_page(content()))
    bars = [one for tag, one in page.seen if tag == "rect" and one["class"] in ("good", "float", "bad", "exact")]
    assert [(one["class"], one["height"]) for one in bars[:3]] == [("good", "31.0"), ("float", "60.0"), ("bad", "0.72")]
    for part in (
        "1. head (head): 31.0 dB",
        "2. fused/first (CONV_2D): exact, kept float",
        "3 of 4 layers that multiply, from input to output, each against the float network on 4 held-out inputs",
        "The others have no name that is certain in the float file.",
        "under 6 dB",
        "Not measured: head.",
    ):
        assert part in page.text, part


def test_a_failing_file_says_where_its_error_begins(content: Make) -> None:
    told = "The first layer under 6 dB is lost (CONV_2D, -2.5 dB)."
    full = content()
    passed = full.variants[0]
    failing = replace(
        passed,
        report=msgspec.structs.replace(
            passed.report, verdict=Verdict(outcome="failed", decided_by="accuracy", reasons=("lost",))
        ),
    )
    assert told not in Page(render_page(full)).text
    assert told in Page(render_page(replace(full, variants=(failing,)))).text


def test_a_search_is_told_with_its_trials_and_the_ranking_of_layers(content: Make) -> None:
    page = Page(render_page(content()))
    for part in (
        "Wanted: at most 2 points lost, found within 600 s.",
        "Tried: 3 recipes in 93 s on 32 calibration samples",
        "Equalisation changed no output of the float network by more than 2e-05.",
        "the tool's own settings 9.5 dB 81.2",
        "preset head: head - -",
        "channels equalised by weights, ranges of least error, 1 layer float chosen 24.5 dB 98.5",
        "1. head kept float 12.2 dB 75.0%",
        "6 less sensitive layers",
    ):
        assert part in " ".join(page.text.split()), part


def test_without_data_the_page_says_plainly_that_inputs_were_made(content: Make) -> None:
    one = content().variants[1]
    made = HeldOutFacts(origin="made", kind="inputs of noise", samples=8)
    without = replace(one, report=msgspec.structs.replace(one.report, held_out=made))
    text = Page(render_page(replace(content(), variants=(without,)))).text
    assert "No data was given, so 8 inputs of noise were made from a seed to judge by" in text


@pytest.mark.parametrize(
    ("kind", "items", "samples", "said"),
    [
        ("pictures", 1, 1, "Judged on 1 picture, without labels"),
        ("video", 9, 9, "Judged on 9 frames of a video, without labels"),
        ("arrays", 4, 4, "Judged on 4 arrays, without labels"),
        ("recordings", 40, 3410, "Judged on 40 recordings (3410 inputs of the network), without labels"),
    ],
)
def test_the_page_counts_what_was_given_and_not_what_it_was_cut_into(
    content: Make, kind: str, items: int, samples: int, said: str
) -> None:
    one = content().variants[1]
    given = HeldOutFacts(origin="gate data", kind=kind, samples=samples, items=items)
    judged = replace(one, report=msgspec.structs.replace(one.report, held_out=given))
    assert said in Page(render_page(replace(content(), variants=(judged,)))).text


def test_a_source_that_finds_nothing_leaves_no_boxes_to_compare(content: Make) -> None:
    page = Page(render_page(content()))
    assert "no boxes to compare" in page.text
    assert "0 of 0" not in page.text
    assert "The source finds nothing above 0.25 in these pictures: no boxes to compare." in page.text


def test_nothing_is_fetched_from_anywhere(content: Make) -> None:
    html = render_page(content())
    page = Page(html)
    assert page.addresses()
    assert all(re.match(r"data:image/(png|jpeg);base64,|#", address) for address in page.addresses())
    assert "script" not in {tag for tag, _ in page.seen}
    assert "link" not in {tag for tag, _ in page.seen}
    assert not re.search(r"url\(|@import|https?:", html)
    policy = next(attributes for tag, attributes in page.seen if "http-equiv" in attributes)
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_hostile_names_stay_texts_wherever_they_stand(content: Make) -> None:
    harmless, hostile = Page(render_page(content())), Page(render_page(content(HOSTILE)))
    assert [tag for tag, _ in hostile.seen] == [tag for tag, _ in harmless.seen]
    assert [sorted(attributes) for _, attributes in hostile.seen] == [
        sorted(attributes) for _, attributes in harmless.seen
    ]
    assert hostile.text.count(HOSTILE) == harmless.text.count("head") > 15


def test_the_same_content_gives_the_same_bytes(content: Make) -> None:
    assert render_page(content()) == render_page(content())


def test_parts_that_are_not_known_are_left_out(content: Make) -> None:
    full = content()
    bare = replace(full, variants=full.variants[2:], left_out={}, cautions=(), calibration_sha256=None)
    page = Page(render_page(bare))
    assert "svg" in {tag for tag, _ in page.seen}  # the bars of the sizes
    for part in ("Not made", "Sensitivity", "Outputs", "Error by layer", "operators", "Pictures", "matched", "lost"):
        assert part not in page.text.split("Terms")[0], part


def test_a_conversion_without_any_file_still_has_a_page(content: Make) -> None:
    page = Page(render_page(replace(content(), variants=())))
    assert "No file was made." in page.text


@pytest.mark.parametrize("anchor", ["onnx-int8", "tflite-int8", "openvino-int8"])
def test_links_lead_to_the_sections_of_the_files(content: Make, anchor: str) -> None:
    page = Page(render_page(content()))
    assert f"#{anchor}" in page.addresses()
    assert anchor in [attributes.get("id") for _, attributes in page.seen]
