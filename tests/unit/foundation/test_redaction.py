"""Redaction: whatever the shape of the text, the secret is not in the result."""

from __future__ import annotations

import logging
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skerry_edge.foundation.redaction import MASK, RedactingFormatter, redact, secrets_in

SECRET = "hunter2/@:,;#é=x"
SHAPES = [
    "rtsp://admin:{}@10.0.0.1:554/stream",
    "mqtts://{}@broker",
    "cannot reach amqp://user:{}@[::1]:5671/vhost?x=1, giving up",
    "postgresql+psycopg://u:{}@db/skerry",
    "<rtsp://a:{}@cam/1>",
    'open("rtsp://a:{}@cam/1")',
    "password={}",
    "password = {}",
    "PASSWORD: {}",
    "mqtt_password={}",
    "SKERRY_MQTT_PASSWORD={}",
    "rtspsrc user-id=bob user-pw={} ! decodebin",
    "proxy-pw={}",
    "pw={}",
    "pass={}",
    "mqtt_pass={}",
    "db-passwd={}",
    "clientSecret={}",
    "access_token={}",
    "api_key={}",
    "api-key: {}",
    "X-Api-Key: {}",
    "private_key={}",
    "aws_access_key={}",
    "Authorization: Bearer {}",
    "authorization=Token {}",
    "'Authorization': 'Basic {}'",
    '{{"password": "{}", "x": 1}}',
    "{{'password': '{}', 'x': 1}}",
    '{{"text": "{{\\"password\\": \\"{}\\"}}"}}',
    "--password {} --verbose",
    "--mqtt-password {}",
    "https://h/?token={}&x=1",
    "http://h:8086/write?db=x&u=a&p={}",
    "https://h/?sig={}",
    "connect failed (password={})",
    "-----BEGIN RSA PRIVATE KEY-----\n{}\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n{}",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_secret_in_any_of_these_shapes_is_masked(shape: str) -> None:
    text = redact(shape.format(SECRET))
    assert MASK in text
    for part in ("hunter2", "#é"):
        assert part not in text


@pytest.mark.parametrize("shape", SHAPES)
@given(secret=st.text(string.ascii_letters + string.digits + "/@:.,;!?$*()_+~%#[]{}|<>^-", min_size=6, max_size=20))
def test_no_password_survives(shape: str, secret: str) -> None:
    assume(secret not in shape)
    assert secret not in redact(shape.format(secret))


@given(st.text(st.characters(exclude_characters='"\\', exclude_categories=("Cs",)), min_size=6, max_size=20))
def test_a_quoted_password_may_hold_anything_blanks_too(secret: str) -> None:
    text = f'cannot log in: password = "{secret}", user = "x"'
    assume(secret not in text.replace(secret, "", 1))
    assert secret not in redact(text)
    assert 'user = "x"' in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the broker at mqtt://broker:1883 is not there",
        "see https://example.org/a?b=c#d",
        "key 'mqtt.password' in a.toml, line 3",
        "password_file = /etc/skerry/password",
        "set the environment variable SKERRY_MQTT_PASSWORD",
        "Basic authentication is not offered",
        "mail operator@example.org",
        "topic skerry/v1/a/b/status",
        "5 tokens, 3 secrets",
        "bypass=yes",
    ],
)
def test_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


def test_the_values_that_are_masked_can_be_told() -> None:
    text = "rtspsrc user-id=bob user-pw=hunter2 ! x password='a b' bypass=no"
    assert secrets_in(text) == {"hunter2", "a b"}


def test_what_is_needed_to_find_the_fault_stays() -> None:
    assert redact("rtsp://admin:x@cam.local:554/stream1 timed out") == "rtsp://***@cam.local:554/stream1 timed out"
    assert redact("POST /write?db=skerry&u=me&p=x&precision=ms") == "POST /write?db=skerry&u=me&p=***&precision=ms"


@given(st.text(max_size=200))
def test_redacting_twice_is_redacting_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize("word", ["a", "://", "password", 'password="', "--", "Bearer ", "?p=", "token:'\\"])
def test_a_text_of_64_kib_made_to_be_slow_is_not(word: str) -> None:
    # With a pattern that tries every start against every end this would be over the suite's own time limit.
    redact(word * (65536 // len(word)))


def fail() -> None:
    raise ConnectionError("cannot reach rtsp://admin:hunter2@cam/1")


def test_a_log_record_is_masked_whole_with_arguments_and_traceback() -> None:
    with pytest.raises(ConnectionError) as caught:
        fail()
    trace = (caught.type, caught.value, caught.tb)
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "login with %s", ({"password": "hunter3"},), trace)
    text = RedactingFormatter("%(message)s").format(record)
    assert "login with" in text
    assert "ConnectionError" in text
    assert "hunter" not in text
