"""Nothing lost: store, worker, broker and disk are struck while every message that the broker took must be stored."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.ingest_rig import ServerRig, wait, wait_for_port
from chaos.ingest_stores import STORES
from chaos.load import Load, Sent

FAULTS = ("store outage", "worker kill", "broker restart", "full disk")
RATE_HZ = 1_500.0
LONGEST_FAULT_S = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What came of a run: how many messages, which of them are missing, and which show more than once."""

    messages: int
    lost: tuple[tuple[str, int], ...]
    repeated: tuple[tuple[str, int], ...]

    @property
    def is_good(self) -> bool:
        """Whether all are there, once."""
        return not self.lost and not self.repeated


def main(arguments: list[str]) -> None:
    """Strike, judge and print; exit code 1 where a message was lost or shows twice."""
    parser = argparse.ArgumentParser(prog="python -m chaos ingest", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=None, help="which faults, and when  [default: another each time]")
    parser.add_argument("--store", choices=(*STORES, "both"), default="both", help="which is struck  [default: both]")
    given = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    verdicts = []
    for store in STORES if given.store == "both" else (given.store,):
        with tempfile.TemporaryDirectory(prefix="skerry-chaos-") as folder:
            faults = choose(given.rounds, seed)
            verdict = run(Path(folder), store=store, faults=faults, messages=given.messages, seed=seed, say=print)
        verdicts.append(verdict)
        for title, found in (("lost", verdict.lost), ("repeated", verdict.repeated)):
            for device, seq in found[:20]:
                print(f"  {title}: {device} {seq}")
        lost, repeated = len(verdict.lost), len(verdict.repeated)
        print(f"{store}, seed {seed}: {verdict.messages} messages, lost {lost}, repeated {repeated}")
    sys.exit(0 if all(one.is_good for one in verdicts) else 1)


def choose(rounds: int, seed: int) -> list[str]:
    """Return which faults happen: each kind as often as the others, in an order that ``seed`` says."""
    faults = [FAULTS[number % len(FAULTS)] for number in range(rounds)]
    random.Random(seed).shuffle(faults)  # noqa: S311  # faults
    return faults


def run(
    folder: Path,
    *,
    store: str,
    faults: Sequence[str],
    messages: int,
    seed: int,
    say: Callable[[str], object],
    rate_hz: float = RATE_HZ,
) -> Verdict:
    """Let one fault of FAULTS happen after the other while ``messages`` are published, then mend all and judge.

    The store is killed once more at the very end: what it took last must come back as well. Raises FileNotFoundError
    where mosquitto or the store is not installed, TimeoutError where it never settles.
    """
    rig = ServerRig(folder, store)
    chance = random.Random(seed)  # noqa: S311  # faults
    load = Load(rig.broker_port, total=messages, rate_hz=rate_hz)
    try:
        rig.start()
        load.start()
        for number, name in enumerate(faults, start=1):
            time.sleep(chance.uniform(0.1, 1.0))
            strike(rig, name, chance)
            say(f"round {number} of {len(faults)}: {name}; the broker has {len(load.sent)} of {messages}")
        wait(lambda: load.is_done, "the broker has all messages")
        load.close()
        wait(rig.is_settled, "all is stored and the spool owes nothing")
        rig.store.kill()
        wait(lambda: not rig.health().get("ok"), "the worker sees that the store is gone")
        rig.store.start()
        wait(rig.is_settled, "what the store forgot is stored and the spool owes nothing")
        return judge(load.sent, rig.stored_heartbeats(), rig.stored_events())
    finally:
        rig.end()


def strike(rig: ServerRig, name: str, chance: random.Random) -> None:
    """Let a fault happen, and mend it after a random while."""
    lasts_s = chance.uniform(0.2, LONGEST_FAULT_S)
    if name == "store outage":
        rig.store.kill()
        time.sleep(lasts_s)
        rig.store.start()
    elif name == "worker kill":
        rig.worker.kill()
        time.sleep(lasts_s)
        rig.worker.start()
    elif name == "broker restart":
        rig.broker.stop()
        time.sleep(lasts_s)
        rig.broker.start()
        wait_for_port(rig.broker_port)
    else:
        # With the store away as well, neither it nor the spool can take anything.
        rig.fill_disk(is_full=True)
        rig.store.kill()
        time.sleep(lasts_s)
        rig.fill_disk(is_full=False)
        rig.store.start()


def judge(sent: Sent, heartbeats: Sequence[tuple[str, int]], events: Sequence[tuple[str, int]]) -> Verdict:
    """Hold what is stored against what the broker took. Pure."""
    found = Counter(heartbeats), Counter(events)
    lost = [
        one for wanted, there in zip((sent.heartbeats, sent.events), found, strict=True) for one in wanted - set(there)
    ]
    repeated = [one for there in found for one, times in there.items() if times > 1]
    return Verdict(messages=len(sent), lost=tuple(sorted(lost)), repeated=tuple(sorted(repeated)))
