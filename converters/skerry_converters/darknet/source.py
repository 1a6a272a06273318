"""A Darknet cfg, its weights and its labels as a model that can be converted."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from skerry_converters.darknet.build import build_network
from skerry_converters.darknet.cfg import read_cfg
from skerry_converters.darknet.weights import read_weights
from skerry_converters.labels import read_labels
from skerry_converters.model import DarknetModel, Thresholds, decoder_of
from skerry_converters.shapes import infer_shapes
from skerry_converters.sources.files import described, hashes, roles
from skerry_edge.contracts.manifest import ImageInput, Source

Resize = Literal["stretch", "letterbox"]


def load_darknet(
    cfg: Path, weights: Path, labels: Path, *, resize: Resize | None, thresholds: Thresholds
) -> DarknetModel:
    """Read the three files. ``resize`` None means what the cfg says: letterbox with `letter_box=1`, else stretch.

    Raises ConfigError, DataError and ReachError, each naming file and place.
    """
    cfg_bytes, sections = read_cfg(cfg)
    built = build_network(sections)
    network = built.network
    shapes = infer_shapes(network)
    decoder = decoder_of(network, thresholds)
    labels_bytes, names = read_labels(labels, decoder.classes)
    weights_bytes, folded = read_weights(weights, network, shapes)
    files = (
        described(cfg, "cfg", cfg_bytes),
        described(weights, "weights", weights_bytes),
        described(labels, "labels", labels_bytes),
    )
    chosen = resize or ("letterbox" if built.letter_box else "stretch")
    return DarknetModel(
        network=network,
        shapes=shapes,
        weights=folded,
        labels=names,
        # Darknet resizes with the corner pixels on the corners (`resize_image`) and feeds red first, 0 to 1.
        image=ImageInput(
            width=network.input.width, height=network.input.height, colour="rgb", resize=chosen, sampling="corners"
        ),
        decoder=decoder,
        source=Source(kind="darknet", files=hashes(files), roles=roles(files), options={"resize": chosen}),
    )
