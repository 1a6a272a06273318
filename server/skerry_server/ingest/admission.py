"""Which messages may come in: those of a device under its own site, within the limit on devices."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy.orm import Session

from skerry_server.ingest.fleet import FleetMemory
from skerry_server.ingest.validate import Accepted, DeadLetter, refuse
from skerry_server.registry.bindings import rebound_since
from skerry_server.registry.database import Database
from skerry_server.registry.devices import Claim, bind

LOG = logging.getLogger(__name__)


class Admission:
    """Judges by what ``fleet`` remembers, and binds strangers to the site under which they are first heard.

    What was received before its device was erased is gone with it, wherever it waited: it is dropped.
    """

    def __init__(self, fleet: FleetMemory, *, max_devices: int) -> None:
        self._fleet = fleet
        self._max_devices = max_devices

    def admit(self, accepted: list[Accepted], letters: list[DeadLetter], database: Database) -> list[Accepted]:
        """Return those whose device belongs to the site of the topic; the others become ``letters``.

        The first is the one that was received first. Raises RegistryError.
        """
        accepted = self._without_erased(accepted)
        if not self._strangers(accepted):
            return accepted
        with database.transaction() as session:
            return self.admit_in(session, accepted, letters)

    def admit_in(self, session: Session, accepted: list[Accepted], letters: list[DeadLetter]) -> list[Accepted]:
        """Do as `admit` in a transaction that is under way, with what people have changed until now."""
        # Before the sites are read, so that what is changed in between is told the next time.
        self.catch_up(session)
        accepted = self._without_erased(accepted)
        strangers = self._strangers(accepted)
        if not strangers:
            return accepted
        claims = [
            Claim(device=one.topic.device, site=one.topic.site, received_ms=one.delivery.received_ms)
            for one in strangers
        ]
        self._fleet.bind(bind(session, claims, max_devices=self._max_devices))
        self.recall(accepted)
        return [one for one in accepted if self._is_at_home(one, letters)]

    def catch_up(self, session: Session) -> None:
        """Forget the devices that people moved or erased since this was last done."""
        self._fleet.learn(rebound_since(session, self._fleet.mark))

    def recall(self, accepted: Sequence[Accepted]) -> None:
        """Note with each message what is known of its device now."""
        get = self._fleet.get
        for one in accepted:
            one.known = get(one.topic.device)

    def _without_erased(self, accepted: list[Accepted]) -> list[Accepted]:
        """Return the messages that were received after their device was erased, if it ever was."""
        fleet = self._fleet
        # One look for all: live messages are newer than what people did.
        if not accepted or not fleet.may_outlive(accepted[0].delivery.received_ms):
            return accepted
        left = [one for one in accepted if not fleet.was_erased_since(one.topic.device, one.delivery.received_ms)]
        if len(left) < len(accepted):
            LOG.info("%d messages of devices that were erased since are dropped", len(accepted) - len(left))
        return left

    def _strangers(self, accepted: Sequence[Accepted]) -> list[Accepted]:
        """Return the messages of devices that are not known, or under another site: one may have been moved there."""
        self.recall(accepted)
        return [one for one in accepted if one.known is None or one.known.site != one.topic.site]

    def _is_at_home(self, one: Accepted, letters: list[DeadLetter]) -> bool:
        """Tell whether a message is admitted; if not, it becomes one of ``letters``."""
        known = one.known
        if known is None:
            detail = f"the fleet has {self._max_devices} devices, which is the limit; found a new one"
            letters.append(refuse(one.delivery, "cardinality", detail))
            return False
        if known.site != one.topic.site:
            found = f"found '{one.topic.site}' in the topic"
            detail = f"device '{one.topic.device}' belongs to site '{known.site}'; {found}"
            letters.append(refuse(one.delivery, "identity", detail))
            return False
        return True
