"""What a benchmark reports: plain values, in JSON as they stand here; what was not measured is null."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from skerry_edge.bench.evaluation.detection.figures import Difference

SCHEMA = 1

Outcome = Literal["measured", "not run", "failed"]


class Spread(Struct, frozen=True, kw_only=True):
    """Milliseconds of all calls, none left out: quantiles by nearest rank (p99 of fewer than 100 is their maximum)."""

    p50: float
    p90: float
    p95: float
    p99: float
    max: float


class ColdStart(Struct, frozen=True, kw_only=True):
    """The way from nothing to the first answer, in milliseconds.

    ``import_ms`` runs from the start of the process until Python, Skerry and the runtime are imported, ``load_ms`` is
    opening the bundle and loading the file, ``first_ms`` the first call.
    """

    import_ms: float
    load_ms: float
    first_ms: float


class WarmUp(Struct, frozen=True, kw_only=True):
    """What ran before measuring; not ``stable`` where calls were still changing when the time for it was over."""

    calls: int
    elapsed_s: float
    stable: bool


class Conditions(Struct, frozen=True, kw_only=True):
    """What the machine did while a row was measured; null is "not measured".

    ``others_share`` and ``steal_share`` are processor time that other processes and the host took, as a share of what
    all cores could give. ``temperature_c`` is the highest seen, ``clock_mhz`` the mean over cores and readings.
    """

    load_1min: float
    others_share: float | None
    steal_share: float | None
    temperature_c: float | None
    clock_mhz: float | None
    throttled: bool | None
    energy_mj: float | None
    """Millijoules a call, of all that the meter covers, idle power included."""


class Accuracy(Struct, frozen=True, kw_only=True):
    """The main figures of `skerry evaluate` on the labelled pictures, as shares.

    ``against_baseline`` is AP50 minus that of the variant ``baseline`` on the same pictures; null for that one itself.
    """

    ap50: float | None
    ap50_low: float | None
    ap50_high: float | None
    coco_ap: float | None
    images: int
    baseline: str | None = None
    against_baseline: Difference | None = None


class PeerFigures(Struct, frozen=True, kw_only=True):
    """The same network by another tool, interleaved with this row.

    ``ratio`` is the peer's median over ours, end to end: above 1, ours is faster. ``low`` and ``high`` are its 95 %
    bootstrap interval. The peer's time is its bare call on an input that was made ready before; Darknet's is that of
    its own way from a frame to boxes.
    """

    peer: str
    outcome: Outcome
    reason: str | None = None
    version: str | None = None
    computes: str | None = None
    """The file, and the tool's own word on its arithmetic where it gives one."""
    peer_ms: float | None = None
    ours_ms: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


class Keyed(Struct, frozen=True, kw_only=True):
    """One variant on one backend with one number of threads (0: the runtime's own choice)."""

    model: str
    variant: str
    backend: str | None
    threads: int

    @property
    def name(self) -> str:
        """What tells the row from the others of its model."""
        threads = f", {self.threads} thread{'s' if self.threads > 1 else ''}" if self.threads else ""
        return f"{self.variant}{threads}"

    @property
    def key(self) -> tuple[str, str, str | None, int]:
        """What tells a row from all others, and what a row of an earlier result must share to be compared."""
        return self.model, self.variant, self.backend, self.threads


class Row(Keyed, frozen=True, kw_only=True):
    """What was measured of one variant, backend and number of threads.

    Where it was not measured, ``reason`` says why and every figure is null or empty. ``stages_ms`` has names
    of the live timing schema. ``blocks_ms`` are the end-to-end times of every call, in the order and blocks in which
    they ran.
    """

    outcome: Outcome
    reason: str | None = None
    version: str | None = None
    precision: str | None = None
    size_bytes: int | None = None
    cold_start: ColdStart | None = None
    warm_up: WarmUp | None = None
    calls: int = 0
    stages_ms: dict[str, Spread] = {}
    cpu_ms: float | None = None
    """Processor time of a call, over all threads."""
    peak_memory_mb: float | None = None
    """The most that the process held at once; of several pictures to look at, one counts."""
    conditions: Conditions | None = None
    disturbed: tuple[str, ...] = ()
    """Why the figures may be off; empty for a quiet run."""
    accuracy: Accuracy | None = None
    accuracy_not_measured: str | None = None
    peers: tuple[PeerFigures, ...] = ()
    blocks_ms: tuple[tuple[float, ...], ...] = ()


class Machine(Struct, frozen=True, kw_only=True):
    """What the figures were measured on, without anything that names the machine."""

    processor: str
    architecture: str
    cores: int
    memory_mb: int
    features: tuple[str, ...]
    """Instructions that matter to integer networks, as the kernel calls them."""
    board: str | None
    governor: str | None
    system: str
    load_1min: float


class Input(Struct, frozen=True, kw_only=True):
    """What was looked at: ``sha256`` is that of all pixels, sizes are those of the first picture."""

    source: str
    pictures: int
    width_px: int
    height_px: int
    sha256: str


class Change(Keyed, frozen=True, kw_only=True):
    """A row's median against the earlier result's: ``ratio`` above 1 is slower now.

    The verdict is "not compared" with a ``reason``, "regression" where the ratio is beyond the margin and the interval
    above 1, "improvement" likewise below, else "no change".
    """

    verdict: Literal["regression", "improvement", "no change", "not compared"]
    reason: str | None = None
    base_ms: float | None = None
    now_ms: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None


class Against(Struct, frozen=True, kw_only=True):
    """The comparison with an earlier result; ``differences`` are what else is not as it was, such as a version."""

    base: str
    margin: float
    changes: tuple[Change, ...]
    differences: tuple[str, ...]


class SpeedReport(Struct, frozen=True, kw_only=True):
    """Everything that was found out; ``not_measured`` tells what this machine cannot give, and why."""

    schema: Annotated[int, Meta(ge=1)]
    kind: Literal["skerry-bench"]
    measured_ms: int
    """When, in Unix milliseconds."""
    machine: Machine
    versions: dict[str, str]
    input: Input
    rows: tuple[Row, ...]
    not_measured: dict[str, str]
    confidence: float
    against: Against | None = None

    @property
    def measured(self) -> tuple[Row, ...]:
        """The rows that have figures."""
        return tuple(row for row in self.rows if row.outcome == "measured")
