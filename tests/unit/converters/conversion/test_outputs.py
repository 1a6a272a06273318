"""Where a conversion may write: not over what it reads, and only to ordinary files."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, save

from skerry_converters.conversion.outputs import refuse_overwriting, require_place
from skerry_converters.sources.base import SourceFacts
from skerry_converters.sources.opening import open_source
from skerry_edge.foundation.errors import ConfigError, ReachError


@pytest.fixture
def network(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "net", ends[:1], ends[1:])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


@pytest.fixture
def facts(network: Path) -> SourceFacts:
    return open_source(network).facts


def test_a_new_file_and_an_older_output_are_taken(facts: SourceFacts, tmp_path: Path) -> None:
    out = tmp_path / "m.skerry"
    for _ in range(2):
        require_place(out, "--out")
        refuse_overwriting(out, "--out", facts, (tmp_path, None))
        out.write_bytes(b"an older bundle")


@pytest.mark.parametrize(
    "link", [Path.symlink_to, Path.hardlink_to, lambda one, other: one.write_bytes(other.read_bytes())]
)
def test_a_file_of_the_source_is_not_written_over_by_any_name(link, facts: SourceFacts, network: Path) -> None:
    place = network.with_name("m.skerry")
    link(place, network)
    for one in (network, place):
        with pytest.raises(ConfigError, match="made from") as caught:
            refuse_overwriting(one, "--out", facts, ())
        assert (caught.value.where, caught.value.found) == ("--out", str(one))


def test_a_file_of_data_is_not_written_over(facts: SourceFacts, tmp_path: Path) -> None:
    data = tmp_path / "data.npz"
    np.savez(data, x=np.zeros((2, 4)))
    with pytest.raises(ConfigError, match="made from"):
        refuse_overwriting(tmp_path / "." / "data.npz", "--report", facts, (None, data))


def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ReachError, match="ordinary file"):
        require_place(pipe, "--out")


def test_a_link_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    for target in ("m.skerry", "nowhere"):
        link = tmp_path / f"to-{target}"
        link.symlink_to(tmp_path / target)
        with pytest.raises(ReachError, match="ordinary file"):
            require_place(link, "--out")


@pytest.mark.parametrize(("place", "words"), [("nowhere/m.html", "does not exist"), (".", "is a folder")])
def test_a_place_that_cannot_be_written_is_named_with_its_option(tmp_path: Path, place: str, words: str) -> None:
    with pytest.raises(ReachError, match=words) as caught:
        require_place(tmp_path / place, "--report")
    assert "--report" in caught.value.todo
