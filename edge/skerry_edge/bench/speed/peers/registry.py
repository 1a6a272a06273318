"""The peers by name, which of a bundle's files each takes, and what else it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from skerry_edge.backends.choice import EXACT, faithful_first
from skerry_edge.backends.registry import missing_reason
from skerry_edge.contracts.bundle import Bundle
from skerry_edge.contracts.manifest import Variant
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.file_hash import file_sha256
from skerry_edge.foundation.nearest import suggestion


@dataclass(frozen=True, kw_only=True, slots=True)
class PeerEntry:
    """A tool: its program, the formats that it takes, and the backend whose runtime it needs, if it is one."""

    module: str
    formats: tuple[str, ...] = ()
    precisions: tuple[str, ...] | None = None
    backend: str | None = None


_PROGRAMS = "skerry_edge.bench.speed.peers"
DARKNET = "darknet"
PEERS: dict[str, PeerEntry] = {
    DARKNET: PeerEntry(module=f"{_PROGRAMS}.darknet"),
    "opencv": PeerEntry(module=f"{_PROGRAMS}.opencv", formats=("onnx",), precisions=(EXACT,)),
    "onnxruntime": PeerEntry(module=f"{_PROGRAMS}.onnxruntime", formats=("onnx",), backend="onnx"),
    "openvino": PeerEntry(module=f"{_PROGRAMS}.openvino", formats=("openvino", "onnx"), backend="openvino"),
    "litert": PeerEntry(module=f"{_PROGRAMS}.litert", formats=("tflite",), backend="litert"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class DarknetFiles:
    """The network as Darknet has it."""

    cfg: Path
    weights: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """A tool that was asked for; ``variant`` is the file that it is to run where somebody named one."""

    name: str
    variant: str | None = None
    files: DarknetFiles | None = None

    @property
    def entry(self) -> PeerEntry:
        """What is known about the tool."""
        return PEERS[self.name]

    @property
    def missing(self) -> str | None:
        """Why the tool cannot be used here, or None; Darknet's program finds that out itself."""
        return None if self.entry.backend is None else missing_reason(self.entry.backend)


def parse_peers(texts: tuple[str, ...], files: DarknetFiles | None) -> tuple[Peer, ...]:
    """Read `--peer` as often as it was given: TOOL, or TOOL:VARIANT.

    Raises ConfigError for an unknown tool, one that is given twice, and what Darknet lacks.
    """
    twice = sorted({text for text in texts if texts.count(text) > 1})
    if twice:
        raise ConfigError("this is named twice", where="--peer", found=", ".join(twice))
    return tuple(_parsed(text, files) for text in texts)


def _parsed(text: str, files: DarknetFiles | None) -> Peer:
    name, colon, variant = text.partition(":")
    if name not in PEERS:
        todo = suggestion(name, PEERS, otherwise=f"known: {', '.join(PEERS)}")
        raise ConfigError("unknown peer", where="--peer", found=f"'{name}'", todo=todo)
    if name != DARKNET:
        return Peer(name=name, variant=variant if colon else None)
    if colon:
        raise ConfigError("darknet runs its own files, no variant", where="--peer", found=f"'{text}'")
    if files is None:
        todo = "give them with --cfg and --weights"
        raise ConfigError("darknet needs the network's cfg and weights", where="--peer darknet", todo=todo)
    return Peer(name=name, files=files)


def check_peer(peer: Peer, bundles: tuple[Bundle, ...]) -> None:
    """Refuse a variant that the tool does not read or no bundle has, and Darknet files of another network.

    Raises ConfigError, and ReachError for a file that cannot be read.
    """
    if peer.files is not None:
        if len(bundles) > 1:
            raise ConfigError("darknet's files are those of one network", where="--peer darknet", todo="give one MODEL")
        _check_origin(peer.files, bundles[0])
    if peer.variant is None:
        return
    found = [one.manifest.variants[peer.variant] for one in bundles if peer.variant in one.manifest.variants]
    if not found:
        known = sorted({name for one in bundles for name in one.manifest.variants})
        todo = suggestion(peer.variant, known, otherwise=f"choose one of: {', '.join(known)}")
        raise ConfigError("no model has such a variant", where="--peer", found=f"'{peer.variant}'", todo=todo)
    if not any(_reads(peer.entry, one) for one in found):
        raise ConfigError(f"{peer.name} does not read this variant", where="--peer", found=f"'{peer.variant}'")


def file_for(peer: Peer, own: str, variants: Mapping[str, Variant]) -> str | None:
    """Return the variant whose file the tool runs beside the row of ``own``; None where it reads none.

    That is the one that was named; else the row's own; else one of its precision; else the most faithful.
    """
    readable = [name for name in faithful_first(variants) if _reads(peer.entry, variants[name])]
    if peer.variant is not None:
        return peer.variant if peer.variant in readable else None
    alike = [name for name in readable if variants[name].precision == variants[own].precision]
    return own if own in readable else next(iter((*alike, *readable)), None)


def _reads(entry: PeerEntry, variant: Variant) -> bool:
    return variant.format in entry.formats and (entry.precisions is None or variant.precision in entry.precisions)


def _check_origin(files: DarknetFiles, bundle: Bundle) -> None:
    source = bundle.manifest.source
    for role, path in (("cfg", files.cfg), ("weights", files.weights)):
        digest = file_sha256(path)
        # Bundles from before there were roles have none; then any of the files will do.
        known = [one for name, one in source.files.items() if source.roles.get(name, role) == role]
        # A network from elsewhere may have been Darknet's once; there is nothing to hold the file against.
        if source.kind == DARKNET and digest not in known:
            raise ConfigError(
                f"this is not the {role} that the bundle was made from",
                where=str(path),
                found=f"sha256 {digest[:12]}…",
                todo="give the cfg and weights that it was converted from",
            )
