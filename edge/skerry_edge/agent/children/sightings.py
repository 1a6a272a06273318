"""What a pipeline's child said is there now; nothing of it outlives the child."""

from __future__ import annotations

import msgspec

from skerry_edge.agent.line.protocol import Counts, Finding
from skerry_edge.contracts.messages import Sight

LOST_WITH_CHILD = "the pipeline's process ended, so nothing is known of it any more"


class Sightings:
    """The objects whose begin was reported and whose end was not, and the counts of the moment.

    ``counts`` is None where nothing is known: before the first report, and after the child's end.
    """

    def __init__(self) -> None:
        self.counts: Counts | None = None
        self._open: dict[str, Finding] = {}

    def note(self, report: Finding | Counts) -> None:
        """Take what the child reported."""
        if isinstance(report, Counts):
            self.counts = report
        elif report.track is None:
            return
        elif report.phase == "end":
            self._open.pop(report.track, None)
        else:
            self._open[report.track] = msgspec.structs.replace(report, snapshot=None)

    def end_all(self, *, ts_ms: int, decided_ns: int) -> list[Finding]:
        """Forget everything, and return the end of each object that was there, as of ``ts_ms``."""
        ends = [end_of(last, ts_ms=ts_ms, decided_ns=decided_ns) for last in self._open.values()]
        self._open.clear()
        self.counts = None
        return ends


def end_of(last: Finding, *, ts_ms: int, decided_ns: int) -> Finding:
    """Return the end of an object of which ``last`` was the last report."""
    before = None
    if last.score is not None and last.box is not None:
        before = Sight(score=last.score, box=last.box, zones=last.zones)
    return msgspec.structs.replace(
        last,
        phase="end",
        ts=ts_ms,
        decided_ns=decided_ns,
        zones=(),
        before=before,
        latency_ms=None,
        message=LOST_WITH_CHILD,
    )
