"""The demo's story of two rollouts: the good release goes to all, the poisoned one is stopped and undone."""

from __future__ import annotations

from sqlalchemy.orm import Session

from skerry_edge.foundation.errors import SkerryError
from skerry_server.demo.agent import DEVICE
from skerry_server.demo.grouping import CANARY
from skerry_server.demo.releases import GOOD, POISONED
from skerry_server.health import now_ms
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.database import Database
from skerry_server.registry.models import Device
from skerry_server.rollouts.candidates import read_candidates
from skerry_server.rollouts.catalogue import Catalogue, completed
from skerry_server.rollouts.changes import create, start
from skerry_server.rollouts.eligibility import plan
from skerry_server.rollouts.reading import device_story, failure_groups, find_rollout, tallies
from skerry_server.rollouts.spec import Spec, read_spec
from skerry_server.rollouts.states import ENDED

AUTHOR = "demo"
WANTED = {GOOD: "done", POISONED: "rolled-back"}
"""How the rollout of each release is to end."""


class Story:
    """Rolls both releases of ``name`` out to ``devices`` one after the other; `go_on` is called again and again."""

    def __init__(self, database: Database, catalogue: Catalogue, *, name: str, devices: int) -> None:
        self._database = database
        self._catalogue = catalogue
        self._name = name
        self._devices = devices
        self._numbers: dict[str, int] = {}
        self._states: dict[str, str] = {}
        self._counts: dict[str, dict[str, int]] = {}
        self._agent_runs: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether both rollouts have come to rest, and the real agent runs the good release."""
        return self._states.get(POISONED) in ("paused", *ENDED) and self._is_undone

    @property
    def text(self) -> str:
        """How far it is, in a few words."""
        told = [
            f"{version} {state} ({self._counts[version].get('committed', 0)} of {sum(self._counts[version].values())})"
            for version, state in self._states.items()
        ]
        return ", ".join(told) or "rollouts wait for all devices"

    def go_on(self) -> None:
        """Look at what runs, and begin what is due. Raises SkerryError."""
        for version, number in self._numbers.items():
            with self._database.reading() as session:
                self._states[version] = find_rollout(session, number).state
                self._counts[version] = dict(tallies(session, [number])[number])
                self._agent_runs = tuple(session.get_one(Device, DEVICE).models)
        if GOOD not in self._numbers:
            self._begin(GOOD)
        elif self._states.get(GOOD) == "done" and POISONED not in self._numbers:
            self._begin(POISONED)

    def summary(self) -> list[str]:
        """Return in sentences how each rollout stands, and what failed. Raises RegistryError."""
        told = []
        for version, number in self._numbers.items():
            with self._database.reading() as session:
                state, counts = find_rollout(session, number).state, tallies(session, [number])[number]
                failed = failure_groups(session, number)
            devices = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
            why = "".join(f"; {one.devices} {one.state} ({one.reason})" for one in failed)
            told.append(f"rollout of {self._name} {version}: {state}; of {sum(counts.values())} devices {devices}{why}")
            told.append(f"  {DEVICE}, the real agent: {self._fate(number)}")
        return told

    def lacking(self) -> list[str]:
        """Return what of the story did not come true."""
        found = [
            f"the rollout of {version} to be {wanted}, not {self._states.get(version, 'not begun')}"
            for version, wanted in WANTED.items()
            if self._states.get(version) != wanted
        ]
        touched = self._counts.get(POISONED, {})
        kept = sum(number for state, number in touched.items() if state in ("committed", "returned"))
        if kept:
            found.append(f"nobody to call the poisoned release good, but {kept} did")
        if POISONED in self._numbers and not self._fate(self._numbers[POISONED]).startswith("rolled-back (crashed"):
            found.append(f"the real agent to undo the poisoned release: {self._fate(self._numbers[POISONED])}")
        if not self._is_undone:
            found.append(f"the real agent to run {self._name} {GOOD}, not {', '.join(self._agent_runs) or 'nothing'}")
        return found

    @property
    def _is_undone(self) -> bool:
        return f"{self._name} {GOOD}" in self._agent_runs

    def _fate(self, number: int) -> str:
        """Return how the real agent did in a rollout."""
        with self._database.reading() as session:
            row = device_story(session, number, DEVICE)
        why = ": ".join(part for part in (row.reason, row.detail) if part)
        return f"{row.state} ({why})" if why else row.state

    def _begin(self, version: str) -> None:
        with self._database.transaction() as session:
            spec = self._spec(version)
            if not self._all_are_there(session, spec):
                return
            author = Author(name=AUTHOR, ts_ms=now_ms())
            self._numbers[version] = create(session, author, spec).id
            start(session, author, self._numbers[version])

    def _all_are_there(self, session: Session, spec: Spec) -> bool:
        try:
            planned = plan(spec, read_candidates(session, spec))
        except SkerryError:
            # The canaries have not been heard of yet.
            return False
        return sum(one.stage is not None for one in planned) == self._devices

    def _spec(self, version: str) -> Spec:
        wish: dict[str, object] = {
            "kind": "model",
            "name": self._name,
            "version": version,
            "canary_group": CANARY,
            "steps": ["100%"],
            "gates": {"success_percent": 80.0, "soak_s": 1},
            # Long enough for the poison to show.
            "probation_s": 6,
            "deadline_s": 120,
            "rolls_back": True,
        }
        return read_spec(completed(wish, self._catalogue))
