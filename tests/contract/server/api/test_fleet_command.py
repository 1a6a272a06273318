"""`skerry fleet` and `skerry server users | tokens` against a real server of the API."""

from __future__ import annotations

import socket
import stat
import threading

import pytest
import uvicorn

from skerry_server.fleet.tables import ago, cell, printable
from skerry_server.registry.people.tokens import list_tokens

PASSWORD = "correct horse battery"


@pytest.fixture
def serve(eventually):
    """Return a function that serves an application on loopback and gives its address."""
    running = []

    def start(app):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, proxy_headers=False))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        running.append((server, thread))
        eventually(lambda: server.started, what="the API answers")
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A person's own folder, and nothing of the environment."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("SKERRY_SERVER", "SKERRY_TOKEN", "SKERRY_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def signed_in(fleet, serve, home, skerry, monkeypatch):
    """`skerry fleet` after ann's login."""
    url = serve(fleet.app)
    monkeypatch.setenv("SKERRY_PASSWORD", PASSWORD)
    assert skerry("fleet", "login", url, "--user", "ann").code == 0
    monkeypatch.delenv("SKERRY_PASSWORD")
    return lambda *arguments: skerry("fleet", *arguments)


def test_login_keeps_a_token_that_only_its_owner_reads_and_no_password(signed_in, home, fleet):
    folder = home / "config" / "skerry"
    token = folder / "fleet.token"
    assert token.read_text().startswith("skerry_")
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert PASSWORD not in "".join(path.read_text() for path in folder.iterdir())
    assert signed_in("devices").code == 0
    with fleet.database.reading() as session:
        (made,) = [str(row.id) for row in list_tokens(session) if row.name.startswith("skerry fleet on")]
    left = signed_in("logout")
    assert (left.code, left.out.split()[-3:]) == (0, ["tokens", "revoke", made])
    assert not list(folder.iterdir())
    refused = signed_in("devices", "--server", "http://127.0.0.1:9")
    assert refused.code == 4


def test_a_token_goes_to_no_other_server_and_never_in_the_clear(signed_in, home, fleet, skerry, monkeypatch):
    monkeypatch.setenv("SKERRY_TOKEN", fleet.tokens["ann"])
    refused = skerry("fleet", "devices", "--server", "http://fleet.example")
    assert (refused.code, "in the clear" in refused.err) == (2, True)
    assert fleet.tokens["ann"] not in refused.err


def test_everything_that_is_listed_fits_80_columns(signed_in):
    for command in (["summary"], ["devices"], ["device", "cam-1"], ["events"], ["alerts"], ["commands"], ["audit"]):
        shown = signed_in(*command)
        assert shown.code == 0, shown.err
        assert max(len(line) for line in shown.out.splitlines()) <= 80, command
        assert shown.out.strip()
    for command in (["groups", "list"], ["desired", "stages"], ["desired", "diff", "1"], ["dead-letters", "list"]):
        assert signed_in(*command).code == 0


def test_lists_are_whole_as_json_however_many_pages_they_have(signed_in):
    assert [one["device"] for one in signed_in("devices", "--json").json] == ["bell-1", "cam-1", "cam-2"]
    assert [one["device"] for one in signed_in("devices", "--site", "yard", "--json").json] == ["bell-1"]
    assert len(signed_in("events", "--limit", 4, "--json").json) == 4


def test_what_is_changed_is_changed(signed_in, tmp_path):
    config = tmp_path / "night.toml"
    config.write_text("heartbeat_interval_s = 60\n")
    assert signed_in("desired", "set", "cam-2", "--config", config, "--from-version", 0).code == 0
    assert signed_in("desired", "set", "cam-2", "--config", config, "--from-version", 0).code == 2
    got = signed_in("desired", "get", "cam-2", "--json").json
    assert got["desired"]["config"] == {"heartbeat_interval_s": 60}
    made = signed_in("desired", "stage", "yard-only", "--model", "camera=tiny", "--json").json
    assert signed_in("desired", "apply", made["id"]).out.startswith("ordered for 1 devices; ")
    shown = signed_in("desired", "show", made["id"])
    assert "0 of 1 have it; 1 not yet" in shown.out
    assert "not sent yet" in shown.out
    got = signed_in("desired", "get", "bell-1", "--json").json
    assert (got["progress"], got["reason"]) == ("waiting", "not sent yet")
    assert signed_in("tags", "cam-1", "floor=2", "--json").json == {"floor": "2"}
    assert signed_in("groups", "add", "new").code == 0
    assert signed_in("groups", "put", "new", "cam-1", "cam-2").code == 0
    assert signed_in("groups", "show", "new", "--json").json["devices"] == ["cam-1", "cam-2"]
    assert signed_in("groups", "remove", "new").code == 0
    assert signed_in("acknowledge", 1).code == 0
    assert signed_in("silence", "--device", "cam-1", "--hours", 1).code == 0
    made = signed_in("silences", "list", "--json").json[-1]["id"]
    assert "device cam-1" in signed_in("silences", "list").out
    assert signed_in("silences", "end", made).code == 0
    assert made not in [one["id"] for one in signed_in("silences", "list", "--json").json]
    (sent,) = signed_in("send", "ping", "--device", "cam-1", "--no-wait", "--json").json
    assert (sent["name"], sent["author"]) == ("ping", "ann")
    assert signed_in("dead-letters", "replay", "--all").code == 1
    assert signed_in("dead-letters", "remove", 1).code == 0


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["device", "nobody"], 2),
        (["device", "../../users"], 2),
        (["send", "ping"], 2),
        (["send", "ping", "--device", "nobody"], 2),
        (["silence", "--hours", "1"], 2),
        (["silence", "--hours", "1", "--all", "--device", "cam-1"], 2),
        (["silence", "--hours", "1", "--rule", "disk-full"], 2),
        (["send", "ping", "--device", "cam-1", "--arg", "x"], 2),
        (["desired", "set", "cam-1", "--config", "nothing.toml"], 4),
        (["devices", "--server", "gopher://x"], 2),
        (["devices", "--token-file", "nothing.token"], 4),
    ],
)
def test_what_cannot_be_done_is_told_with_its_exit_code(signed_in, command, code):
    done = signed_in(*command)
    assert done.code == code
    assert "Traceback" not in done.err
    assert done.out == ""


def test_users_and_tokens_are_made_at_the_server_s_own_command_line(home, skerry, monkeypatch):
    config = home / "server.toml"
    config.write_text(f'[registry]\nurl = "sqlite:///{home}/registry.sqlite"\n')
    monkeypatch.setenv("SKERRY_PASSWORD", PASSWORD)
    first = skerry("server", "users", "add", "oli", "--role", "operator", "--config", config)
    assert (first.code, "the first user must be an administrator of all sites" in first.err) == (2, True)
    assert skerry("server", "users", "add", "ann", "--role", "admin", "--config", config).code == 0
    assert skerry("server", "users", "add", "oli", "--role", "operator", "--site", "home", "--config", config).code == 0
    assert skerry("server", "users", "list", "--json", "--config", config).json[1]["sites"] == ["home"]
    made = skerry("server", "tokens", "create", "oli", "--name", "ci", "--days", 1, "--config", config)
    assert made.out.startswith("skerry_")
    assert skerry("server", "tokens", "list", "--config", config).out.split()[1:] == ["oli", "viewer", "ci"]
    assert skerry("server", "tokens", "revoke", 1, "--config", config).code == 0
    assert skerry("server", "users", "disable", "ann", "--config", config).code == 2
    assert skerry("server", "users", "passwd", "oli", "--config", config).code == 0
    assert skerry("server", "users", "remove", "oli", "--config", config).code == 0
    monkeypatch.setenv("SKERRY_PASSWORD", "short")
    assert skerry("server", "users", "add", "eve", "--role", "viewer", "--config", config).code == 2


def test_what_devices_say_cannot_control_a_terminal():
    assert printable("\x1b[31mred\x07") == "\ufffd[31mred\ufffd"
    assert ago(0, now_ms=7_200_000) == "2 h ago"


def test_what_was_changed_is_told_without_what_was_not_given_and_with_times_for_people():
    detail = {"role": "admin", "sites": None, "groups": ["a", "b"], "until_ms": 0, "is_on": True, "config": {"x": None}}
    told = cell(detail).plain
    assert "None" not in told
    assert told.startswith("role=admin, groups=a, b, until=19")
    assert told.endswith(', is_on=yes, config={"x": null}')
