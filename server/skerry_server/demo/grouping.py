"""The demo's groups: what an operator would have made of the simulated devices."""

from __future__ import annotations

from collections.abc import Sequence

from skerry_server.health import now_ms
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.database import Database
from skerry_server.registry.devices import sites
from skerry_server.registry.fleet.groups import add_group, add_members

CANARY, FIELD = "canary", "field"
NOTES = {CANARY: "new models and settings go here first", FIELD: "everything that follows the canaries"}
CANARIES = 3


def group_devices(database: Database, devices: Sequence[str]) -> None:
    """Put the first of ``devices`` into the group of canaries, the others into that of the field.

    A device that the server has not heard of yet is left out. Raises RegistryError.
    """
    author = Author(name="demo", ts_ms=now_ms())
    with database.transaction() as session:
        known = sites(session, devices)
        for name, members in ((CANARY, devices[:CANARIES]), (FIELD, devices[CANARIES:])):
            add_group(session, author, name, text=NOTES[name])
            add_members(session, author, name, [one for one in members if one in known])
