"""Log records as JSON: each on a line of its own, and no secret in it."""

import json
import logging
import sys

from skerry_edge.foundation.log import JsonFormatter


def line_of(message, *arguments, error=None):
    record = logging.LogRecord("part", logging.WARNING, __file__, 1, message, arguments, error)
    return JsonFormatter().format(record)


def test_a_record_is_one_line_that_says_when_where_and_what():
    line = line_of("first\nsecond %s", '"quoted"')
    assert "\n" not in line
    found = json.loads(line)
    assert found["message"] == 'first\nsecond "quoted"'
    assert (found["level"], found["logger"]) == ("warning", "part")
    assert found["time"].endswith("Z")


def test_secrets_are_masked_in_message_and_traceback_before_quotes_are_escaped():
    try:
        raise ValueError('password="swordfish one"')  # noqa: TRY301  # raised to have its traceback
    except ValueError:
        line = line_of('cannot reach mqtt://me:swordfish@host with token="swordfish two"', error=sys.exc_info())
    assert "swordfish" not in line
    assert "ValueError" in json.loads(line)["exception"]
