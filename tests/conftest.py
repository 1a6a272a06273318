"""Fixtures that every test may use: real data, real programs, free ports, and no host but this one."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import numpy as np
import pytest

if TYPE_CHECKING:
    from benchmarks.postgresql import PostgreSql

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")


@pytest.fixture(autouse=True)
def _smallest_numbers_count() -> Iterator[None]:
    """A library built with -Ofast makes whoever loads it take the smallest numbers for 0, tests that follow too."""
    yield
    assert sys.float_info.min / 2 > 0, "this test loaded such a library: do it in a process of its own"


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The project's top-level folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real test data; the test is skipped where it is absent."""
    folder = Path(os.environ.get("SKERRY_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real test data: set SKERRY_DATA to its folder (looked in {folder})")
    return folder.resolve()


@pytest.fixture(scope="session")
def discs() -> Path:
    """A small detector of red and of blue discs; tests/discs/make_discs.py sets its weights by formula."""
    return ROOT / "tests" / "discs" / "discs.skerry"


@pytest.fixture(scope="session")
def spoken() -> Path:
    """A recording that the project ships: a sentence, then "Alexa"."""
    return ROOT / "server" / "skerry_server" / "demo" / "data" / "alexa.wav"


@pytest.fixture(scope="session")
def word_bundle(spoken: Path) -> Callable[..., bytes]:
    """Return a function that packs the real model for "alexa" as a bundle whose golden recording is ``spoken``.

    The test is skipped where the package that brings the model is not installed.
    """
    from skerry_edge.audio.golden import decode_recording, heard
    from skerry_edge.audio.manifest import builtin_manifests
    from skerry_edge.audio.network import StreamingNetwork
    from skerry_edge.backends.base import BackendOptions, TensorInfo
    from skerry_edge.backends.registry import open_backend
    from skerry_edge.contracts.bundle import artifact, pack
    from skerry_edge.contracts.manifest import (
        AudioInput,
        Golden,
        Manifest,
        MicroWakeWord,
        Quantization,
        Source,
        Tensor,
        Variant,
    )

    if "alexa" not in builtin_manifests():
        pytest.skip("the package pymicro-wakeword is not installed")
    file = builtin_manifests()["alexa"].with_suffix(".tflite")

    def described(info: TensorInfo, layout: str) -> Tensor:
        quantized = Quantization(scale=info.scale, zero_point=info.zero_point)
        return Tensor(name=info.name, shape=info.shape, layout=layout, dtype=info.dtype.name, quantization=quantized)

    def make(
        version: str = "1.0.0",
        *,
        word: str = "Alexa",
        cutoff: float = 0.9,
        recording: bytes | None = spoken.read_bytes(),
        golden_of: bytes | None = None,
        variant: str = "tflite-int8",
    ) -> bytes:
        model = file.read_bytes()
        files, golden = {"alexa.tflite": model}, None
        with closing(open_backend("litert", file, BackendOptions(threads=1))) as backend:
            inputs, outputs = (described(backend.inputs[0], "NTC"),), (described(backend.outputs[0], "N1"),)
            if recording is not None:
                sound = decode_recording(golden_of or recording, where="a test's")
                buffer = io.BytesIO()
                np.save(buffer, heard(StreamingNetwork(backend, "alexa"), sound))
                gave = buffer.getvalue()
                files |= {"golden/input.wav": recording, "golden/output.npy": gave}
                listed = artifact("golden/input.wav", recording), artifact("golden/output.npy", gave)
                golden = Golden(input=listed[0], outputs={variant: (listed[1],)}, shows=(word,))
        one = artifact("alexa.tflite", model)
        manifest = Manifest(
            schema=1,
            name="alexa",
            version=version,
            task="wakeword",
            labels=(word,),
            license="Apache-2.0",
            source=Source(kind="tflite", files={}),
            input=AudioInput(),
            output=MicroWakeWord(probability_cutoff=cutoff, sliding_window_size=5),
            variants={
                variant: Variant(
                    file=one.file,
                    size=one.size,
                    sha256=one.sha256,
                    format="tflite",
                    precision="int8",
                    inputs=inputs,
                    outputs=outputs,
                )
            },
            golden=golden,
        )
        return pack(manifest, files)

    return make


@pytest.fixture(scope="session")
def need_program() -> Callable[[str], str]:
    """Return a function that gives a program's path, or skips the test where it is not installed."""

    def find(name: str) -> str:
        # Debian keeps daemons in sbin, which an ordinary user's PATH leaves out.
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if found is None:
            pytest.skip(f"the program '{name}' is not installed: run `make deps` as root")
        return found

    return find


@dataclass(frozen=True)
class Run:
    """What a run of `skerry` gave: its exit code and both its outputs."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON value."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def skerry(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Return a function that runs `skerry …` in this process, exit code and outputs of native code included."""
    from skerry_edge.cli import main

    def run(*arguments: object) -> Run:
        monkeypatch.setattr(sys, "argv", ["skerry", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capfd.readouterr()
        return Run(code=int(ended.value.code or 0), out=captured.out, err=captured.err)

    return run


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Return a function that gives a TCP port on loopback that was free a moment ago."""

    def ask() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            return port

    return ask


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSql]:
    """A real PostgreSQL server; `database` gives the address of an empty database."""
    from benchmarks.postgresql import PostgreSql, programs

    found = programs()
    if found is None:
        pytest.skip("the program 'postgres' is not installed: run `make deps` as root")
    # Not pytest's own folder: it is its owner's alone, and a socket's path may have 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="skerry-pg-", ignore_cleanup_errors=True) as folder:
        server = PostgreSql(found, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Return a function that waits until a condition holds, and fails the test when it never does."""

    def wait(condition: Callable[[], object], *, what: str, deadline_s: float = 30.0) -> None:
        end = time.monotonic() + deadline_s
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"never came true within {deadline_s:.0f} s: {what}")
            time.sleep(0.02)

    return wait


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a test fail that connects to another host than this one."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test tried to reach {address[0]}; only loopback is allowed")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)
