"""The server's configuration: defaults, located refusals, secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_server.access import worker_access
from skerry_server.config.http import is_loopback
from skerry_server.config.server import load_settings, state_directory
from skerry_server.config.stores import InfluxStore
from skerry_server.registry.opening import open_registry

LONG = f"mqtt://{'b' * 80}"


def write(folder: Path, text: str) -> Path:
    path = folder / "server.toml"
    path.write_text(text)
    return path


def test_without_a_file_everything_has_a_default_below_the_state_directory(monkeypatch, tmp_path):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    settings = load_settings(None)
    assert settings.store_path == tmp_path / "skerry" / "telemetry.sqlite"
    assert settings.registry_url == f"sqlite:///{tmp_path}/skerry/registry.sqlite"
    assert settings.config.http.host == "127.0.0.1"


def test_systemd_decides_about_the_state_directory(monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/skerry-server:/var/lib/other")
    assert state_directory() == Path("/var/lib/skerry-server")


def test_paths_are_relative_to_the_configuration_file(tmp_path):
    settings = load_settings(write(tmp_path, '[store]\nkind = "sqlite"\npath = "data/t.sqlite"\n'))
    assert settings.store_path == tmp_path / "data" / "t.sqlite"


def test_the_store_is_chosen_by_its_kind(tmp_path):
    settings = load_settings(write(tmp_path, '[store]\nkind = "influxdb"\nurl = "http://db:8086"\n'))
    assert isinstance(settings.config.store, InfluxStore)


def test_a_misspelt_key_is_refused_with_line_and_the_nearest_key(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_settings(write(tmp_path, '[broker]\nurl = "mqtt://b"\nuser_name = "x"\n'))
    assert "line 3" in str(caught.value)
    assert "'username'" in str(caught.value)


def test_victoriametrics_is_a_store_and_its_address_is_checked(tmp_path):
    settings = load_settings(write(tmp_path, '[store]\nkind = "victoriametrics"\n'))
    assert settings.config.store.url == "http://127.0.0.1:8428"
    with pytest.raises(ConfigError, match=r"store\.url"):
        load_settings(write(tmp_path, '[store]\nkind = "victoriametrics"\nurl = "db:8428"\n'))


def test_roll_ups_that_end_before_their_points_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"telemetry\.rollup_days"):
        load_settings(write(tmp_path, "[telemetry]\nraw_days = 60\nrollup_days = 30\n"))


def test_a_limit_of_nothing_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="models"):
        load_settings(write(tmp_path, "[limits]\nmodels = 0\n"))


def test_a_store_of_unknown_kind_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="store"):
        load_settings(write(tmp_path, '[store]\nkind = "excel"\n'))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_a_listener_that_others_could_reach_is_refused_until_there_is_a_sign_in(tmp_path, host):
    with pytest.raises(ConfigError, match="with TLS only"):
        load_settings(write(tmp_path, f'[http]\nhost = "{host}"\n'))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.5.0.1"])
def test_loopback_is_known_by_all_its_names(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "url",
    [
        "http://b",
        "mqtt://",
        "b:1883",
        "mqtt://b:port",
        "mqtt://b:99999",
        "mqtt://b/path",
        "mqtt://b?password=x",
        "mqtt://b#fragment",
        "mqtt://[b",
        "mqtt://b:0",
        LONG,
    ],
)
def test_a_broker_address_that_is_none_is_refused(tmp_path, url):
    with pytest.raises(ConfigError, match="broker"):
        load_settings(write(tmp_path, f'[broker]\nurl = "{url}"\n'))


def test_a_password_in_the_brokers_address_is_refused_and_not_repeated(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_settings(write(tmp_path, '[broker]\nurl = "mqtt://me:hunter2@b"\n'))
    assert "hunter2" not in str(caught.value)
    assert "password_file" in str(caught.value)


@pytest.mark.parametrize(
    "url", ["influx:8086", "http://", "http://db:port", "http://db:99999", "http://db:0", "http://[db"]
)
def test_a_stores_address_that_is_none_is_refused(tmp_path, url):
    with pytest.raises(ConfigError, match=r"store\.url"):
        load_settings(write(tmp_path, f'[store]\nkind = "influxdb"\nurl = "{url}"\n'))


@pytest.mark.parametrize("url", ["http://me:hunter2@db:8086", "http://db:8086/?u=me&p=hunter2", "http://db#x"])
def test_a_secret_in_the_stores_address_is_refused_since_health_shows_the_address(tmp_path, url):
    with pytest.raises(ConfigError, match="must not hold a login") as caught:
        load_settings(write(tmp_path, f'[store]\nkind = "influxdb"\nurl = "{url}"\n'))
    assert "hunter2" not in str(caught.value)
    assert "password_file" in str(caught.value)


def test_a_secret_is_read_without_its_line_end(tmp_path):
    (tmp_path / "pw").write_text("correct horse\n")
    settings = load_settings(write(tmp_path, '[broker]\nusername = "u"\npassword_file = "pw"\n'))
    assert settings.secret(settings.config.broker.password_file) == "correct horse"


def test_a_secret_that_is_missing_or_empty_is_an_error(tmp_path):
    settings = load_settings(None)
    with pytest.raises(ReachError, match="secret"):
        settings.secret(str(tmp_path / "nothing"))
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ConfigError, match="one secret"):
        settings.secret(str(tmp_path / "empty"))


def test_a_relative_file_of_the_registry_is_beside_the_configuration_wherever_a_command_runs(tmp_path, monkeypatch):
    settings = load_settings(write(tmp_path, '[registry]\nurl = "sqlite:///data/registry.sqlite"\n'))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    database = open_registry(settings)
    database.probe()
    database.close()
    assert (tmp_path / "data" / "registry.sqlite").is_file()


def test_a_worker_subscribes_plainly_unless_it_is_told_to_share(tmp_path):
    plain = worker_access(load_settings(None))
    shared = worker_access(load_settings(write(tmp_path, '[broker]\nsubscription = "shared"\n')))
    assert (plain.topic_filter, shared.topic_filter) == ("skerry/#", "$share/skerry/skerry/#")


def test_sharing_with_a_protocol_that_cannot_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"broker\.subscription"):
        load_settings(write(tmp_path, '[broker]\nprotocol = "3.1.1"\nsubscription = "shared"\n'))


@pytest.mark.parametrize("worker", ["..", ".", "-w1", ""])
def test_a_worker_s_name_is_a_folder_of_its_own(tmp_path, worker):
    with pytest.raises(ConfigError, match="worker"):
        load_settings(write(tmp_path, f'[ingest]\nworker = "{worker}"\n'))
