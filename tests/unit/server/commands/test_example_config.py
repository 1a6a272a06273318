"""`skerry server example-config`: it can be used as it is, changes nothing, and leaves nothing out."""

import re

import msgspec
import pytest

from skerry_server.config.alerts import Channel, Rule, check_alerts
from skerry_server.config.server import ServerConfig, load_settings
from skerry_server.config.stores import InfluxStore, SqliteStore, VictoriaStore

TABLE = re.compile(r"^(?:# )?\[+(?P<name>[a-z.]+)\]+", re.MULTILINE)


@pytest.fixture
def example(skerry):
    done = skerry("server", "example-config")
    assert done.code == 0
    return done.out


def test_it_says_just_what_holds_without_it(example, tmp_path):
    file = tmp_path / "server.toml"
    file.write_text(example)
    assert load_settings(file).config == ServerConfig()


def sections():
    for field in msgspec.structs.fields(ServerConfig):
        if field.name == "store":
            yield "store", (SqliteStore, InfluxStore, VictoriaStore)
        else:
            yield field.name, (field.type,)
    yield "alerts.rule", (Rule,)
    yield "alerts.channel", (Channel,)


@pytest.mark.parametrize(("table", "classes"), list(sections()))
def test_every_key_of_a_table_is_shown_in_it(example, table, classes):
    parts = TABLE.split(example)
    shown = set(re.findall(r"^(?:# )?([a-z_0-9]+) = ", parts[parts.index(table) + 1], re.MULTILINE))
    wanted = {field.encode_name for one in classes for field in msgspec.structs.fields(one)}
    assert wanted - {"rule", "channel"} <= shown


def test_what_is_commented_out_can_be_set(example):
    # The tables of alerts; those of other stores exclude each other.
    rest = example[example.index("# [[alerts.rule]]") :]
    text = re.sub(r"^# ", "", rest, flags=re.MULTILINE).replace('url_env = "SKERRY_MAIL_URL"', "")
    alerts = msgspec.toml.decode(text, type=ServerConfig).alerts
    check_alerts(alerts, where="the example")
    assert (alerts.rule[0].name, alerts.channel[0].name) == ("hot-gate", "mail")
