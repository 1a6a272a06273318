"""A real mosquitto with the very files of server/deploy/mosquitto, and clients that try what they may."""

from __future__ import annotations

import contextlib
import getpass
import os
import signal
import socket
import ssl
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

ROOT = Path(__file__).resolve().parents[4]
DEPLOY = ROOT / "server" / "deploy"
CONFIGURATIONS = ("skerry-10-broker.conf", "skerry-20-passwords.conf", "skerry-30-certificates.conf")
# What Debian's /etc/mosquitto/mosquitto.conf says; `user` so that it runs as whoever tests.
MAIN = "persistence true\npersistence_location {folder}/\nlog_dest stderr\nuser {user}\ninclude_dir {folder}/conf.d\n"
LATIN = {"encoding": "utf-8", "errors": "replace"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Client:
    """One MQTT 5 client: what it was answered, what it got."""

    paho: mqtt.Client
    received: list = field(default_factory=list)
    code: int | None = None
    lost: bool = False
    change: threading.Condition = field(default_factory=threading.Condition)
    acks: dict = field(default_factory=dict)

    def __post_init__(self):
        self.paho.on_connect = lambda _c, _u, _f, code, _p: self._note("code", code.value)
        self.paho.on_disconnect = lambda *_: self._note("lost", True)
        self.paho.on_message = lambda _c, _u, message: self._add(message)
        self.paho.on_publish = lambda _c, _u, mid, code, _p: self._ack(mid, code.value)
        self.paho.on_subscribe = lambda _c, _u, mid, codes, _p: self._ack(mid, codes[0].value)

    def _note(self, name, value):
        with self.change:
            setattr(self, name, value)
            self.change.notify_all()

    def _add(self, message):
        with self.change:
            self.received.append((message.topic, message.payload))
            self.change.notify_all()

    def _ack(self, mid, code):
        with self.change:
            self.acks[mid] = code
            self.change.notify_all()

    def wait(self, condition, what):
        with self.change:
            assert self.change.wait_for(condition, 20), what

    @property
    def is_in(self):
        return self.code == 0 and not self.lost

    def publish(self, topic, payload=b"{}", *, retain=False):
        """Return the broker's answer to a PUBLISH at QoS 1."""
        mid = self.paho.publish(topic, payload, qos=1, retain=retain).mid
        self.wait(lambda: mid in self.acks, f"the broker answers the publication to {topic}")
        return self.acks[mid]

    def subscribe(self, topic_filter):
        mid = self.paho.subscribe(topic_filter, qos=1)[1]
        self.wait(lambda: mid in self.acks, f"the broker answers the subscription to {topic_filter}")
        return self.acks[mid]

    def wait_for(self, topic):
        self.wait(lambda: any(topic == one for one, _ in self.received), f"a message on {topic} arrives")

    @property
    def topics(self):
        return [topic for topic, _ in self.received]

    def cut(self):
        """Break the connection without a goodbye, so that the will is published."""
        self.paho.socket().shutdown(socket.SHUT_RDWR)

    def close(self):
        self.paho.disconnect()
        self.paho.loop_stop()


class FleetBroker:
    """The broker of server/deploy/mosquitto: two devices with passwords and with certificates, and the server."""

    def __init__(self, folder, program):
        self.folder = folder / "skerry"
        self.server_port, self.device_port, self.certificate_port = free_port(), free_port(), free_port()
        self._program = program
        self._log = folder / "mosquitto.log"
        self._process = None
        self._clients = []
        self.administer("init")
        self.administer("broker-certificate", "localhost", "127.0.0.1")
        self.passwords = {
            "skerry": self.administer("add-user", "skerry"),
            "dashboard": self.administer("add-user", "dashboard"),
        }
        for name in ("cam-a", "cam-b"):
            self.passwords[name] = self.administer("add-device", name)
            self.administer("add-certificate", name)
        (folder / "conf.d").mkdir()
        for name in CONFIGURATIONS:
            text = (DEPLOY / "mosquitto" / name).read_text().replace("/etc/mosquitto/skerry", str(self.folder))
            text = text.replace("listener 1883", f"listener {self.server_port}")
            text = text.replace("listener 8883", f"listener {self.device_port} 127.0.0.1")
            text = text.replace("listener 8884", f"listener {self.certificate_port} 127.0.0.1")
            (folder / "conf.d" / name).write_text(text)
        self._config = folder / "mosquitto.conf"
        self._config.write_text(MAIN.format(folder=folder, user=getpass.getuser()))

    def administer(self, *arguments, code=0, folder=None):
        """Run `skerry-broker …` and return what it prints, its complaint where it is to end with ``code``."""
        done = subprocess.run(
            [DEPLOY / "mosquitto" / "skerry-broker", *arguments],
            env=os.environ | {"SKERRY_BROKER_DIR": str(folder or self.folder)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == code, done.stderr
        return (done.stderr if code else done.stdout).strip()

    def start(self):
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([self._program, "-c", str(self._config)], stdout=log, stderr=log)

    def stop(self):
        for client in self._clients:
            with contextlib.suppress(ValueError):
                client.close()
        self._clients.clear()
        self._process.terminate()
        self._process.wait(30)

    def reload(self, eventually):
        """Have the broker read passwords and rules again, and wait until it has."""
        before = self._log.read_text(**LATIN).count("Reloading config")
        self._process.send_signal(signal.SIGHUP)
        eventually(
            lambda: self._log.read_text(**LATIN).count("Reloading config") > before, what="the broker reads its files"
        )

    def answers(self):
        assert self._process.poll() is None, self._log.read_text(**LATIN)
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.certificate_port), 5):
            return True
        return False

    def client(self, *, name=None, password=None, client_id=None, port=None, tls=None, will=None, session_s=0):
        """Return a client that was answered, or whose connection was ended."""
        paho = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=client_id or name or "",
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        if name is not None and password is not None:
            paho.username_pw_set(name, password)
        if tls is not None:
            paho.tls_set_context(tls)
        if will is not None:
            paho.will_set(will, b"{}", qos=1, retain=True)
        properties = None
        if session_s:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = session_s
        client = Client(paho)
        self._clients.append(client)
        try:
            paho.connect("localhost", port or self.device_port, properties=properties, clean_start=not session_s)
        except (OSError, ssl.SSLError):
            client.lost = True
            return client
        paho.loop_start()
        client.wait(lambda: client.code is not None or client.lost, "the broker answers")
        return client

    def trust(self):
        return ssl.create_default_context(cafile=self.folder / "ca.crt")

    def device(self, name, **options):
        """Return a device that signs in with its password."""
        return self.client(name=name, password=self.passwords[name], tls=self.trust(), **options)

    def certified(self, certificate, key, **options):
        """Return a device that signs in with a certificate."""
        tls = self.trust()
        tls.load_cert_chain(certificate, key)
        return self.client(port=self.certificate_port, tls=tls, **options)

    def server(self, name="skerry", **options):
        """Return who signs in at the server's listener."""
        return self.client(name=name, password=self.passwords[name], port=self.server_port, **options)


@pytest.fixture(scope="module")
def running_broker(tmp_path_factory, need_program):
    """The broker, started once for the module."""
    program = need_program("mosquitto")
    need_program("mosquitto_passwd"), need_program("openssl")
    broker = FleetBroker(tmp_path_factory.mktemp("broker"), program)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def fleet_broker(running_broker, eventually):
    """The broker, up, with nothing retained by earlier tests."""
    eventually(running_broker.answers, what="the broker answers")
    return running_broker
