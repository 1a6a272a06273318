"""What a run writes: its checkpoint, the network as Darknet's files, the curves and the summary."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from skerry_converters.layers import Network, Region
from skerry_converters.training.checkpoint import Checkpoint, write_checkpoint
from skerry_converters.training.config import TrainingConfig
from skerry_converters.training.convolutions import Trained
from skerry_converters.training.curves import draw_curves
from skerry_converters.training.darknet_files import write_darknet_files
from skerry_converters.training.learner import Learner
from skerry_converters.training.metrics import MetricsLog, ValidationEntry
from skerry_converters.training.run_folder import RunFolder
from skerry_converters.training.schedule import Position
from skerry_converters.training.summary import Summary, encode_summary
from skerry_edge import __version__
from skerry_edge.foundation.atomic import write_atomic


@dataclass(frozen=True, kw_only=True, slots=True)
class Saver:
    """Writes the files of one run; each is replaced whole, the checkpoint before those that can be made from it."""

    files: RunFolder
    config: TrainingConfig
    fingerprint: str
    network: Network
    labels: tuple[str, ...]

    def save(self, learner: Learner, position: Position, score: ValidationEntry, *, finished: bool) -> Summary:
        """Write all files and return the summary. Raises ReachError, with the old checkpoint intact."""
        (region,) = (head for head in self.network.heads if isinstance(head, Region))
        checkpoint = Checkpoint(
            fingerprint=self.fingerprint, position=position, anchors=region.anchors, state=learner.state()
        )
        write_checkpoint(self.files.checkpoint, checkpoint)
        trained = learner.trained()
        letterbox = self.config.network.resize == "letterbox"
        write_darknet_files(
            self.files.stem, self.network, trained, self.labels, letterbox=letterbox, images=position.images
        )
        summary = Summary(
            name=self.config.name,
            finished=finished,
            fingerprint=self.fingerprint,
            seed=self.config.seed,
            steps=position.step,
            images=position.images,
            minutes=round(position.trained_s / 60, 2),
            parameters=_parameters(trained),
            anchors=region.anchors,
            ap50=score.ap50,
            false_per_empty=score.false_per_empty,
            files={role: str(path) for role, path in self.files.network.items()},
            versions={"skerry": __version__, **{name: version(name) for name in ("numpy", "tensorflow")}},
        )
        write_atomic(self.files.summary, encode_summary(summary))
        write_atomic(self.files.curves, draw_curves(MetricsLog(self.files.metrics).entries()))
        return summary


def _parameters(trained: Trained) -> int:
    """Return the number of trained values: kernels, biases, and the scales of batch normalization."""
    return sum(
        one.kernel.size + one.bias.size + (one.normalization.scale.size if one.normalization else 0)
        for one in trained.values()
    )
