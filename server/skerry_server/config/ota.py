"""The table `ota`: the repository of signed releases that this server gives out and keeps fresh."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from skerry_edge.foundation.errors import ConfigError
from skerry_server.config.section import Section


class Ota(Section, frozen=True, kw_only=True):
    """Where releases are, and who may bring them to devices.

    ``repository`` is a folder made by `skerry ota init`; its files are served below `/ota/metadata/` and
    `/ota/targets/` to whoever asks, since they are signed. With ``online_keys``, a folder with the key ring of the
    online key, the server signs timestamp and snapshot anew every ``refresh_s`` seconds, and what others have signed as
    soon as it is there. With ``second_person`` every rollout needs the approval of somebody else than its author.
    """

    repository: str | None = None
    online_keys: str | None = None
    refresh_s: Annotated[float, Meta(ge=10, le=604_800)] = 14_400
    second_person: bool = False


def check_ota(ota: Ota, *, where: str) -> None:
    """Refuse keys that belong to no repository. Raises ConfigError."""
    if ota.online_keys is not None and ota.repository is None:
        raise ConfigError(
            "there is no repository that the online key could sign", where=f"{where}, key 'ota.repository'"
        )
