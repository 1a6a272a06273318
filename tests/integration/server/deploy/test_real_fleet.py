"""The real server and real agents, one of each kind of sign-in, through the broker's shipped configuration."""

import signal
import subprocess
import sys

import pytest

SKERRY = [sys.executable, "-m", "skerry_edge"]


@pytest.fixture
def run_agent(tmp_path, discs, fleet_broker):
    """Return a function that runs an agent over one picture with a table `mqtt`; all end with the test."""
    running = []

    def run(device, mqtt):
        pictures = tmp_path / "pictures"
        if not pictures.is_dir():
            import cv2
            import numpy as np

            pictures.mkdir()
            cv2.imwrite(str(pictures / "grey.png"), np.full((96, 96, 3), 127, np.uint8))
        config = tmp_path / f"{device}.toml"
        config.write_text(
            f'device = "{device}"\nsite = "home"\nboard = "generic-x86"\nstate_dir = "{tmp_path}/{device}"\n'
            f"heartbeat_interval_s = 1\n{mqtt}\n"
            f'[[pipelines]]\nkind = "detection"\nname = "camera"\nmodel = "{discs}"\n'
            f'source = {{ kind = "images", path = "{pictures}" }}\n'
        )
        log = (tmp_path / f"{device}.log").open("wb")
        running.append(subprocess.Popen([*SKERRY, "agent", "run", "--config", config], stdout=log, stderr=log))
        log.close()

    yield run
    for process in running:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def test_devices_with_password_and_with_certificate_come_online(
    fleet_broker, start_server, run_agent, tmp_path, eventually
):
    for name in ("skerry", "cam-a"):
        (tmp_path / f"{name}.secret").write_text(fleet_broker.passwords[name])
        (tmp_path / f"{name}.secret").chmod(0o600)
    folder = fleet_broker.folder
    login = f'username = "skerry"\npassword_file = "{tmp_path}/skerry.secret"'
    server = start_server(f'mqtt://127.0.0.1:{fleet_broker.server_port}"\n{login}\n#"')
    tls = f'[mqtt.tls]\nca_file = "{folder}/ca.crt"'
    files = f'password_file = "{tmp_path}/cam-a.secret"'
    run_agent("cam-a", f'[mqtt]\nurl = "mqtts://localhost:{fleet_broker.device_port}"\n{files}\n{tls}')
    files = f'certificate_file = "{folder}/devices/cam-b.crt"\nkey_file = "{folder}/devices/cam-b.key"'
    run_agent("cam-b", f'[mqtt]\nurl = "mqtts://localhost:{fleet_broker.certificate_port}"\n{tls}\n{files}')

    def heard():
        return {one["device"] for one in server.get("api/v1/devices").json()["devices"] if one["models"]}

    eventually(lambda: heard() == {"cam-a", "cam-b"}, what="heartbeats of both devices are stored", deadline_s=60)
