"""Where a word begins, by Audacity's labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.bench.annotations.annotation import AnnotationError
from skerry_edge.bench.evaluation.wakeword.onsets import word_start_s


def label(tmp_path: Path, text: str) -> Path:
    (tmp_path / "a.txt").write_text(text)
    return tmp_path / "a.wav"


def test_the_start_of_the_one_label_is_where_the_word_begins(tmp_path: Path) -> None:
    assert word_start_s(label(tmp_path, "0.731000\t1.250000\talexa\n")) == 0.731
    assert word_start_s(label(tmp_path, "2\t2\t\n\n")) == 2.0


def test_frequencies_that_belong_to_a_label_are_no_label(tmp_path: Path) -> None:
    assert word_start_s(label(tmp_path, "0.5\t1.0\tword\n\\\t120.0\t3000.0\n")) == 0.5


def test_without_a_file_nobody_knows(tmp_path: Path) -> None:
    assert word_start_s(tmp_path / "b.wav") is None


@pytest.mark.parametrize(
    "text", ["", "0\t1\ta\n2\t3\tb\n", "word\n", "1.0\n", "nan\t1\ta", "2\t1\ta", "-1\t1\ta", "0\tinf"]
)
def test_what_is_no_single_label_names_its_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(AnnotationError) as caught:
        word_start_s(label(tmp_path, text))
    assert caught.value.where == str(tmp_path / "a.txt")
