"""The broker's address, the login and the certificates of `skerry simulate`, checked."""

from __future__ import annotations

import ssl
from pathlib import Path

from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.secret_file import read_secret
from skerry_server.simulate.link import Access
from skerry_server.simulate.packets import Login


def broker_access(
    url: str, *, username: str | None = None, password_file: Path | None = None, ca_file: Path | None = None
) -> Access:
    """Return how to reach the broker. Raises ConfigError and ReachError."""
    address = parse_broker_url(url, where="--broker")
    if password_file is not None and username is None:
        raise ConfigError("a password needs a user name", where="--password-file", todo="give --username, too")
    password = None if password_file is None else read_secret(password_file)
    login = None if username is None else Login(username=username, password=password)
    if not address.encrypted:
        if ca_file is not None:
            raise ConfigError("certificates are for encrypted connections", where="--ca-file", found=str(address))
        return Access(address=address, login=login)
    try:
        tls = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        where = str(ca_file)
        raise ConfigError("the certificate authority cannot be loaded", where=where, found=str(error)) from error
    return Access(address=address, login=login, tls=tls)
