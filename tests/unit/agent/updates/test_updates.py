"""The agent's duty for updates: what it has told, and what it does where the disk takes nothing."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from skerry_edge.agent.updates.beginning import Beginning
from skerry_edge.agent.updates.keeping import Keeping
from skerry_edge.agent.updates.reports import AGAIN_S, Reports
from skerry_edge.agent.updates.updates import UNNOTED, Updates
from skerry_edge.contracts.errors import ReleaseError
from skerry_edge.contracts.messages import UpdateOrder
from skerry_edge.contracts.updates import UpdateReport
from skerry_edge.foundation import atomic
from skerry_edge.ota.machine.happenings import Begun, Done, Failed, Happening, Postponed, Refused
from skerry_edge.ota.machine.record import Instant, Record
from skerry_edge.ota.places import Places
from skerry_edge.ota.settings import OtaSettings

ORDER = UpdateOrder(id="r1", version="2.0.0", counter=2, probation_s=60, deadline_s=3600)


class Scene:
    """An agent that is ordered one model; what is prepared, and what comes of a trial, is what the test says."""

    def __init__(self, folder: Path) -> None:
        self.in_force = SimpleNamespace(ota=OtaSettings(mirrors=("/none",)), pipelines=())
        self.updates = {"model/signs": ORDER}
        self.progress = None
        self.is_running = False
        self.looks = 0
        self.waits = self.next_waits = Beginning(due_s=0.0)
        self.reports: list[UpdateReport] = []
        self.events: list[tuple[str, str]] = []
        self.spent_s = 0.0
        self.is_connected = True
        self.now_s = 0.0
        self.keeping = Keeping(
            Places(folder),
            tell=self.tell,
            apply=lambda: None,
            settle_agent=lambda: None,
            now=lambda: Instant(boot="b", since_boot_s=10.0 + self.spent_s),
        )
        self.trial = TrialOf()
        self.prepared: list[Any] = []
        self.duty = self.life()

    def life(self) -> Updates:
        parts: Any = self
        return Updates(
            fleet=parts,
            keeping=self.keeping,
            preparation=parts,
            trial=lambda _record, _limits: self.trial,
            watch=parts,
            lookout=SimpleNamespace(act=self.look),  # type: ignore[arg-type]
            substitute=SimpleNamespace(act=lambda: None, end=lambda: None),  # type: ignore[arg-type]
            reports=Reports(parts),
        )

    def act(self, record: Record, settings: OtaSettings, now_s: float) -> float:
        self.waits = self.next_waits
        if self.prepared:
            self.keeping.note(Begun())
            self.keeping.note(self.prepared.pop(0))
        return now_s + 1.0

    def as_it_waits(self, record: Record) -> Record:
        return self.waits.of(record)

    def look(self, now_s: float) -> float:
        self.looks += 1
        return now_s + 60.0

    def sample(self, names: list[str], now_s: float) -> float:
        return now_s + 60.0

    def stamp(self) -> dict[str, Any]:
        seq = len(self.reports) + 1
        return {"v": 1, "id": f"m{seq}", "session": "00000001-abcdef01", "seq": seq, "ts": 1, "clock": "synced"}

    def send(self, message: UpdateReport) -> None:
        self.reports.append(message)

    def tell(self, label: str, text: str) -> None:
        self.events.append((label, text))

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.duty.act(self.now_s)

    @property
    def state(self) -> str:
        record = self.keeping.record
        return "idle" if record is None else record.state

    def reach(self, state: str) -> None:
        """Go on until the update is in a state, and begun with it."""
        self.prepared = [Done(from_version="1.0.0", to_sha256="1" * 64)] + [Done()] * 5
        self.trial.comes = Done()
        for _ in range(60):
            if self.state == state:
                self.trial.comes = None
                self.turn()
                return
            self.turn()
        raise AssertionError(self.state)


class TrialOf:
    """A trial of which comes what it is told."""

    def __init__(self) -> None:
        self.comes: Happening | None = None
        self.undone = 0

    def act(self, record: Record, now_s: float) -> Happening | None:
        return self.comes

    def undo(self) -> None:
        self.undone += 1


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Whether the disk takes anything."""
    switch, real = SimpleNamespace(is_well=True), atomic.tempfile.mkstemp

    def mkstemp(**arguments: Any) -> Any:
        if not switch.is_well:
            raise OSError(errno.EROFS, "Read-only file system")
        return real(**arguments)

    monkeypatch.setattr(atomic.tempfile, "mkstemp", mkstemp)
    return switch


def test_each_new_reason_why_it_waits_is_told_at_once_and_once(scene: Scene) -> None:
    network, space = Postponed(reason="network"), Postponed(reason="no-space", detail="3 bytes")
    scene.prepared = [network, network, space, space]
    scene.turn(8)
    told = [(one.state, one.reason, one.detail) for one in scene.reports]
    assert told == [("check", None, None), ("check", "network", None), ("check", "no-space", "3 bytes")]


@pytest.mark.parametrize("state", ["switch", "probation"])
def test_a_verdict_that_the_disk_takes_no_note_of_is_acted_on_and_noted_later(
    state: str, scene: Scene, disk: SimpleNamespace
) -> None:
    scene.reach(state)
    disk.is_well = False
    scene.trial.comes = Failed(reason="crashed")
    scene.turn()
    assert scene.trial.undone == 1
    scene.trial.comes = Done()
    scene.turn(3)
    assert scene.state == state, "what runs now is not what was judged"
    assert [label for label, _ in scene.events] == [UNNOTED]
    disk.is_well = True
    scene.turn(6)
    ends = [(one.state, one.outcome, one.reason) for one in scene.reports[-1:]]
    assert ends == [("report-fail", "rolled-back", "crashed")]


def test_a_deadline_that_cannot_be_noted_ends_the_trial_all_the_same(scene: Scene, disk: SimpleNamespace) -> None:
    scene.reach("probation")
    disk.is_well = False
    scene.spent_s = 4000.0
    scene.turn(2)
    assert scene.trial.undone >= 1
    assert "deadline" in scene.events[0][1]


def test_a_version_that_has_proved_itself_stays_until_that_can_be_noted(scene: Scene, disk: SimpleNamespace) -> None:
    scene.reach("probation")
    disk.is_well = False
    scene.trial.comes = Done()
    scene.turn(3)
    assert (scene.trial.undone, scene.events) == (0, [])
    disk.is_well = True
    scene.turn(5)
    assert scene.reports[-1].outcome == "committed"


def test_a_trial_whose_beginning_cannot_be_counted_is_not_made(scene: Scene, disk: SimpleNamespace) -> None:
    scene.reach("switch")
    scene.trial.comes = Done()
    scene.turn()
    assert scene.state == "probation"
    disk.is_well = False
    scene.turn()
    assert scene.trial.undone == 1


def test_a_switch_that_the_disk_takes_no_note_of_is_undone_until_its_probation_can_begin(
    scene: Scene, disk: SimpleNamespace
) -> None:
    scene.reach("switch")
    disk.is_well = False
    scene.trial.comes = Done()
    scene.turn()
    scene.trial.comes = None
    scene.turn(3)
    assert (scene.state, scene.trial.undone) == ("switch", 4)
    assert [label for label, _ in scene.events] == [UNNOTED], "nobody watches what would be in force"
    disk.is_well = True
    scene.turn(2)
    assert scene.state == "probation"
    scene.trial.comes = Failed(reason="crashed")
    scene.turn(5)
    assert scene.reports[-1].reason == "crashed", "a switch that was noted late is no proof"


def test_an_error_of_any_kind_in_a_trial_is_waited_for_and_does_not_end_the_agent(scene: Scene) -> None:
    scene.reach("switch")

    def refuse(record: Record, now_s: float) -> Happening:
        raise ReleaseError("counter", "the counters are damaged")

    scene.trial.act = refuse  # type: ignore[method-assign]
    scene.turn(3)
    assert scene.state == "switch"
    scene.spent_s = 4000.0
    scene.turn(3)
    assert scene.reports[-1].reason == "deadline"


def test_an_order_that_is_still_out_is_answered_again_with_a_new_connection_and_not_all_the_time(scene: Scene) -> None:
    scene.prepared = [Refused(reason="wrong-board", detail="another one")]
    scene.turn(6)
    first = scene.reports[-1]
    assert (scene.state, first.outcome) == ("idle", "refused")
    scene.reports.clear()
    for is_connected in (False, True, False, True):
        scene.is_connected = is_connected
        scene.turn(2)
    assert [(one.order, one.outcome, one.reason, one.detail) for one in scene.reports] == [
        ("r1", "refused", "wrong-board", "another one")
    ]
    scene.now_s = AGAIN_S
    for is_connected in (False, True):
        scene.is_connected = is_connected
        scene.turn()
    assert len(scene.reports) == 2
    scene.updates = {}
    scene.now_s = 2 * AGAIN_S
    scene.duty = scene.life()
    scene.turn(3)
    assert len(scene.reports) == 2, "nobody asks for it any more"


def test_the_repository_is_looked_at_also_while_an_order_waits_and_on_trial_but_not_beside_its_worker(
    scene: Scene,
) -> None:
    scene.prepared = [Postponed(reason="network")]
    scene.turn(3)
    assert (scene.state, scene.looks) == ("check", 3)
    scene.is_running = True
    scene.turn(3)
    assert scene.looks == 3
    scene.is_running = False
    scene.reach("probation")
    before = scene.looks
    scene.turn()
    assert scene.looks == before + 1


def test_a_device_that_waits_for_its_turn_says_so_once_and_that_it_goes_on(scene: Scene) -> None:
    scene.next_waits = Beginning(due_s=60.0, reason="spread", detail="begins 41 s after it took the order on")
    scene.turn(2)
    assert (scene.reports[-1].state, scene.reports[-1].reason) == ("check", "spread")
    assert "41 s" in (scene.reports[-1].detail or "")
    told = len(scene.reports)
    scene.turn(5)
    assert len(scene.reports) == told
    assert scene.keeping.record is not None
    assert scene.keeping.record.reason is None, "what it merely waits for ends no order"
    scene.next_waits = Beginning(due_s=0.0)
    scene.turn(2)
    assert (scene.reports[-1].state, scene.reports[-1].reason, len(scene.reports)) == ("check", None, told + 1)
