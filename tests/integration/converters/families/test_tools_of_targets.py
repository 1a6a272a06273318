"""The tools that the table of targets names are those that a file says it was made with."""

import pytest

from skerry_converters.edgetpu.compiler import PROGRAM
from skerry_converters.families.table import rows
from skerry_converters.sources.kinds import DARKNET


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row.target.name)
def test_a_darknet_network_goes_by_the_tools_of_the_table(row, made):
    emitted = made(row.target.name)
    (route,) = [one for one in row.routes if one.kind is DARKNET]
    assert set(route.tools) - {PROGRAM} == set(emitted.tools) - {"skerry", "ai-edge-litert"}
