"""The agent's configuration file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from skerry_edge.agent.cli import agent
from skerry_edge.agent.config.agent import MAX_PIPELINES, AgentConfig
from skerry_edge.agent.config.checks import load_config, reads_stdin
from skerry_edge.agent.config.pipelines import DetectionPipeline, SyntheticPipeline, WakeWordPipeline
from skerry_edge.foundation.errors import ConfigError, ReachError

HEAD = """\
site = "garden"
device = "cam-1"
board = "generic-x86"
state_dir = "state"

[mqtt]
url = "mqtt://127.0.0.1:1883"
"""
PIPELINE = """
[[pipelines]]
kind = "synthetic"
name = "ghost"
"""

Load = Callable[[str], AgentConfig]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def write_and_load(text: str) -> AgentConfig:
        file = tmp_path / "agent.toml"
        file.write_text(text)
        return load_config(file)

    return write_and_load


def test_the_example_is_a_valid_configuration(load: Load) -> None:
    config = load(CliRunner().invoke(agent, ["example-config"]).output)
    kinds = [type(one) for one in config.pipelines]
    assert kinds == [DetectionPipeline, WakeWordPipeline]


def test_the_examples_table_of_updates_is_valid_when_it_is_uncommented(load: Load, tmp_path: Path) -> None:
    example = CliRunner().invoke(agent, ["example-config"]).output
    table = example[example.index("# [ota]") : example.index("# [[sensors]]")]
    lines = "\n".join(line.removeprefix("# ") for line in table.splitlines())
    ota = load(HEAD + PIPELINE + lines.replace('"/etc/skerry/root.json"', '"root.json"')).ota
    assert ota is not None
    assert ota.root == str(tmp_path / "root.json")
    assert set(lines.split()) >= {"mirrors", "window", "spread_s", "most_rate", "least_rate", "stall_s", "silent_days"}


@pytest.mark.parametrize("mirror", ["ftp://fleet.example", "https://user:secret@fleet.example/ota", "relative", ""])
def test_a_mirror_that_is_none_is_told_before_anything_runs(load: Load, mirror: str) -> None:
    with pytest.raises(ConfigError, match=r"ota\.mirrors") as caught:
        load(f'{HEAD}{PIPELINE}[ota]\nmirrors = ["https://one.example", "{mirror}"]\n')
    assert "secret" not in str(caught.value)


def test_a_models_hash_is_no_key_of_the_file(load: Load) -> None:
    with pytest.raises(ConfigError, match=r"unknown key.*pipelines\[0\].model_sha256"):
        load(HEAD + PIPELINE + 'model_sha256 = "00"\n')


def test_relative_paths_are_taken_from_the_files_own_folder(load: Load, tmp_path: Path) -> None:
    (tmp_path / "word").write_text("hunter2")
    config = load(
        HEAD
        + 'password_file = "word"\n'
        + """
[[pipelines]]
kind = "detection"
name = "gate"
model = "models/mine.skerry"
source = { kind = "images", path = "pictures" }

[[pipelines]]
kind = "wakeword"
name = "ear"
words = [{ model = "alexa" }, { model = "models/mine.json" }]
voice = { model = "vad.json" }
source = { kind = "audio-file", path = "/clips/a.wav" }
"""
    )
    gate, ear = config.pipelines
    assert isinstance(gate, DetectionPipeline)
    assert isinstance(ear, WakeWordPipeline)
    assert config.state_dir == str(tmp_path / "state")
    assert config.mqtt.password_file == str(tmp_path / "word")
    assert gate.model == str(tmp_path / "models" / "mine.skerry")
    assert gate.source.path == str(tmp_path / "pictures")
    assert [one.model for one in ear.words] == ["alexa", str(tmp_path / "models" / "mine.json")]
    assert ear.voice is not None
    assert ear.voice.model == str(tmp_path / "vad.json")
    assert getattr(ear.source, "path", None) == "/clips/a.wav"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + PIPELINE.replace("name", "nmae"), ["line 11", "'nmae'", "'name'"]),
        (HEAD + PIPELINE.replace("synthetic", "sythetic"), ["pipelines[0]", "sythetic"]),
        (HEAD.replace("garden", "Gar den") + PIPELINE, ["line 1", "'site'", "a-z, 0-9 and '-'"]),
        (HEAD.replace("garden", "garden\\n") + PIPELINE, ["line 1", "'site'"]),
        (HEAD + PIPELINE.replace("ghost", "ghost\\n"), ["line 11", "'pipelines[0].name'"]),
        (HEAD.replace("generic-x86", "raspberry-pi-55") + PIPELINE, ["line 3", "'board'", "raspberry-pi-5"]),
        (HEAD.replace("mqtt://127", "tcp://127") + PIPELINE, ["line 7", "'mqtt.url'", "tcp://"]),
        (HEAD + PIPELINE + PIPELINE, ["line 15", "'pipelines[1].name'", "'ghost'"]),
        (HEAD, ["pipelines"]),
        ("pipelines = []\n" + HEAD, ["line 1", "'pipelines'", "no pipeline"]),
        (HEAD + '[mqtt.tls]\nca_file = "ca.pem"\n' + PIPELINE, ["'mqtt.tls'", "mqtts://"]),
        (HEAD + PIPELINE.replace('"ghost"', '"Ghost!"'), ["pipelines[0].name"]),
        (HEAD + 'username = "me"\n' + PIPELINE, ["line 8", "'mqtt.username'", "password"]),
        (HEAD + 'password_file = "none"\n' + PIPELINE, ["line 8", "'mqtt.password_file'", "none"]),
        (HEAD + "keepalive_s = 1\n" + PIPELINE, ["keepalive_s"]),
        ("heartbeat_interval_s = 0\n" + HEAD + PIPELINE, ["line 1", "heartbeat_interval_s"]),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(
    load: Load, monkeypatch: pytest.MonkeyPatch, text: str, told: list[str]
) -> None:
    monkeypatch.delenv("SKERRY_MQTT_PASSWORD", raising=False)
    with pytest.raises(ConfigError) as caught:
        load(text)
    for part in ["agent.toml", *told]:
        assert part in str(caught.value)


def test_pictures_are_never_dropped_so_live_is_refused_for_them(load: Load) -> None:
    with pytest.raises(ConfigError, match="live"):
        load(
            HEAD
            + """
[[pipelines]]
kind = "detection"
name = "gate"
model = "skerry-signs"
source = { kind = "images", path = "pictures", policy = "live" }
"""
        )


def test_a_backend_is_named_once(load: Load) -> None:
    ghost = '[[pipelines]]\nkind = "synthetic"\nname = "ghost"\nbackends = {}\n'
    assert load(HEAD + ghost.format('["a", "b"]')).pipelines[0].backend_choices == ("a", "b")
    with pytest.raises(ConfigError, match=r"named twice.*line \d+, key 'pipelines\[0\]\.backends'"):
        load(HEAD + ghost.format('["a", "b", "a"]'))


def test_two_readers_of_standard_input_are_refused(load: Load) -> None:
    ear = '[[pipelines]]\nkind = "wakeword"\nname = "{}"\nsource = {{ kind = "stdin" }}\n'
    ear += 'words = [{{ model = "alexa" }}]\n'
    one = load(HEAD + ear.format("left"))
    assert [reads_stdin(pipeline) for pipeline in one.pipelines] == [True]
    with pytest.raises(ConfigError, match=r"standard input.*pipelines\[1\]\.source"):
        load(HEAD + ear.format("left") + ear.format("right"))


EAR = """
[[pipelines]]
kind = "wakeword"
name = "ear"
source = { kind = "mic" }
[[pipelines.words]]
model = "alexa"
cutoff = 0.8
[[pipelines.words]]
model = "okay_nabu"
window = 4
"""


def test_each_word_has_its_own_numbers(load: Load) -> None:
    (ear,) = load(HEAD + EAR).pipelines
    assert isinstance(ear, WakeWordPipeline)
    alexa, nabu = ear.words
    assert (alexa.cutoff, alexa.window, alexa.refractory_s) == (0.8, None, 1.0)
    assert (nabu.cutoff, nabu.window, nabu.refractory_s) == (None, 4, 1.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (EAR.replace("okay_nabu", "alexa"), ["line 17", "'pipelines[0].words[1].model'", "same model", "'alexa'"]),
        (EAR.replace("0.8", "1.0"), ["line 15", "'pipelines[0].words[0].cutoff'", "< 1.0"]),
        (EAR.replace("0.8", "-0.1"), ["line 15", "'pipelines[0].words[0].cutoff'", ">= 0.0"]),
        (EAR.replace("window = 4", "window = 0"), ["line 18", "'pipelines[0].words[1].window'"]),
        (EAR.replace("window = 4", "refractory = 4"), ["line 18", "'refractory'", "'refractory_s'"]),
        (EAR.partition("[[pipelines.words]]")[0], ["pipelines[0]", "'words'"]),
        (EAR.partition("[[pipelines.words]]")[0] + "words = []\n", ["line 13", "'pipelines[0].words'"]),
        (EAR.replace("source =", 'model = "alexa"\nsource ='), ["line 12", "'pipelines[0].model'"]),
        (EAR + "[pipelines.voice]\nhold_s = 1\n", ["'pipelines[0].voice'", "'model'"]),
    ],
)
def test_what_is_wrong_with_the_words_is_named_with_line_and_key(load: Load, text: str, told: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(HEAD + text)
    for part in ["agent.toml", *told]:
        assert part in str(caught.value)


def test_a_password_in_the_url_does_not_reach_the_error(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load(HEAD.replace("mqtt://", "mqtt://me:hunter2@") + PIPELINE)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_not_there_is_a_matter_of_reach(tmp_path: Path) -> None:
    with pytest.raises(ReachError):
        load_config(tmp_path / "nowhere.toml")


def test_a_pipeline_has_deadlines_unless_told_otherwise(load: Load) -> None:
    (pipeline,) = load(HEAD + PIPELINE).pipelines
    assert isinstance(pipeline, SyntheticPipeline)
    assert (pipeline.start_deadline_s, pipeline.progress_deadline_s) == (60.0, 5.0)


def test_more_pipelines_than_a_heartbeat_can_tell_of_are_refused(load: Load) -> None:
    many = "".join(PIPELINE.replace("ghost", f"ghost-{number}") for number in range(MAX_PIPELINES + 1))
    with pytest.raises(ConfigError, match="Expected `array` of length <= 32"):
        load(HEAD + many)


def test_no_pipeline_may_be_called_what_stands_for_the_agent_itself(load: Load) -> None:
    with pytest.raises(ConfigError, match=r"stands for the agent.*key 'pipelines\[0\]\.name'"):
        load(HEAD + PIPELINE.replace("ghost", "agent"))
