"""Reading the agent's configuration: the struct, then what only the whole file can tell."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from skerry_boards.loader import load_board
from skerry_edge.agent.config import words
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.areas import problem_of
from skerry_edge.agent.config.delivery import MqttConfig
from skerry_edge.agent.config.pipelines import DetectionPipeline, PipelineConfig, SyntheticPipeline, WakeWordPipeline
from skerry_edge.agent.config.sensors import sensors_problem
from skerry_edge.agent.config.source_checks import anchored_source, source_problem
from skerry_edge.agent.config.sources import StdinSource
from skerry_edge.agent.config.state_dir import usual_state_dir
from skerry_edge.agent.life.identity import AGENT
from skerry_edge.agent.mqtt.login import read_login
from skerry_edge.agent.mqtt.tls import tls_context
from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_edge.foundation.config import line_of, parse_toml, read_toml
from skerry_edge.foundation.errors import ConfigError, ReachError, SkerryError
from skerry_edge.ota.settings import OtaSettings
from skerry_edge.ota.transfer.mirrors import parse_mirror

KeyPath = tuple[str | int, ...]
_MODEL_SUFFIXES = (".skerry", ".json", ".tflite")


def load_config(path: Path) -> AgentConfig:
    """Read and check the configuration; relative paths in it are taken from the file's own folder.

    A state directory that it does not name is the usual one.

    Raises ReachError when the file cannot be read, ConfigError (file, line, key) when something in it is wrong.
    """
    text = read_toml(path)
    config = parse_toml(text, AgentConfig, name=str(path))
    if line_of(("state_dir",), text) is None:
        config = replace(config, state_dir=str(usual_state_dir(path)))
    config = anchored(config, path.absolute().parent)
    problem = find_problem(config)
    if problem is None:
        return config
    key, error = problem
    raise _located(error, path, key) from error


def _located(error: SkerryError, path: Path, key: KeyPath) -> ConfigError:
    """Return ``error`` with the file, line and key before whatever place it already names."""
    line = line_of(key, read_toml(path))
    dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in key).lstrip(".")
    place = f"{path}, line {line}, key '{dotted}'" if line else f"{path}, key '{dotted}'"
    where = f"{place} ({error.where})" if error.where else place
    return ConfigError(error.what, where=where, found=error.found, todo=error.todo)


def find_problem(config: AgentConfig) -> tuple[KeyPath, SkerryError] | None:
    """Return the first thing that is wrong and the key that it concerns."""
    try:
        load_board(config.board)
    except ConfigError as error:
        return ("board",), error
    return (
        _mqtt_problem(config.mqtt, config.device)
        or _pipelines_problem(config.pipelines)
        or sensors_problem(config.sensors)
        or (None if config.ota is None else _ota_problem(config.ota))
    )


def _mqtt_problem(config: MqttConfig, device: str) -> tuple[KeyPath, SkerryError] | None:
    key: KeyPath = ("mqtt", "url")
    try:
        address = parse_broker_url(config.url)
        key = ("mqtt", "password_file" if config.password_file is not None else "username")
        read_login(config, device)
        key = ("mqtt", "tls")
        if config.tls is not None:
            if not address.encrypted:
                return key, ConfigError("TLS is set up and the URL asks for none", todo="write mqtts:// in 'url'")
            if config.tls.key_file is not None and config.tls.certificate_file is None:
                return key, ConfigError("a key without its certificate", todo="add 'certificate_file'")
            tls_context(config.tls)
    except (ConfigError, ReachError) as error:
        return key, error
    return None


def _ota_problem(config: OtaSettings) -> tuple[KeyPath, SkerryError] | None:
    key: KeyPath = ("ota", "mirrors")
    try:
        for index, mirror in enumerate(config.mirrors):
            key = ("ota", "mirrors", index)
            parse_mirror(mirror)
    except ConfigError as error:
        return key, error
    return None


def _pipelines_problem(pipelines: tuple[PipelineConfig, ...]) -> tuple[KeyPath, SkerryError] | None:
    if not pipelines:
        return ("pipelines",), ConfigError("there is no pipeline to run", todo="add a [[pipelines]] table")
    readers_of_stdin = 0
    for index, pipeline in enumerate(pipelines):
        wrong_name = _name_problem(pipeline.name, pipelines[:index])
        if wrong_name is not None:
            return ("pipelines", index, "name"), wrong_name
        problem = _pipeline_problem(pipeline)
        if problem is not None:
            key, error = problem
            return ("pipelines", index, *key), error
        if len(set(pipeline.backend_choices)) < len(pipeline.backend_choices):
            what = "a backend is named twice"
            return ("pipelines", index, "backends"), ConfigError(what, todo="name each once, the one wished for first")
        readers_of_stdin += reads_stdin(pipeline)
        if readers_of_stdin > 1:
            what = "two pipelines read standard input"
            return ("pipelines", index, "source"), ConfigError(what, todo="give one another source")
    return None


def _name_problem(name: str, before: tuple[PipelineConfig, ...]) -> ConfigError | None:
    if name == AGENT:
        what = "this name stands for the agent itself in events"
        return ConfigError(what, found=f"'{AGENT}'", todo="give the pipeline another name")
    if name in (one.name for one in before):
        return ConfigError("two pipelines have the same name", found=f"'{name}'", todo="rename one")
    return None


def _pipeline_problem(pipeline: PipelineConfig) -> tuple[KeyPath, SkerryError] | None:
    """Return what is wrong with one pipeline, and the key in it."""
    if pipeline.model_sha256 is not None:
        return ("model_sha256",), ConfigError("unknown key", todo="take it out: the agent finds the hash by itself")
    if isinstance(pipeline, SyntheticPipeline):
        return None
    problem: tuple[KeyPath, SkerryError] | None
    problem = problem_of(pipeline) if isinstance(pipeline, DetectionPipeline) else words.problem_of(pipeline.words)
    if problem is not None:
        return problem
    wrong = source_problem(pipeline.source)
    return None if wrong is None else (("source", wrong[0]), wrong[1])


def reads_stdin(pipeline: PipelineConfig) -> bool:
    """Tell whether a pipeline takes its sound from the agent's standard input."""
    return isinstance(pipeline, WakeWordPipeline) and isinstance(pipeline.source, StdinSource)


def anchored(config: AgentConfig, folder: Path) -> AgentConfig:
    """Return the configuration with every relative path made absolute."""
    mqtt = config.mqtt
    if mqtt.password_file is not None:
        mqtt = replace(mqtt, password_file=str(folder / mqtt.password_file))
    if mqtt.tls is not None:
        files = {key: getattr(mqtt.tls, key) for key in ("ca_file", "certificate_file", "key_file")}
        anchored = {key: None if file is None else str(folder / file) for key, file in files.items()}
        mqtt = replace(mqtt, tls=replace(mqtt.tls, **anchored))
    pipelines = tuple(_anchored_pipeline(one, folder) for one in config.pipelines)
    ota = None if config.ota is None else replace(config.ota, root=str(folder / config.ota.root))
    return replace(config, mqtt=mqtt, state_dir=str(folder / config.state_dir), pipelines=pipelines, ota=ota)


def _anchored_pipeline(pipeline: PipelineConfig, folder: Path) -> PipelineConfig:
    if isinstance(pipeline, SyntheticPipeline):
        marker = pipeline.fault_marker
        return pipeline if marker is None else replace(pipeline, fault_marker=str(folder / marker))
    if isinstance(pipeline, WakeWordPipeline):
        return _anchored_source(_anchored_words(pipeline, folder), folder)
    return _anchored_source(replace(pipeline, model=_anchored_model(pipeline.model, folder)), folder)


def _anchored_words(pipeline: WakeWordPipeline, folder: Path) -> WakeWordPipeline:
    found = tuple(replace(one, model=_anchored_model(one.model, folder)) for one in pipeline.words)
    voice = pipeline.voice
    if voice is not None:
        voice = replace(voice, model=_anchored_model(voice.model, folder))
    return replace(pipeline, words=found, voice=voice)


def _anchored_source(
    pipeline: DetectionPipeline | WakeWordPipeline, folder: Path
) -> DetectionPipeline | WakeWordPipeline:
    return replace(pipeline, source=anchored_source(pipeline.source, folder))


def _anchored_model(model: str, folder: Path) -> str:
    """Return a model's path made absolute; a bare name belongs to the catalogue and stays."""
    is_path = "/" in model or model.endswith(_MODEL_SUFFIXES)
    return str(folder / model) if is_path else model
