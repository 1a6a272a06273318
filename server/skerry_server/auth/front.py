"""The front door put together from the configuration: who may come in, the page to sign in at, and the gate."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from fastapi import FastAPI
from starlette.responses import Response

from skerry_edge.foundation.errors import ConfigError, SkerryError
from skerry_server.auth.doorkeeper import Doorkeeper
from skerry_server.auth.gate import Gate, Limits, error_response
from skerry_server.auth.sign_in_page import add_sign_in_page
from skerry_server.config.http import Http
from skerry_server.config.server import Settings
from skerry_server.errors import RegistryError
from skerry_server.registry.database import Database

BURST_S = 10.0
"""So many seconds' worth of requests may come at once."""
ADD_A_USER = "add one with 'skerry server users add NAME --role admin'"


def open_door(database: Database, http: Http) -> Doorkeeper:
    """Return who knows who comes in. Raises ConfigError where others could reach a server that has no user."""
    doorkeeper = Doorkeeper(database, is_local_only=http.is_local_only)
    if not http.is_local_only:
        try:
            has_users = doorkeeper.has_users()
        except RegistryError:
            # It may come up after us. Until it answers nobody gets in, and without a user nobody ever does.
            return doorkeeper
        if not has_users:
            raise ConfigError(
                "the server listens for this machine only until somebody can sign in, and there is no user",
                where="the server's configuration, table 'http'",
                todo=ADD_A_USER,
            )
    return doorkeeper


def add_gate(
    api: FastAPI,
    doorkeeper: Doorkeeper,
    http: Http,
    *,
    refused_page: Callable[[SkerryError], Response] = error_response,
) -> None:
    """Put the page to sign in at, and the gate, before all that ``api`` has when it starts.

    Before anything is mounted that answers for every address. ``refused_page`` makes what a browser is shown instead
    of a page that it may not see.
    """
    add_sign_in_page(api, doorkeeper, behind_proxy=http.behind_proxy)
    limits = Limits(per_s=http.requests_per_s, burst=max(1, round(BURST_S * http.requests_per_s)))
    api.add_middleware(
        Gate, doorkeeper=doorkeeper, behind_proxy=http.behind_proxy, limits=limits, refused_page=refused_page
    )


def sign_in_note(doorkeeper: Doorkeeper) -> str:
    """Return in words who must sign in, for the start of a server."""
    try:
        is_open = doorkeeper.is_open()
    except SkerryError:
        return "required; the registry does not answer yet"
    if is_open:
        return f"not required: there is no user, and only this machine can connect; {ADD_A_USER}"
    return "required"


def check_certificate(settings: Settings) -> tuple[str, str] | None:
    """Return the files of our certificate and its key, None where we speak plain HTTP. Raises ConfigError."""
    http = settings.config.http
    if http.certificate_file is None or http.key_file is None:
        return None
    certificate, key = str(settings.base / http.certificate_file), str(settings.base / http.key_file)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            "the server's certificate cannot be used",
            where=f"{certificate}, {key}",
            found=str(error),
            todo="give PEM files, the certificate with its chain, and a key without a passphrase",
        ) from error
    return certificate, key
