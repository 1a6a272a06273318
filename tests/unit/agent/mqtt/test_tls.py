"""What a failed handshake is said to mean, and the files of an encrypted connection."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skerry_edge.agent.config.delivery import TlsConfig
from skerry_edge.agent.mqtt.tls import tls_context, tls_error
from skerry_edge.foundation.errors import ConfigError

IN_2026_S = 1_795_000_000.0
IN_1970_S = 100.0


def said(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, f"[SSL: {reason}]")
    error.reason = reason
    return error


def distrusted(code: int, message: str) -> ssl.SSLCertVerificationError:
    error: Any = ssl.SSLCertVerificationError(1, message)
    error.verify_code, error.verify_message = code, message
    return error  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("reason", "what", "todo"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "wants a certificate from this device", "certificate_file"),
        ("TLSV1_ALERT_UNKNOWN_CA", "does not know who signed", "signed by an authority"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "certificate has expired", "renew"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "refuses the encryption", "the broker's log"),
        ("WRONG_VERSION_NUMBER", "not TLS", "mqtt://"),
    ],
)
def test_what_the_broker_says_is_put_into_words_and_lasts(reason: str, what: str, todo: str) -> None:
    error = tls_error(said(reason), where="mqtts://broker:8883", now_s=IN_2026_S)
    assert what in error.what
    assert todo in (error.todo or "")
    assert (error.found, error.where, error.lasting) == (reason, "mqtts://broker:8883", True)


def test_what_nobody_foresaw_is_passed_on_as_it_is_and_may_pass() -> None:
    error = tls_error(said("TLSV1_ALERT_INTERNAL_ERROR"), where="mqtts://broker:8883", now_s=IN_2026_S)
    assert (error.found, error.lasting) == ("TLSV1_ALERT_INTERNAL_ERROR", False)


def test_a_certificate_from_the_future_is_the_clock_s_fault_first() -> None:
    error = tls_error(distrusted(9, "certificate is not yet valid"), where="broker", now_s=IN_1970_S)
    assert error.what == "the broker's certificate is not valid yet"
    assert "this device's date, 1970-01-01, is wrong" in str(error)
    assert not error.lasting


def test_a_certificate_for_another_host_names_the_key_to_change() -> None:
    error = tls_error(distrusted(62, "hostname mismatch"), where="broker", now_s=IN_2026_S)
    assert "for another host" in error.what
    assert "'url'" in str(error)


def test_files_that_are_no_certificates_are_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("this is no certificate")
    with pytest.raises(ConfigError, match=r"TLS files.*ca\.pem"):
        tls_context(TlsConfig(ca_file=str(file)))


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_passphrase(
    tmp_path: Path, need_program: Callable[[str], str]
) -> None:
    certificate, key = tmp_path / "own.pem", tmp_path / "own.key"
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=cam-1 -passout pass:secret1 -days 1"
    files = ["-out", str(certificate), "-keyout", str(key)]
    subprocess.run([need_program("openssl"), *make.split(), *files], check=True, capture_output=True)
    with pytest.raises(ConfigError, match="the key is encrypted"):
        tls_context(TlsConfig(certificate_file=str(certificate), key_file=str(key)))
