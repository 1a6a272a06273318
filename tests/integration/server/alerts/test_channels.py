"""Channels to real servers on loopback: what arrives, and that no address gets into a log, an error or an answer."""

from __future__ import annotations

import email
import email.policy
import io
import logging

import apprise
import pytest

from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_server.alerts.channels import open_channels
from skerry_server.config.server import load_settings
from skerry_server.errors import ChannelError

SECRET = "s3cr3t-hook-T0ken"  # of this test alone


@pytest.fixture
def configure(tmp_path):
    """Return a function that writes a configuration with one channel to ``address``, and gives its path."""

    def write(address, more=""):
        (tmp_path / "hook.secret").write_text(f"{address}\n")
        path = tmp_path / "server.toml"
        path.write_text(f'[[alerts.channel]]\nname = "ops"\nurl_file = "hook.secret"\n{more}')
        return path

    return write


@pytest.fixture
def log():
    """What a server that logs everything would log."""
    text = io.StringIO()
    handler, root = logging.StreamHandler(text), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def open_one(configure):
    """Return a function that opens the channel to ``address``."""

    def open_it(address):
        (channel,) = open_channels(load_settings(configure(address)))
        return channel

    return open_it


def test_a_webhook_gets_severity_title_and_body(open_one, receiver):
    open_one(f"json://{receiver.address}/{SECRET}").carrier.send(
        severity="critical", title="[critical] 37 devices — ä", body="cam-1: 85 °C\ncam-2: <b>"
    )
    ((path, body),) = receiver.posts
    assert path == f"/{SECRET}"
    assert (body["type"], body["title"]) == ("failure", "[critical] 37 devices — ä")
    assert body["message"] == "cam-1: 85 °C\ncam-2: <b>"


@pytest.mark.parametrize(("form", "shown"), [("text", "85 °C <script>"), ("html", "85 °C &lt;script&gt;")])
def test_a_mail_arrives_with_subject_and_text_that_a_device_cannot_turn_into_html(open_one, smtp, form, shown):
    address, mailbox = smtp
    open_one(f"mailto://{address}?from=skerry@example.com&to=ops@example.com&mode=insecure&format={form}").carrier.send(
        severity="warning", title="[warning] cam-1 is too hot", body="cam-1: 85 °C <script>"
    )
    ((receivers, content),) = mailbox.mails
    mail = email.message_from_string(content, policy=email.policy.default)
    assert receivers == ["ops@example.com"]
    assert mail["subject"] == "[warning] cam-1 is too hot"
    found = mail.get_body((form.replace("text", "plain"),)).get_content()
    assert shown in found.replace("&nbsp;", " ").replace("&deg;", "°")


@pytest.mark.parametrize("status", [403, 500])
def test_a_failure_names_the_channel_and_no_secret_reaches_any_log(open_one, receiver, status, log, capfd):
    receiver.status = status
    channel = open_one(f"json://user:{SECRET}@{receiver.address}/{SECRET}/x?token={SECRET}")
    with pytest.raises(ChannelError) as failed:
        channel.carrier.send(severity="info", title="t", body="b")
    said = str(failed.value)
    assert "alerts channel 'ops'" in said
    assert str(status) in said
    everything = f"{said}{failed.value.report()}{channel!r}{log.getvalue()}{''.join(capfd.readouterr())}"
    assert SECRET not in everything
    assert "/x?" not in everything


def test_nobody_at_the_address_is_a_failure_without_the_address(open_one, free_port, log, capfd):
    with pytest.raises(ChannelError) as failed:
        open_one(f"json://127.0.0.1:{free_port()}/{SECRET}").carrier.send(severity="info", title="t", body="b")
    assert SECRET not in f"{failed.value}{log.getvalue()}{''.join(capfd.readouterr())}"


def test_whatever_of_the_address_apprise_says_is_masked(open_one, receiver, monkeypatch, log):
    def complain(self, **_):
        logging.getLogger("apprise").warning("no route to /%s as %s", SECRET, "p@ss/word")
        return False

    channel = open_one(f"json://me:p%40ss%2Fword@{receiver.address}/{SECRET}")
    monkeypatch.setattr(apprise.Apprise, "notify", complain)
    with pytest.raises(ChannelError) as failed:
        channel.carrier.send(severity="info", title="t", body="b")
    assert failed.value.found == "no route to /*** as ***"
    assert SECRET not in log.getvalue()


@pytest.mark.parametrize("address", ["nosuch://x/" + SECRET, SECRET, "json://"])
def test_an_address_that_is_none_is_refused_without_being_shown(configure, address, log):
    with pytest.raises(ConfigError) as refused:
        open_channels(load_settings(configure(address)))
    assert SECRET not in f"{refused.value}{log.getvalue()}"
    assert "alerts channel 'ops'" in str(refused.value)


def test_two_addresses_a_missing_file_and_a_missing_variable_are_told(configure, tmp_path, receiver):
    with pytest.raises(ConfigError, match="one address"):
        open_channels(load_settings(configure(f"json://{receiver.address} json://{receiver.address}")))
    path = configure("x")
    (tmp_path / "hook.secret").unlink()
    with pytest.raises(ReachError, match="secret"):
        open_channels(load_settings(path))
    path.write_text('[[alerts.channel]]\nname = "ops"\nurl_env = "SKERRY_HOOK"\n')
    with pytest.raises(ConfigError, match="SKERRY_HOOK"):
        open_channels(load_settings(path), environment={})
    (channel,) = open_channels(load_settings(path), environment={"SKERRY_HOOK": f"json://{receiver.address}/"})
    channel.carrier.send(severity="info", title="t", body="b")
    assert receiver.titles == ["t"]


def test_the_command_tries_channels_and_says_which_took_it(skerry, configure, receiver):
    path = configure(f"json://{receiver.address}/{SECRET}")
    done = skerry("server", "alerts", "test", "--config", path, "--json")
    assert (done.code, done.json) == (0, {"ops": {"ok": True, "error": None}})
    assert receiver.titles == ["[test] Skerry can reach you here"]
    receiver.status = 500
    failed = skerry("server", "alerts", "test", "--channel", "ops", "--config", path)
    assert failed.code == 1
    assert SECRET not in failed.out + failed.err
    near = skerry("server", "alerts", "test", "--channel", "opps", "--config", path)
    assert (near.code, "did you mean 'ops'?" in near.err) == (2, True)


def test_the_command_needs_a_channel(skerry, tmp_path):
    (tmp_path / "server.toml").write_text("")
    none = skerry("server", "alerts", "test", "--config", tmp_path / "server.toml")
    assert (none.code, "[[alerts.channel]]" in none.err) == (2, True)
