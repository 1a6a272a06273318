"""Configuration: typed structs out of TOML, and errors that name file, line, key and the nearest valid key."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from skerry_edge.foundation.config import MAX_BYTES, load_toml, parse_toml
from skerry_edge.foundation.errors import ConfigError, ReachError


class Camera(Struct, frozen=True, kw_only=True, tag="camera", tag_field="kind"):
    device: str
    fps: Annotated[float, Meta(gt=0)] = 5.0


class Clip(Struct, frozen=True, kw_only=True, tag="clip", tag_field="kind"):
    path: str
    loop: bool = False


class Zone(Struct, frozen=True, kw_only=True):
    name: str
    corner: tuple[float, float]


class Pipeline(Struct, frozen=True, kw_only=True):
    name: Annotated[str, Meta(pattern="^[a-z]+$")]
    source: Camera | Clip
    zones: Annotated[tuple[Zone, ...], Meta(max_length=3)] = ()


class Broker(Struct, frozen=True, kw_only=True):
    host: str
    port: Annotated[int, Meta(ge=1, le=65535)] = 1883
    mode: Literal["plain", "tls"] = "plain"


class Config(Struct, frozen=True, kw_only=True):
    broker: Broker
    pipelines: list[Pipeline] = []
    labels: dict[str, Zone] = {}
    spare: Broker | None = None
    anything: dict[str, object] = {}


GOOD = """\
# a comment with portt = 1
[broker]
host = "h" # portt = 2

[[pipelines]]
name = "door"
source = { kind = "camera", device = "/dev/video0" }

[[pipelines]]
name = "ear"
[pipelines.source]
kind = "clip"
path = '''
fsp = 1
[nowhere]
'''
[[pipelines.zones]]
name = "left"
corner = [0.1, 0.2]

[labels."front.door"]
name = "x"
corner = [
  1,
  2,
]
"""


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse_toml(text, Config, name="a.toml")
    return caught.value


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


def test_a_file_that_fits_is_a_struct(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text(GOOD)
    config = load_toml(path, Config)
    assert config.broker == Broker(host="h")
    assert config.pipelines[0].source == Camera(device="/dev/video0")
    assert config.pipelines[1].zones == (Zone(name="left", corner=(0.1, 0.2)),)
    assert list(config.labels) == ["front.door"]


def test_a_kind_that_does_not_exist_is_refused_with_those_that_do() -> None:
    error = refusal(GOOD.replace('kind = "clip"', 'kind = "clop"', 1))
    assert "unknown kind" in error.what
    assert "did you mean 'clip'" in (error.todo or "")
    assert "'kind' is one of: camera, clip" in (error.todo or "")


def test_a_table_without_its_kind_is_told_which_there_are() -> None:
    error = refusal(GOOD.replace('kind = "clip"\n', "", 1).replace('kind = "clip", ', "", 1))
    assert (error.found, error.todo) == ("no 'kind'", "'kind' is one of: camera, clip")


@pytest.mark.parametrize(
    ("good", "bad", "key", "near"),
    [
        ('host = "h"', 'hosst = "h"', "broker.hosst", "host"),
        ("[broker]", "[brokr]", "brokr", "broker"),
        ('device = "/dev/video0"', 'divice = "/dev/video0"', "pipelines[0].source.divice", "device"),
        ("path = '''", "loopp = true\npath = '''", "pipelines[1].source.loopp", "loop"),
        ("corner = [0.1, 0.2]", "cornr = [0.1, 0.2]", "pipelines[1].zones[0].cornr", "corner"),
        ("[[pipelines.zones]]", "[[pipelines.zone]]", "pipelines[1].zone", "zones"),
        ('name = "x"', 'nam = "x"', "labels.front.door.nam", "name"),
        ("[broker]", "[broker]\n'por t' = 1", "broker.por t", "port"),
        ("[broker]", "spare.hots = 'x'\n[broker]", "spare.hots", "host"),
        ("[broker]", 'broker.portt = 1\n# [broker]\nbroker.host = "x"\n[labels]#', "broker.portt", "port"),
    ],
)
def test_a_misspelt_key_is_named_with_its_line_and_the_nearest_valid_one(
    good: str, bad: str, key: str, near: str
) -> None:
    text = GOOD.replace(good, bad, 1).replace("[labels]#", "#", 1)
    error = refusal(text)
    misspelt = key.rsplit(".", 1)[-1].split("[", maxsplit=1)[0]
    # The same letters in comments and strings further up must not draw the line there.
    lines = enumerate(text.splitlines(), start=1)
    line = next(number for number, one in lines if re.search(rf"\b{misspelt}\b", one) and not one.startswith("#"))
    assert error.where == f"a.toml, line {line}, key '{key}'"
    assert error.todo == f"did you mean '{near}'?"
    assert error.exit_code == 2


def test_a_key_far_from_every_valid_one_gets_the_list_of_them() -> None:
    assert refusal(GOOD.replace('host = "h"', "zzz = 1")).todo == "valid keys here: host, mode, port"


@pytest.mark.parametrize(
    ("good", "bad", "key", "words"),
    [
        ('host = "h"', "host = 5", "broker.host", "Expected `str`, got `int`"),
        ('host = "h"', 'host = "h"\nport = 70000', "broker.port", "Expected `int` <= 65535"),
        ('host = "h"', 'host = "h"\nmode = "tsl"', "broker.mode", "Invalid enum value 'tsl'"),
        ('name = "ear"', 'name = "Ear"', "pipelines[1].name", "regex"),
        ("corner = [0.1, 0.2]", 'corner = [\n0.1,\n"b"\n]', "pipelines[1].zones[0].corner[1]", "got `str`"),
        ('kind = "clip"', 'kind = "clop"', "pipelines[1].source.kind", "'clop'"),
        ('device = "/dev/video0"', 'device = "x", fps = 0', "pipelines[0].source.fps", "> 0"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_line(good: str, bad: str, key: str, words: str) -> None:
    text = GOOD.replace(good, bad, 1)
    error = refusal(text)
    last = bad.splitlines()[2 if "0.1" in bad else -1]
    assert error.where == f"a.toml, line {line_of(text, last)}, key '{key}'"
    assert words in (error.found or "")


@pytest.mark.parametrize(
    ("removed", "place", "missing"),
    [
        ('host = "h"', "[broker]", "host"),
        ('name = "ear"', "[[pipelines]]\n\n[pipelines.source]", "name"),
        ("corner = [0.1, 0.2]", "[[pipelines.zones]]", "corner"),
        ('device = "/dev/video0"', "source = {", "device"),
    ],
)
def test_a_missing_key_is_named_with_the_line_of_its_table(removed: str, place: str, missing: str) -> None:
    text = GOOD.replace(f", {removed}", "") if removed.startswith("device") else GOOD.replace(removed, "")
    line = text[: text.index(place)].count("\n") + 1
    error = refusal(text)
    assert f"line {line}, " in (error.where or "")
    assert error.todo == f"add '{missing}'"


def test_a_missing_table_is_named_though_no_line_has_it() -> None:
    error = refusal("")
    assert (error.where, error.todo) == ("a.toml", "add 'broker'")


def test_a_bad_value_under_a_free_key_is_drawn_to_its_table() -> None:
    error = refusal(GOOD.replace('name = "x"', "name = 5"))
    assert f"line {line_of(GOOD, '[labels')}" in (error.where or "")


def test_a_table_of_anything_takes_anything() -> None:
    config = parse_toml('broker.host = "h"\n[anything]\na = { b = [1, {c = 2}] }', Config, name="a.toml")
    assert config.anything == {"a": {"b": [1, {"c": 2}]}}


@pytest.mark.parametrize(
    "text",
    ["a", "a = ", "[a", "a = 1\na = 2", '"', "a = 99999999999999999999x", "\x00", "[a]\n[a]", "a = {b = 1\n"],
    ids=repr,
)
def test_text_that_is_no_toml_is_refused_with_its_place(text: str) -> None:
    error = refusal(text)
    assert error.where == "a.toml"
    assert "line" in (error.found or "") or "end of document" in (error.found or "")


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 9000 + "]" * 9000, "a = " + "{a=" * 9000 + "1" + "}" * 9000, f"[{'.'.join('a' * 3000)}]"],
    ids=["arrays", "tables", "a header"],
)
def test_a_text_nested_beyond_measure_is_refused(text: str) -> None:
    assert refusal(text).exit_code == 2


def test_a_password_in_a_text_that_is_no_toml_is_not_repeated() -> None:
    error = refusal("url = 'rtsp://admin:hunter2@camera/'\nurl = 'rtsp://admin:hunter2@camera/'")
    assert "hunter2" not in str(error)


@given(st.text(max_size=200))
def test_no_text_whatever_raises_anything_but_a_config_error(text: str) -> None:
    refusal(text)


@pytest.mark.parametrize(
    ("name", "family"),
    [("absent.toml", ReachError), (".", ReachError), ("latin.toml", ConfigError), ("huge.toml", ConfigError)],
)
def test_a_file_that_cannot_be_used_is_an_error_of_its_family(
    tmp_path: Path, name: str, family: type[Exception]
) -> None:
    (tmp_path / "latin.toml").write_bytes("ä = 1".encode("latin-1"))
    (tmp_path / "huge.toml").write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(family, match=name if name != "." else str(tmp_path)):
        load_toml(tmp_path / name, Config)


def test_an_endless_file_and_a_pipe_are_refused_for_what_they_are(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    for path in (Path("/dev/zero"), tmp_path / "pipe.toml"):
        with pytest.raises(ReachError, match="device, pipe or socket"):
            load_toml(path, Config)


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    assert refusal(f"a = {'9' * 5000}").exit_code == 2


def test_a_nul_in_a_text_is_refused_with_its_line() -> None:
    error = refusal('[broker]\nhost = "a\\u0000b"')
    assert error.where == "a.toml, line 2, key 'broker.host'"
    assert "NUL" in error.what


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_bytes(b'\xef\xbb\xbfbroker.host = "h"\n')
    assert load_toml(file, Config).broker.host == "h"
