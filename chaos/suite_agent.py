"""Zero loss: broker, network, agent and pipelines are struck at random while every accepted event must arrive."""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.cable import Cable
from chaos.collector import Collector
from chaos.ledger import LastSent, Verdict, judge
from chaos.programs import RULES, Program, agent, allow_all, children, configure, forbid, free_port, mosquitto
from skerry_edge.agent.outbox.database import LetterDatabase
from skerry_edge.agent.outbox.outbox import FILE
from skerry_edge.agent.pipelines.synthetic import TALLY_VARIABLE
from skerry_edge.contracts.codec import decode
from skerry_edge.contracts.messages import Event
from skerry_edge.contracts.topics import parse_topic

FAULTS = ("broker kill", "network cut", "agent kill", "child kill", "rules", "reload")
FORBIDDEN = ("event", "heartbeat")
"""What the broker may refuse for a while."""
PIPELINES = 2
RATE_HZ = 20.0
"""Events of each pipeline in a second."""
DRAIN_S = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The verdict and what it was passed on, how many faults of each kind, and whether all arrived in time.

    ``recovered_s`` is the longest time for each kind of fault from its mending to the next event at the subscriber.
    """

    verdict: Verdict
    arrived: tuple[Event, ...]
    last_sent: tuple[LastSent, ...]
    faults: dict[str, int]
    recovered_s: dict[str, float]
    drained: bool


def main(arguments: list[str]) -> None:
    """Strike, judge and print; exit code 1 where an event was lost or came out of order."""
    parser = argparse.ArgumentParser(prog="python -m chaos agent", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--events", type=int, default=1000, help="go on for at least so many events")
    parser.add_argument("--seed", type=int, default=None, help="which faults, and when  [default: another each time]")
    given = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    faults = random.Random(seed).choices(FAULTS, k=given.rounds)  # noqa: S311  # faults
    with tempfile.TemporaryDirectory(prefix="skerry-chaos-") as folder:
        outcome = run(Path(folder), faults=faults, events=given.events, seed=seed, say=print)
    verdict = outcome.verdict
    print(
        f"seed {seed}: {verdict.events} events, {verdict.duplicates} duplicates, {verdict.replayed} replayed;", end=" "
    )
    print(", ".join(f"{count} x {name}" for name, count in outcome.faults.items()))
    print(", ".join(f"{name} recovered in {seconds:.1f} s" for name, seconds in outcome.recovered_s.items()))
    for line in (*verdict.lost, *verdict.disordered):
        print(f"  {line}")
    print(f"lost {len(verdict.lost)}, out of order {len(verdict.disordered)}, all arrived: {outcome.drained}")
    sys.exit(0 if verdict.is_good and outcome.drained and verdict.events >= given.events else 1)


def run(folder: Path, *, faults: Sequence[str], events: int, seed: int, say: Callable[[str], object]) -> Outcome:
    """Let one fault of FAULTS happen after the other, at times that ``seed`` says, then mend all and judge.

    Goes on until there are so many ``events``. Raises FileNotFoundError where Mosquitto is not installed.
    """
    port = free_port()
    with closing(Cable(port)) as cable:
        rig = Rig(folder, cable, mosquitto(folder, port), Collector(port), random.Random(seed))  # noqa: S311  # faults
        try:
            rig.start()
            for number, name in enumerate(faults, start=1):
                rig.strike(name)
                say(f"round {number} of {len(faults)}: {name}; {len(rig.collector.events)} events so far")
            rig.go_on_until(lambda: rig.has_recovered and len({one.id for one in rig.collector.events}) >= events)
            return rig.settle()
        finally:
            rig.end()


@dataclass(slots=True)
class Rig:
    """All programs of a run, and what is known of them."""

    folder: Path
    cable: Cable
    broker: Program
    collector: Collector
    random: random.Random
    accepted: set[str] = field(default_factory=set)
    last_sent: list[LastSent] = field(default_factory=list)
    mended: list[tuple[str, float]] = field(default_factory=list)
    keepalive_s: int = 5
    device: Program = field(init=False)

    def start(self) -> None:
        """Begin in good order."""
        self.broker.start()
        self.collector.start()
        tally = self.folder / "tally"
        tally.mkdir()
        self.device = agent(self.folder, self._settings(), {TALLY_VARIABLE: str(tally)})
        self.device.start()
        if not self.go_on_until(lambda: len(self.collector.events) > 0):
            raise TimeoutError(f"the agent sent nothing; see {self.device.log}")

    def strike(self, name: str) -> None:
        """Let a fault happen after a random while, and mend it after another."""
        time.sleep(self.random.uniform(0.2, 2.0))
        {
            "broker kill": self._kill_broker,
            "network cut": self._cut_network,
            "agent kill": self._kill_agent,
            "child kill": self._kill_child,
            "rules": self._change_rules,
            "reload": self._reload,
        }[name]()
        self.mended.append((name, time.monotonic()))

    def go_on_until(self, holds: Callable[[], bool], limit_s: float = DRAIN_S) -> bool:
        """Wait; tell whether it came to hold."""
        end_s = time.monotonic() + limit_s
        while not holds() and time.monotonic() < end_s:
            time.sleep(0.1)
        return holds()

    @property
    def has_recovered(self) -> bool:
        """Whether an event arrived since the last fault was mended."""
        return not self.mended or self.collector.arrived_s[-1] > self.mended[-1][1]

    def settle(self) -> Outcome:
        """Stop the agent, deliver what is left with pipelines that are idle, and judge."""
        self.device.kill()
        self._note_accepted()
        self.device = agent(self.folder, self._settings(limit=1))
        self.device.start()
        drained = self.go_on_until(lambda: self.accepted <= {one.id for one in self.collector.events})
        self.device.stop()
        return Outcome(
            verdict=judge(self.collector.events, self.accepted, self.last_sent),
            arrived=tuple(self.collector.events),
            last_sent=tuple(self.last_sent),
            faults=dict(Counter(name for name, _ in self.mended)),
            recovered_s=recovered(self.mended, self.collector.arrived_s),
            drained=drained,
        )

    def end(self) -> None:
        """Leave nothing running."""
        self.collector.close()
        self.device.kill()
        self.broker.kill()

    def _kill_broker(self) -> None:
        self.broker.kill()
        time.sleep(self.random.uniform(0.0, 2.0))
        self.broker.start()

    def _cut_network(self) -> None:
        self.cable.cut()
        time.sleep(self.random.uniform(0.0, 3.0))
        self.cable.mend()

    def _kill_agent(self) -> None:
        self.device.kill()
        self._note_accepted()
        time.sleep(self.random.uniform(0.0, 0.5))
        self.device.start()

    def _kill_child(self) -> None:
        agent_pid = self.device.pid or 0
        found = children(agent_pid)
        if not found:
            return
        child = self.random.choice(found)
        os.kill(child, signal.SIGKILL)
        # With another in its place, the agent has taken all that this one had sent.
        if self.go_on_until(lambda: len(children(agent_pid)) == len(found) and child not in children(agent_pid)):
            self.last_sent += last_sent(self.folder / "tally", child)

    def _change_rules(self) -> None:
        """Have a broker that is started anew refuse one kind of message for a while.

        The agent comes after the subscriber, for which such a broker keeps nothing before it is there.
        """
        rules = self.folder / RULES
        forbid(rules, self.random.choice(FORBIDDEN))
        self.cable.cut()
        self.broker.kill()
        self.go_on_until(lambda: not self.collector.is_connected)
        self.broker.start()
        self.go_on_until(lambda: self.collector.is_connected)
        self.cable.mend()
        time.sleep(self.random.uniform(1.0, 5.0))
        allow_all(rules)
        self._kill_broker()

    def _reload(self) -> None:
        """Have the agent connect under other terms; one that has only just started does not know the signal yet."""
        self.go_on_until(lambda: len(children(self.device.pid or 0)) == PIPELINES)
        self.keepalive_s += 1
        configure(self.folder, self._settings())
        self.device.reload()

    def _note_accepted(self) -> None:
        """Write down what lies in the outbox of an agent that has just ended."""
        self.accepted |= waiting_ids(self.folder / "state" / FILE)

    def _settings(self, limit: int = 0) -> dict[str, Any]:
        pipelines = [
            {"kind": "synthetic", "name": f"p{number}", "events_per_s": RATE_HZ, "limit": limit}
            for number in range(PIPELINES)
        ]
        return {
            "site": "chaos",
            "device": "chaos-1",
            "board": "generic-x86",
            "state_dir": str(self.folder / "state"),
            "heartbeat_interval_s": 1.0,
            "mqtt": {"url": f"mqtt://127.0.0.1:{self.cable.port}", "keepalive_s": self.keepalive_s},
            "pipelines": pipelines,
        }


def recovered(mended: Sequence[tuple[str, float]], arrived_s: Sequence[float]) -> dict[str, float]:
    """Return for each kind of fault the longest time from a mending to the next arrival; ``inf`` where none came."""
    longest: dict[str, float] = {}
    for name, mended_s in mended:
        next_s = next((one for one in arrived_s if one > mended_s), float("inf"))
        longest[name] = max(longest.get(name, 0.0), next_s - mended_s)
    return longest


def last_sent(tally: Path, pid: int) -> list[LastSent]:
    """Return what a child noted as the last event that it sent; nothing where it was killed before it sent any."""
    notes = [(path.name.removesuffix(f"-{pid}"), path.read_text().split()) for path in tally.glob(f"*-{pid}")]
    return [LastSent(pipeline=name, number=int(words[0]), ts_ms=int(words[1])) for name, words in notes if words]


def waiting_ids(path: Path) -> set[str]:
    """Return the ids of the events in the outbox of an agent that does not run."""
    with closing(LetterDatabase(path)) as database:
        letters = [database.letter(key) for key in database.keys(0)]
    kinds = [(parse_topic(one.topic).kind, one.payload) for one in letters]
    events = [decode("event", payload) for kind, payload in kinds if kind == "event"]
    return {one.id for one in events if isinstance(one, Event)}
