"""Which messages may come in: those of a device under its own site, within the limit on devices."""

from __future__ import annotations

from collections.abc import Sequence

from skerry_server.ingest.fleet import FleetMemory
from skerry_server.ingest.validate import Accepted, DeadLetter, refuse
from skerry_server.registry.database import Database
from skerry_server.registry.devices import Claim, bind


def admit(
    accepted: Sequence[Accepted],
    letters: list[DeadLetter],
    fleet: FleetMemory,
    database: Database,
    *,
    max_devices: int,
) -> list[Accepted]:
    """Return those whose device belongs to the site of the topic; the others become ``letters``.

    Raises RegistryError.
    """
    strangers = [one for one in accepted if _is_strange(one, fleet)]
    if strangers:
        _introduce(strangers, fleet, database, max_devices)
    admitted = []
    for one in accepted:
        known = fleet.get(one.topic.device)
        if known is None:
            detail = f"the fleet has {max_devices} devices, which is the limit; found a new one"
            letters.append(refuse(one.delivery, "cardinality", detail))
        elif known.site != one.topic.site:
            found = f"found '{one.topic.site}' in the topic"
            detail = f"device '{one.topic.device}' belongs to site '{known.site}'; {found}"
            letters.append(refuse(one.delivery, "identity", detail))
        else:
            admitted.append(one)
    return admitted


def _is_strange(one: Accepted, fleet: FleetMemory) -> bool:
    known = fleet.get(one.topic.device)
    # A device that is now under another site may have been moved there.
    return known is None or known.site != one.topic.site


def _introduce(strangers: Sequence[Accepted], fleet: FleetMemory, database: Database, max_devices: int) -> None:
    """Bind devices that this worker has not met to the site under which they were first heard."""
    claims = [
        Claim(device=one.topic.device, site=one.topic.site, received_ms=one.delivery.received_ms) for one in strangers
    ]
    with database.transaction() as session:
        bound = bind(session, claims, max_devices=max_devices)
    fleet.bind(bound)
