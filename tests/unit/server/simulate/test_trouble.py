"""How trouble is written down."""

from __future__ import annotations

import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_server.simulate.trouble import PRESETS, Trouble, parse_trouble


def test_presets_and_single_shares_are_read():
    assert parse_trouble("usual") == PRESETS["usual"]
    assert parse_trouble("none") == Trouble()
    assert parse_trouble("flap=0.1, late=1") == Trouble(flap=0.1, late=1.0)
    assert parse_trouble("harsh,flap=0").flap == 0.0
    assert parse_trouble("harsh,flap=0").reboot == PRESETS["harsh"].reboot


@pytest.mark.parametrize("name", PRESETS)
def test_trouble_is_told_in_the_form_in_which_it_is_read(name):
    assert parse_trouble(PRESETS[name].text) == PRESETS[name]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("usal", "did you mean 'usual'?"),
        ("", "no such trouble"),
        ("usual,harsh", "no such share"),
        ("usual,flaps=1", "did you mean 'flap'?"),
        ("flap=2", "from 0 to 1"),
        ("flap=nan", "from 0 to 1"),
        ("flap=", "from 0 to 1"),
        ("clock_1970=0.6,clock_ntp=0.6", "must not exceed 1"),
    ],
)
def test_what_is_no_trouble_is_refused(text, said):
    with pytest.raises(ConfigError) as refused:
        parse_trouble(text)
    assert said in str(refused.value)
