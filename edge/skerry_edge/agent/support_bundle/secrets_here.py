"""Which strings are this device's secrets, so that they can be looked for: from its configuration and environment."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from skerry_edge.foundation.config import toml_tree
from skerry_edge.foundation.errors import ConfigError, SkerryError
from skerry_edge.foundation.redaction import secrets_in
from skerry_edge.foundation.secret_file import read_secret

_SECRET_NAME = re.compile(
    r"(?i)password|passwd|passphrase|secret|token|credential|api_?key|access_?key|(?:^|[_-])(?:pw|pwd|pass)$"
)
_LOGIN_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/\"']*@[^\s\"']*", re.IGNORECASE)


def find_secrets(configuration: str, folder: Path, environment: Mapping[str, str]) -> set[str]:
    """Return every secret that can be told: values and files of keys that are named like one, logins in URLs.

    ``configuration`` may be no valid TOML: then its URLs and the environment alone are looked at. Paths in it are taken
    from ``folder``. What cannot be read is left out, since nobody else could have written it anywhere either.
    """
    try:
        tree = toml_tree(configuration, name="the configuration")
    except ConfigError:
        tree = {}
    named = {value for name, value in environment.items() if _SECRET_NAME.search(name)}
    in_urls = {part for url in _LOGIN_IN_URL.findall(configuration) for part in _login(url)}
    in_settings = secrets_in(configuration)
    return {one for one in (*named, *in_urls, *in_settings, *_in_tree(tree, folder, environment)) if one}


def _in_tree(value: object, folder: Path, environment: Mapping[str, str], key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _in_tree(inner, folder, environment, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _in_tree(inner, folder, environment, key)
    elif isinstance(value, str) and _SECRET_NAME.search(key):
        yield from _named(value, key, folder, environment)


def _named(value: str, key: str, folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    if key.endswith("_env"):
        yield environment.get(value, "")
    elif key.endswith("_file"):
        yield from _in_file(folder / value)
    else:
        yield value


def _in_file(path: Path) -> Iterator[str]:
    try:
        secret = read_secret(path)
    except SkerryError:
        return
    yield secret
    yield from (line for line in secret.splitlines() if line.strip())


def _login(url: str) -> Iterator[str]:
    user_info, _, _ = url.partition("://")[2].rpartition("@")
    try:
        parts = urlsplit(url)
        password = parts.password or ""
    except ValueError:
        password = ""
    yield from (user_info, password, unquote(password), user_info.partition(":")[2])
    yield base64.b64encode(unquote(user_info).encode()).decode()
