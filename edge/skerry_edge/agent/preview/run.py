"""`skerry agent preview`: one pipeline looks, a browser shows it, Ctrl-C ends both."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.pipelines import DetectionPipeline
from skerry_edge.agent.config.sources import GStreamerSource, PiCameraSource, V4l2Source
from skerry_edge.agent.life.lock import holder_of
from skerry_edge.agent.pipelines.detector import open_detector
from skerry_edge.agent.preview.rehearsal import Rehearsal
from skerry_edge.agent.preview.server import PreviewServer, preview_server
from skerry_edge.backends.errors import UnsuitedBackendError
from skerry_edge.foundation.errors import ConfigError, MissingError, SkerryError
from skerry_edge.foundation.nearest import suggestion
from skerry_edge.vision.detector import Detector

POLL_S = 0.2


def chosen_pipeline(config: AgentConfig, name: str | None) -> DetectionPipeline:
    """Return the detection pipeline of that name, or the only one. Raises ConfigError."""
    pipelines = {one.name: one for one in config.pipelines if isinstance(one, DetectionPipeline)}
    if not pipelines:
        raise ConfigError("the configuration has no pipeline that looks at pictures")
    names = f"there are: {', '.join(pipelines)}"
    if name is None:
        if len(pipelines) > 1:
            raise ConfigError("several pipelines look at pictures", found=names, todo="choose one with --pipeline")
        return next(iter(pipelines.values()))
    if name not in pipelines:
        todo = suggestion(name, pipelines, otherwise=names)
        raise ConfigError("no pipeline that looks at pictures has this name", found=f"'{name}'", todo=todo)
    return pipelines[name]


def require_free_camera(pipeline: DetectionPipeline, state_dir: Path) -> None:
    """Raise ConfigError where the agent of this configuration runs and so holds a camera that serves one program."""
    if not isinstance(pipeline.source, V4l2Source | PiCameraSource | GStreamerSource):
        return
    holder = holder_of(state_dir)
    if holder is not None:
        raise ConfigError(
            "the agent runs and holds the camera, which serves one program at a time",
            found=f"process {holder}",
            todo="stop the agent while you aim: systemctl stop skerry-agent",
        )


def run_preview(pipeline: DetectionPipeline, *, host: str, port: int, when_serving: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; call ``when_serving`` with the page's address once it can be opened.

    Raises what opening the model and reading the source raises, and ReachError where the port is taken.
    """
    with closing(open_model(pipeline)) as detector:
        rehearsal = Rehearsal(pipeline, detector)
        manifest = detector.manifest
        facts = {
            "pipeline": pipeline.name,
            "model": f"{manifest.name} {manifest.version}",
            "backend": detector.backend_name,
        }
        with preview_server(rehearsal, facts, host=host, port=port) as server:
            rehearsal.start()
            try:
                when_serving(_address(server))
                _serve(server, rehearsal)
            finally:
                rehearsal.stop()
    if rehearsal.error is not None:
        raise rehearsal.error


def open_model(pipeline: DetectionPipeline) -> Detector:
    """Open the model on the first backend that can run it: a preview has no parent that would try the next.

    Raises MissingError, with all reasons, where none can, and what `open_detector` raises of the model itself.
    """
    reasons: list[SkerryError] = []
    for backend in pipeline.backends or (None,):
        try:
            detector = open_detector(pipeline, backend)
        except (MissingError, UnsuitedBackendError) as error:
            reasons.append(error)
            continue
        return detector
    if len(reasons) == 1:
        raise reasons[0]
    found = "; ".join(map(str, reasons))
    raise MissingError("none of the backends can run the model", where=pipeline.model, found=found)


def _serve(server: PreviewServer, rehearsal: Rehearsal) -> None:
    server.timeout = POLL_S
    try:
        while not rehearsal.is_over:
            server.handle_request()
    except KeyboardInterrupt:
        return


def _address(server: PreviewServer) -> str:
    host, port = str(server.server_address[0]), server.server_address[1]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/"
