"""A real web server on loopback that behaves as badly as a test wants."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from skerry_edge.models.entries import DarknetEntry, Download
from skerry_edge.transfer.patience import Patience

CONTENT = bytes(range(256)) * 2000
CFG = b"[net]\nwidth=32\n"


class Request(BaseHTTPRequestHandler):
    """One request, with the ways of answering that tests choose from."""

    server: Server

    def do_GET(self) -> None:
        self.server.site.seen.append((self.path, dict(self.headers)))
        self.server.site.next_answer()(self)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Say nothing: pytest shows what a server prints."""

    def head(self, status: int, **headers: str | int) -> None:
        """Send a status and headers; underscores stand for hyphens."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def body(self, content: bytes, *, tag: str = '"v1"') -> None:
        """Answer as RFC 9110 says: a range of this version where it is asked for, else all of it."""
        asked = self.headers.get("Range", "")
        if asked and self.headers.get("If-Range") == tag:
            first = int(asked.removeprefix("bytes=").removesuffix("-"))
            if first >= len(content):
                self.head(416)
                return
            rest = content[first:]
            self.head(
                206,
                Content_Length=len(rest),
                Content_Range=f"bytes {first}-{len(content) - 1}/{len(content)}",
                ETag=tag,
            )
            self.wfile.write(rest)
            return
        self.head(200, Content_Length=len(content), ETag=tag)
        self.wfile.write(content)

    def cut(self, content: bytes, sent: int, *, tag: str = '"v1"') -> None:
        """Promise all of it, send some, and hang up."""
        self.head(200, Content_Length=len(content), ETag=tag)
        self.wfile.write(content[:sent])


class Server(ThreadingHTTPServer):
    daemon_threads = True
    site: Site


Answer = Callable[[Request], None]


@dataclass
class Site:
    """What the server does: its answers in turn, the last of them again and again, and the requests that it saw."""

    address: str
    answers: list[Answer] = field(default_factory=list)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def ranges(self) -> list[str | None]:
        return [headers.get("Range") for _, headers in self.seen]


@contextmanager
def running(server: Server, scheme: str) -> Iterator[Site]:
    """Run a server for as long as the context lasts."""
    server.site = Site(address=f"{scheme}://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.site
    finally:
        server.site.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    with running(Server(("127.0.0.1", 0), Request), "http") as site:
        yield site


@pytest.fixture
def stranger(tmp_path: Path, need_program: Callable[[str], str]) -> Iterator[Site]:
    """A server that speaks TLS with a certificate that nobody has signed."""
    certificate = tmp_path / "stranger.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-days", "1"]
    files = ["-keyout", str(certificate), "-out", str(tmp_path / "public.pem")]
    line = [need_program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, *files]
    subprocess.run(line, check=True, capture_output=True)
    with certificate.open("ab") as file:
        file.write((tmp_path / "public.pem").read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server(("127.0.0.1", 0), Request)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with running(server, "https") as site:
        yield site


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and an environment that names no proxy or mirror."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy", "SKERRY_MIRROR"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path / "cache" / "skerry" / "models"


class Notes:
    """Progress that is kept, and that a test may act upon."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.notes: list[str] = []
        self.noted = threading.Event()

    def begin(self, name: str) -> None:
        self.begun.append(name)

    def at(self, done_bytes: int, total_bytes: int) -> None:
        assert 0 <= done_bytes <= total_bytes

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.noted.set()


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def waits() -> list[float]:
    """The seconds that were waited between attempts: noted, and not slept."""
    return []


@pytest.fixture
def patience(waits: list[float]) -> Patience:
    return Patience(connect_s=5, stall_s=5, attempts=3, sleep=waits.append)


@pytest.fixture
def content() -> bytes:
    return CONTENT


@pytest.fixture
def entry(site: Site) -> Callable[..., DarknetEntry]:
    """Return a function that describes a network whose weights lie on the server."""

    def describe(*, hashed: bool = True, sizes: tuple[int, ...] = (len(CONTENT),)) -> DarknetEntry:
        digest = hashlib.sha256(CONTENT).hexdigest() if hashed else None
        return DarknetEntry(
            name="yolov2-tiny-voc",
            page="https://site.example/",
            license="public domain",
            width=416,
            height=416,
            resize="letterbox",
            labels="voc",
            weights=Download(url=f"{site.address}/some.weights", sizes=sizes, sha256=digest),
        )

    return describe
