"""The table `alerts`: defaults, and refusals that say which rule, what of it, and what was probably meant."""

from __future__ import annotations

import pytest

from skerry_edge.foundation.config import parse_toml
from skerry_edge.foundation.errors import ConfigError
from skerry_server.alerts.fleet import Watched
from skerry_server.alerts.kinds import KINDS
from skerry_server.alerts.readings import COUNTERS, PIPELINES, VITALS
from skerry_server.alerts.rules import rules_of
from skerry_server.config.alerts import Alerts
from skerry_server.config.server import ServerConfig, check


def read(text):
    config = parse_toml(text, ServerConfig, name="server.toml")
    check(config, "server.toml")
    return config.alerts


def rule(more, kind="temperature"):
    return f'[[alerts.rule]]\nname = "mine"\nkind = "{kind}"\n{more}\n'


def test_every_kind_can_be_read():
    elsewhere = {"offline", "degraded", "latency", "confidence-drift", "part-away", "spool", "dead-letters"}
    assert set(KINDS) == elsewhere | set(VITALS) | set(PIPELINES) | set(COUNTERS)


def duration(seconds):
    return f"{seconds / 60:g} min" if seconds and not seconds % 60 else f"{seconds:g} s"


def row(kind):
    fire, clear = "it is so", "it is not"
    if not kind.is_switch:
        signs = "≤≥" if kind.is_below else "≥≤"
        fire, clear = f"{signs[0]} {kind.fire_at:g} {kind.unit}", f"{signs[1]} {kind.clear_at:g}"
    critical = "" if kind.critical_at is None else f"{kind.critical_at:g}"
    name = f"`{kind.name}`" if kind.is_default else f"`{kind.name}` (not by default)"
    times = duration(kind.for_s), duration(kind.clear_s)
    return f"| {name} | {kind.what} | {fire}, {times[0]} | {clear}, {times[1]} | {kind.severity} | {critical} |"


def test_the_operators_chapter_has_every_kind_with_its_defaults(project_root):
    lines = (project_root / "docs" / "alerts.md").read_text().splitlines()
    assert [row(kind) for kind in KINDS.values() if row(kind) not in lines] == []


def test_without_rules_the_default_ones_hold_and_can_each_fire_and_clear():
    rules = rules_of(Alerts())
    assert {one.name for one in rules} == {name for name, kind in KINDS.items() if kind.is_default}
    for one in rules:
        assert one.fires(one.fire_at)
        assert one.clears(one.clear_at)
        assert not one.clears(one.fire_at)


def test_rules_take_the_place_of_the_defaults_or_stand_beside_them():
    one = '[[alerts.rule]]\nname = "offline"\nkind = "offline"\nfor_s = 900\n'
    (alone,) = rules_of(read(f"[alerts]\nwith_defaults = false\n{one}"))
    assert (alone.for_s, alone.severity) == (900, "critical")
    beside = {rule.name: rule for rule in rules_of(read(one))}
    assert beside["offline"].for_s == 900
    assert "temperature" in beside


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (rule("", kind="temprature"), "did you mean 'temperature'"),
        (rule("", kind="x"), "there are clock, confidence-drift"),
        (rule("fire_at = 70"), "'fire_at' 70, 'clear_at' 75"),
        (rule("fire_at = 70\nclear_at = 70"), "fire and resolve at the same value"),
        (rule("clear_at = 4", kind="disk-space"), "'clear_at' must be above 'fire_at'"),
        (rule("fire_at = nan"), "'fire_at' = nan"),
        (rule("clear_at = -inf"), "'clear_at' = -inf"),
        (rule("critical_at = 60"), "'critical_at' must not be reached before"),
        (rule("critical_at = 9", kind="disk-space"), "'critical_at' must not be reached before"),
        (rule("fire_at = 1", kind="offline"), "takes no threshold"),
        (rule('sites = ["home"]', kind="spool"), "about the server"),
        (rule('boards = ["pi"]', kind="confidence-drift"), "about models"),
        (rule('tags = ["=cellar"]'), "a tag's key is 1 to 63 of"),
        (rule("").replace("mine", "my rule"), "a name of 1 to 63 of a-z, 0-9 and '-'"),
        (rule("fire_ta = 70"), "did you mean 'fire_at'"),
        (rule("for_s = -1"), "for_s"),
        (rule("for_s = nan"), "for_s"),
        (rule('severity = "bad"'), "severity"),
        (rule("") + rule(""), "two of the same name"),
        ('[[alerts.channel]]\nname = "mail"\n', "'url_file' and 'url_env'"),
        ('[[alerts.channel]]\nname = "mail"\nurl_file = "a"\nurl_env = "B"\n', "'url_file' and 'url_env'"),
        ('[[alerts.channel]]\nname = "mail"\nurl_env = "B"\n' * 2, "two of the same name"),
    ],
)
def test_what_cannot_work_is_refused_in_words(text, words):
    with pytest.raises(ConfigError) as refused:
        read(text)
    assert words in str(refused.value)


def device(**changes):
    return Watched(
        **(
            {
                "id": "cam-1",
                "site": "home",
                "board": "pi",
                "models": ("signs 1.0.0",),
                "state": "online",
                "reason": None,
                "since_ms": 1,
                "vitals": None,
                "groups": frozenset({"yard"}),
                "tags": {"room": "cellar"},
            }
            | changes
        )
    )


@pytest.mark.parametrize(
    "more",
    [
        'sites = ["home", "x"]',
        'groups = ["yard"]',
        'tags = ["room"]',
        'tags = ["room=cellar"]',
        'boards = ["pi"]',
        'models = ["signs"]',
        'models = ["signs@1.0.0"]',
    ],
)
def test_a_scope_holds_for_devices_that_fit_it_and_for_no_others(more):
    one = rules_of(read(rule(more)))[-1]
    assert one.name == "mine"
    assert one.scope.covers(device())
    other = device(site="away", groups=frozenset(), tags={}, board=None, models=("signs-2 1.0.0",))
    assert not one.scope.covers(other)


def test_a_tag_with_another_value_does_not_fit():
    one = rules_of(read(rule('tags = ["room=cellar"]')))[-1]
    assert not one.scope.covers(device(tags={"room": "attic"}))
