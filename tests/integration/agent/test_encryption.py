"""Encrypted connections to a real broker, with certificates that are right and wrong in every way."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from skerry_edge.agent.config.delivery import TlsConfig
from skerry_edge.agent.life.clock import clock_state
from skerry_edge.agent.life.identity import Identity
from skerry_edge.agent.mqtt.connection import Peer
from skerry_edge.agent.mqtt.session import Session
from skerry_edge.agent.mqtt.terms import Terms
from skerry_edge.agent.outbox.outbox import Outbox
from skerry_edge.foundation.backoff import Backoff
from skerry_edge.foundation.broker_address import parse_broker_url

NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
HERE = "DNS:localhost,IP:127.0.0.1"


class Authority:
    """Somebody who signs certificates, with OpenSSL's own program."""

    def __init__(self, openssl: str, folder: Path, name: str) -> None:
        self._openssl = openssl
        self._folder = folder
        self.certificate, self._key = folder / f"{name}.pem", folder / f"{name}.key"
        files = ["-out", str(self.certificate), "-keyout", str(self._key)]
        self._run(f"req -x509 {NEW_KEY} -days 2 -subj /CN={name}", files)

    def sign(self, name: str, *, alternatives: str = HERE, days: int = 2) -> tuple[Path, Path]:
        """Return the files of a certificate and its key; a negative number of days makes one that has expired."""
        certificate, key, request = (self._folder / f"{name}.{suffix}" for suffix in ("pem", "key", "csr"))
        subject = f"-subj /CN={name} -addext subjectAltName={alternatives}"
        self._run(f"req {NEW_KEY} {subject}", ["-out", str(request), "-keyout", str(key)])
        by = ["-CA", str(self.certificate), "-CAkey", str(self._key), "-in", str(request), "-out", str(certificate)]
        self._run(f"x509 -req -copy_extensions copy -days {days}", by)
        return certificate, key

    def _run(self, words: str, files: list[str]) -> None:
        subprocess.run([self._openssl, *words.split(), *files], check=True, capture_output=True)


class Certificates:
    """The house's own authority, a stranger's, and what they signed."""

    def __init__(self, openssl: str, folder: Path) -> None:
        house, self.stranger = Authority(openssl, folder, "house"), Authority(openssl, folder, "stranger")
        self.ca = house.certificate
        self.good = house.sign("broker")
        self.expired = house.sign("broker-expired", days=-1)
        self.elsewhere = house.sign("broker-elsewhere", alternatives="DNS:broker.example.net")
        self.device = house.sign("cam-1")
        self.device_expired = house.sign("cam-1-expired", days=-1)
        self.device_of_stranger = self.stranger.sign("cam-1-strange")


@pytest.fixture(scope="module")
def certificates(need_program, tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of every kind, made once."""
    return Certificates(need_program("openssl"), tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def start_broker(make_mosquitto, certificates: Certificates) -> Callable[..., Any]:
    """Return a function that starts a broker that encrypts, and asks for the device's certificate if told so."""

    def start(files: tuple[Path, Path] | None = None, *, asks: bool = False) -> Any:
        certificate, key = files or certificates.good
        lines = [f"cafile {certificates.ca}", f"certfile {certificate}", f"keyfile {key}"]
        lines += ["require_certificate true", "use_identity_as_username true"] if asks else ["allow_anonymous true"]
        return make_mosquitto("\n".join(lines))

    return start


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Return a function that begins to connect to a port, quickly and again and again."""
    sessions: list[Session] = []

    def begin(port: int, *, host: str = "localhost", scheme: str = "mqtts", **files: Path) -> None:
        identity = Identity(site="garden", device="cam-1", session="00000001-0000abcd", clock=clock_state)
        tls = TlsConfig(**{name: str(path) for name, path in files.items()})
        peer = Peer(address=parse_broker_url(f"{scheme}://{host}:{port}"), client_id="cam-1", tls=tls)
        outbox = Outbox(tmp_path, max_bytes=1 << 20, identity=identity)
        backoff = Backoff(first_s=0.05, max_s=0.1, chance_share=1.0)
        sessions.append(Session(terms=Terms(peer=peer, backoff=backoff), identity=identity, outbox=outbox))
        sessions[-1].start()

    yield begin
    for session in sessions:
        session.stop(0.0)


@pytest.fixture
def connections_at(eventually) -> Callable[..., None]:
    """Return a function that waits until a broker has seen some connections."""

    def wait(broker: Any, count: int) -> None:
        log = broker.config.with_name("mosquitto.log")
        eventually(lambda: log.read_text().count("New connection") > count, what=f"{count} connections")

    return wait


@pytest.fixture
def is_told_once(caplog: pytest.LogCaptureFixture, eventually, connections_at) -> Callable[..., None]:
    """Return a function that checks that a fault is told as an error, in these words, and once for many attempts."""
    caplog.set_level(logging.INFO)

    def check(broker: Any, *words: str) -> None:
        def told() -> list[str]:
            return [one.getMessage() for one in caplog.records if words[0] in one.getMessage()]

        eventually(told, what=words[0])
        connections_at(broker, 5)
        assert len(told()) == 1, caplog.text
        for word in (*words, "not told again"):
            assert word in told()[0]
        assert "Traceback" not in caplog.text

    return check


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_device_connects_to_the_broker_whose_authority_it_knows(
    start_broker, connect, certificates, eventually, caplog: pytest.LogCaptureFixture, host: str
) -> None:
    caplog.set_level(logging.INFO)
    connect(start_broker().port, host=host, ca_file=certificates.ca)
    eventually(lambda: f"connected to mqtts://{host}:" in caplog.text, what="the connection")


def test_a_device_shows_its_own_certificate_where_the_broker_asks(
    start_broker, connect, certificates, eventually, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    certificate, key = certificates.device
    broker = start_broker(asks=True)
    connect(broker.port, ca_file=certificates.ca, certificate_file=certificate, key_file=key)
    eventually(lambda: "connected to mqtts://" in caplog.text, what="the connection")
    assert "u'cam-1'" in broker.config.with_name("mosquitto.log").read_text()


def test_a_broker_signed_by_a_stranger_is_told(start_broker, connect, certificates, is_told_once) -> None:
    broker = start_broker()
    connect(broker.port, ca_file=certificates.stranger.certificate)
    is_told_once(broker, "signed by nobody trusted here", "'ca_file'", f"mqtts://localhost:{broker.port}")


def test_without_an_authority_s_file_the_system_s_list_decides(start_broker, connect, is_told_once) -> None:
    broker = start_broker()
    connect(broker.port)
    is_told_once(broker, "signed by nobody trusted here", "'ca_file'")


def test_a_broker_s_certificate_that_has_expired_is_told(start_broker, connect, certificates, is_told_once) -> None:
    broker = start_broker(certificates.expired)
    connect(broker.port, ca_file=certificates.ca)
    is_told_once(broker, "the broker's certificate has expired", "renew the broker's certificate")


def test_a_certificate_for_another_host_is_told(start_broker, connect, certificates, is_told_once) -> None:
    broker = start_broker(certificates.elsewhere)
    connect(broker.port, ca_file=certificates.ca)
    is_told_once(broker, "for another host", "broker", "'url'")


def test_a_broker_that_asks_for_a_certificate_and_gets_none_is_told(
    start_broker, connect, certificates, is_told_once
) -> None:
    broker = start_broker(asks=True)
    connect(broker.port, ca_file=certificates.ca)
    is_told_once(broker, "wants a certificate from this device", "'certificate_file'")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("device_of_stranger", ("does not know who signed this device's certificate", "authority")),
        ("device_expired", ("this device's certificate has expired", "renew 'certificate_file'")),
    ],
)
def test_a_device_s_certificate_that_the_broker_does_not_accept_is_told(
    start_broker, connect, certificates, is_told_once, kind: str, words: tuple[str, ...]
) -> None:
    certificate, key = getattr(certificates, kind)
    broker = start_broker(asks=True)
    connect(broker.port, ca_file=certificates.ca, certificate_file=certificate, key_file=key)
    is_told_once(broker, *words)


def test_encryption_towards_a_broker_without_it_is_told(
    make_mosquitto, connect, certificates, eventually, caplog: pytest.LogCaptureFixture
) -> None:
    connect(make_mosquitto().port, ca_file=certificates.ca)
    eventually(lambda: "write mqtt:// in 'url'" in caplog.text, what="the hint")


def test_no_encryption_towards_a_broker_that_wants_it_is_told(
    start_broker, connect, eventually, caplog: pytest.LogCaptureFixture
) -> None:
    connect(start_broker().port, scheme="mqtt")
    eventually(lambda: "write mqtts:// in 'url'" in caplog.text, what="the hint")


def test_a_broker_that_refuses_the_login_is_told(make_mosquitto, connect, is_told_once) -> None:
    broker = make_mosquitto("allow_anonymous false")
    connect(broker.port, scheme="mqtt")
    is_told_once(broker, "refuses this device", "check 'username'")


def test_files_that_were_put_right_are_used_at_the_next_attempt(
    start_broker, connect, certificates, eventually, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.INFO)
    ca = tmp_path / "ca.pem"
    shutil.copy(certificates.stranger.certificate, ca)
    connect(start_broker().port, ca_file=ca)
    eventually(lambda: "signed by nobody trusted here" in caplog.text, what="the refusal")
    shutil.copy(certificates.ca, ca)
    eventually(lambda: "connected to mqtts://" in caplog.text, what="the connection")


def test_files_that_cannot_be_used_any_more_end_nothing(
    start_broker, connect, certificates, eventually, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.INFO)
    ca = tmp_path / "ca.pem"
    ca.write_text("")
    connect(start_broker().port, ca_file=ca)
    eventually(lambda: "the TLS files cannot be used" in caplog.text, what="the fault")
    shutil.copy(certificates.ca, ca)
    eventually(lambda: "connected to mqtts://" in caplog.text, what="the connection")


def test_an_agent_is_encrypted_as_its_configuration_says(start_broker, start_agent, certificates, eventually) -> None:
    certificate, key = certificates.device
    tls = {"ca_file": str(certificates.ca), "certificate_file": str(certificate), "key_file": str(key)}
    broker = start_broker(asks=True)
    beat = {"kind": "synthetic", "name": "beat"}
    agent = start_agent(broker.port, [beat], mqtt={"url": f"mqtts://localhost:{broker.port}", "tls": tls})
    log = broker.config.with_name("mosquitto.log")
    eventually(lambda: "skerry/v1/garden/cam-1/heartbeat" in log.read_text(), what="a heartbeat")
    assert agent.stop() == 0
