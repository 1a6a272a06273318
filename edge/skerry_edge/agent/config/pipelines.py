"""What the agent runs: one struct for each kind of pipeline."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from skerry_edge.agent.config.parts import FileText, Name, Part, Rate, Seconds, Share, Wait
from skerry_edge.agent.config.sources import SoundSource, VisionSource
from skerry_edge.agent.config.vision import (
    MAX_AREAS,
    EventsConfig,
    Label,
    Labels,
    LimitConfig,
    MaskConfig,
    MotionConfig,
    PrivacyConfig,
    TrackingConfig,
    ZoneConfig,
)
from skerry_edge.agent.config.words import VoiceConfig, Words

_HASH_DIGITS = 12


class _Pipeline(Part, frozen=True, kw_only=True):
    """What every pipeline has: its name, how soon it must be ready, and how often it must show progress.

    ``model_sha256`` tells models of one name apart. It is no key of the file: the agent fills it in with what it finds
    (`downlink.model_hashes`), so that a pipeline whose model was replaced is another pipeline.
    """

    name: Name
    start_deadline_s: Seconds = 60.0
    progress_deadline_s: Seconds = 5.0
    model_sha256: str | None = None

    @property
    def backend_choices(self) -> tuple[str, ...]:
        """The backends to run on, in order; none where there is nothing to choose."""
        return ()

    @property
    def loads(self) -> str:
        """What is loaded before it can run, as text: pipelines that load the same take the same time for it."""
        return self.kind

    @property
    def _model_version(self) -> str:
        return self.model_sha256[:_HASH_DIGITS] if self.model_sha256 else "of unknown content"

    @property
    def is_endless(self) -> bool:
        """Whether its source has no end: one that has begins anew with each child."""
        return bool(getattr(getattr(self, "source", None), "loop", True))

    @property
    def kind(self) -> str:
        """The pipeline's kind as the file names it."""
        return str(self.__struct_config__.tag)


class DetectionPipeline(_Pipeline, frozen=True, kw_only=True, tag="detection", tag_field="kind"):
    """Pictures in, objects out.

    ``model`` is a bundle's path or a shipped model's name. ``backends``, which may carry a device (`openvino:gpu`), are
    tried in this order; none named means the choice is the model's. ``labels`` are what is looked for, all that the
    model knows where none is named, and ``limits`` what an object of a label must be to count. An object is where the
    ``anchor`` of its box is: the middle of its lower edge, or its centre. Its begin, and an update because of a better
    look at it, take a JPEG of their picture along with ``snapshot``, at most one every ``snapshot_interval_s``. What
    cannot be seen from one part of the configuration alone is checked in `config.areas`.
    """

    model: FileText
    source: VisionSource
    variant: Annotated[str, Meta(min_length=1)] | None = None
    backends: tuple[str, ...] = ()
    threads: Annotated[int, Meta(ge=0, le=64)] = 0
    score_threshold: Share | None = None
    labels: Labels = ()
    limits: dict[Label, LimitConfig] = field(default_factory=dict)
    anchor: Literal["foot", "centre"] = "foot"
    zones: Annotated[tuple[ZoneConfig, ...], Meta(max_length=MAX_AREAS)] = ()
    masks: Annotated[tuple[MaskConfig, ...], Meta(max_length=MAX_AREAS)] = ()
    motion: MotionConfig | None = None
    tracking: TrackingConfig = TrackingConfig()
    events: EventsConfig = EventsConfig()
    snapshot: bool = False
    snapshot_interval_s: Wait = 1.0
    privacy: PrivacyConfig | None = None

    @property
    def backend_choices(self) -> tuple[str, ...]:
        """The backends to run on, in order."""
        return self.backends

    @property
    def loads(self) -> str:
        """Its model, as a runtime is to load it."""
        return f"{self.model} {self._model_version} {self.variant or 'any variant'} {self.threads} threads"


class WakeWordPipeline(_Pipeline, frozen=True, kw_only=True, tag="wakeword", tag_field="kind"):
    """Sound in, spoken words out: all ``words`` listen to one source and share one front end.

    After a word was heard, no other one is for ``refractory_s``: of words that sound alike only the best counts.
    ``voice`` is the gate that tells whether anybody speaks; without one, words are looked for all the time.
    """

    words: Words
    source: SoundSource
    refractory_s: Wait = 1.0
    voice: VoiceConfig | None = None

    @property
    def loads(self) -> str:
        """Its words' models."""
        return f"{' + '.join(word.model for word in self.words)} {self._model_version}"


class SyntheticPipeline(_Pipeline, frozen=True, kw_only=True, tag="synthetic", tag_field="kind"):
    """A pipeline that needs no model: events at a steady rate, and on demand the faults that real ones have.

    Event number ``n`` of a child carries the text ``n`` as its message. It sends ``limit`` events and then
    idles (0: no limit). After every ``fault_after`` events a child fails in the way of ``fault``:

    - ``crash`` ends at once with a signal, as a native library does;
    - ``error`` ends with a typed error, as a missing file does;
    - ``hang`` stops answering, as a stuck accelerator does;
    - ``babble`` sends bytes that are no message;
    - ``refuse`` never becomes ready, as a model that does not load;
    - ``stall`` never stops loading, as one whose accelerator is stuck.

    With ``fault_marker`` set, the fault happens only while that file does not exist, and the child makes it
    first: so the fault happens once. With ``faulty_backends`` set, it happens on those alone; ``backends`` are mere
    names here, tried in this order as a real pipeline's are.
    """

    label: Annotated[str, Meta(min_length=1, max_length=128)] = "synthetic"
    events_per_s: Rate = 1.0
    limit: Annotated[int, Meta(ge=0)] = 0
    fault: Literal["none", "crash", "error", "hang", "babble", "refuse", "stall"] = "none"
    fault_after: Annotated[int, Meta(ge=0)] = 0
    fault_marker: FileText | None = None
    backends: tuple[str, ...] = ()
    faulty_backends: tuple[str, ...] = ()

    @property
    def backend_choices(self) -> tuple[str, ...]:
        """The names to run under, in order."""
        return self.backends


PipelineConfig = DetectionPipeline | WakeWordPipeline | SyntheticPipeline
