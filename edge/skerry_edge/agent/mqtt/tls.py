"""Encryption towards the broker: the context, and what a failed handshake means for a person."""

from __future__ import annotations

import ssl
import time
from datetime import datetime, timezone
from typing import Any

from skerry_edge.agent.config.delivery import TlsConfig
from skerry_edge.agent.mqtt.refusal import BrokerError
from skerry_edge.foundation.errors import ConfigError

NOT_YET_VALID, EXPIRED, WRONG_NAME, WRONG_ADDRESS = 9, 10, 62, 64
"""OpenSSL's verification codes, x509_vfy.h."""
MIN_PATIENCE_S, MAX_PATIENCE_S = 0.3, 3.0
"""How long a broker is waited for that may have nothing to say; in between, as long as the handshake took, twice."""
_CERTIFICATE_ALERTS = {
    "CERTIFICATE_REQUIRED": ("wants a certificate from this device", "set 'certificate_file' in [mqtt.tls]"),
    "UNKNOWN_CA": ("does not know who signed this device's certificate", "have it signed by an authority it trusts"),
    "CERTIFICATE_EXPIRED": ("says that this device's certificate has expired", "renew 'certificate_file'"),
    "CERTIFICATE_REVOKED": ("says that this device's certificate was revoked", "have a new one signed"),
    "BAD_CERTIFICATE": ("does not accept this device's certificate", "check 'certificate_file' in [mqtt.tls]"),
    "CERTIFICATE_UNKNOWN": ("does not accept this device's certificate", "check 'certificate_file' in [mqtt.tls]"),
    "ACCESS_DENIED": ("accepts this device's certificate and does not let it in", "check the broker's access rules"),
    "PROTOCOL_VERSION": ("speaks no version of TLS that this device accepts", "allow TLS 1.2 or newer at the broker"),
}
"""Alerts of RFC 8446, section 6.2, as OpenSSL names them behind `ALERT_`; TLS 1.2 has the older names alone."""


class AttentiveSocket(ssl.SSLSocket):
    """An encrypted socket whose handshake ends with the broker's verdict on the device's certificate.

    With TLS 1.3 that comes after the handshake proper. Whoever sends first and then reads may lose it: the broker has
    closed by then, and a connection that is reset forgets what it has received.
    """

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  # as in the class above
        """Shake hands, and wait for the broker's next word: its session tickets or its refusal."""
        began_s = time.monotonic()
        super().do_handshake(block)
        if self.version() == "TLSv1.3":
            self._await_verdict(2 * (time.monotonic() - began_s))

    def _await_verdict(self, patience_s: float) -> None:
        timeout_s = self.gettimeout()
        # Some brokers give no tickets: then silence is consent.
        self.settimeout(min(MAX_PATIENCE_S, max(MIN_PATIENCE_S, patience_s)))
        try:
            if self.recv(1):
                raise ssl.SSLError(ssl.SSL_ERROR_SSL, "the broker speaks first, as MQTT's never does")
        except (TimeoutError, ssl.SSLWantReadError):
            return
        finally:
            self.settimeout(timeout_s)


NO_TLS_TODO = "if the broker does not encrypt on this port, write mqtt:// in 'url', or give the port that does"


def tls_context(config: TlsConfig) -> ssl.SSLContext:
    """Return a context that checks the broker's certificate and name. Raises ConfigError for unusable files."""
    try:
        context = ssl.create_default_context(cafile=config.ca_file)
        if config.certificate_file is not None:
            # Without a password given here, OpenSSL asks the terminal for that of an encrypted key.
            context.load_cert_chain(config.certificate_file, config.key_file, password=_refuse_encrypted_key)
    except (OSError, ValueError) as error:
        files = [config.ca_file, config.certificate_file, config.key_file]
        raise ConfigError(
            "the TLS files cannot be used",
            where=", ".join(one for one in files if one is not None),
            found=str(error),
            todo="give PEM files that this user may read, and a key without a passphrase",
        ) from error
    context.sslsocket_class = AttentiveSocket
    return context


def _refuse_encrypted_key() -> str:
    raise ValueError("the key is encrypted, and nobody is there to type its passphrase")


def tls_error(error: ssl.SSLError, *, where: str, now_s: float) -> BrokerError:
    """Return what ``error`` means; ``now_s`` is the Unix time that this device believes it is."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _untrusted(error, where, now_s)
    reason = str(getattr(error, "reason", None) or error)
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or reason == "WRONG_VERSION_NUMBER":
        return BrokerError("the broker's answer is not TLS", where=where, found=reason, todo=NO_TLS_TODO, lasting=True)
    for name, (what, todo) in _CERTIFICATE_ALERTS.items():
        if reason.endswith(f"ALERT_{name}"):
            return BrokerError(f"the broker {what}", where=where, found=reason, todo=todo, lasting=True)
    if reason.endswith("ALERT_HANDSHAKE_FAILURE"):
        # What TLS 1.2 says to a client without the certificate that it wants, among other things.
        todo = "set 'certificate_file' in [mqtt.tls] if the broker wants one, and see the broker's log"
        return BrokerError("the broker refuses the encryption", where=where, found=reason, todo=todo, lasting=True)
    todo = "see the broker's log"
    return BrokerError("the encrypted connection to the broker failed", where=where, found=reason, todo=todo)


def _untrusted(error: ssl.SSLCertVerificationError, where: str, now_s: float) -> BrokerError:
    code: Any = getattr(error, "verify_code", 0)
    found = str(getattr(error, "verify_message", None) or error)
    if code in (NOT_YET_VALID, EXPIRED):
        today = datetime.fromtimestamp(now_s, timezone.utc).date()
        what = f"the broker's certificate {'is not valid yet' if code == NOT_YET_VALID else 'has expired'}"
        todo = f"if this device's date, {today}, is wrong, set its clock; else renew the broker's certificate"
        # A board without a battery starts in the past, and is put right by the network soon.
        return BrokerError(what, where=where, found=found, todo=todo, lasting=code == EXPIRED)
    if code in (WRONG_NAME, WRONG_ADDRESS):
        what = "the broker's certificate is for another host"
        todo = "write the host in 'url' as the certificate has it, or have one made for this host"
        return BrokerError(what, where=where, found=found, todo=todo, lasting=True)
    todo = "set 'ca_file' in [mqtt.tls] to the certificate of the authority that signed the broker's"
    return BrokerError(
        "the broker's certificate is signed by nobody trusted here", where=where, found=found, todo=todo, lasting=True
    )
